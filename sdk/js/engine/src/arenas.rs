//! Gives jobs small blocks of their own.
//!
//! QuickJS takes small blocks from arenas of 4 KiB, one for each size. If jobs continued the arenas that were begun before
//! the snapshot, the blocks of one job would lie on pages all over the snapshot, and each page takes time when the host
//! resets the pen. So those arenas are filled, and new ones are begun beside each other, in the memory for jobs.

use rquickjs::Ctx;
use rquickjs::qjs::{self, JSRuntime};
use toril_js_fast::{alloc, pages};

/// The sizes of blocks (`arena_block_sizes` of QuickJS-ng 0.14). The arenas of jobs lie in this order, before the memory for
/// their large blocks: those that most jobs need come last, and so lie beside it and each other.
const SIZES: [usize; 31] = [
    512, 480, 448, 416, 384, 352, 320, 288, 256, 240, 224, 208, 176, 160, 144, 120, 112, 192, 128, 104, 96, 88, 80, 72,
    64, 56, 48, 40, 32, 24, 16,
];
/// Bytes of a block that belong to QuickJS's allocator.
const HEADER: usize = 8;

/// Bytes of an object's block, and how many there are in an arena.
const OBJECT: (usize, usize) = (48, 84);
/// Bytes of blocks of larger objects and of shapes, and for how many of each there should be room.
const SHAPES: [(usize, usize); 8] = [(56, 18), (64, 16), (72, 14), (80, 12), (88, 11), (96, 10), (112, 9), (128, 8)];

/// Makes room for the next objects among the other ones. Call it before code runs that makes objects which jobs use.
/// `arenas`: how many arenas of plain objects there should be room for.
pub fn make_room(ctx: &Ctx<'_>, arenas: usize) {
    let runtime = runtime(ctx);
    pages::with_objects(|| {
        for (size, count) in [(OBJECT.0, OBJECT.1 * arenas)].into_iter().chain(SHAPES) {
            let mut blocks = Vec::with_capacity(count);
            for _ in 0..count {
                let taken = alloc::taken();
                // SAFETY: the runtime is alive.
                let block = unsafe { qjs::js_malloc_rt(runtime, (size - HEADER) as _) };
                // The first block of an arena stays, because QuickJS gives back an empty arena.
                if alloc::taken() == taken && !block.is_null() {
                    blocks.push(block);
                }
            }
            // SAFETY: each is freed once.
            blocks.into_iter().rev().for_each(|block| unsafe { qjs::js_free_rt(runtime, block) });
        }
    });
}

/// Fills the arenas that have room, so that no later block lies in them. Call it before `alloc::seal`.
pub fn fill(ctx: &Ctx<'_>) {
    let runtime = runtime(ctx);
    for size in SIZES {
        loop {
            let taken = alloc::taken();
            // SAFETY: the runtime is alive. The block is kept for ever, or freed once.
            unsafe {
                let block = qjs::js_malloc_rt(runtime, (size - HEADER) as _);
                if block.is_null() {
                    break;
                }
                if alloc::taken() != taken {
                    // It is in a new arena, which is given back.
                    qjs::js_free_rt(runtime, block);
                    break;
                }
            }
        }
    }
}

/// Begins an arena of each size, with a block that is never freed: QuickJS gives back an empty arena. Call it after
/// `alloc::seal`.
pub fn begin(ctx: &Ctx<'_>) {
    for size in SIZES {
        // SAFETY: the runtime is alive.
        unsafe { qjs::js_malloc_rt(runtime(ctx), (size - HEADER) as _) };
    }
}

fn runtime(ctx: &Ctx<'_>) -> *mut JSRuntime {
    // SAFETY: the context is alive.
    unsafe { qjs::JS_GetRuntime(ctx.as_raw().as_ptr()) }
}
