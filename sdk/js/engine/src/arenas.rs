//! Gives jobs small blocks of their own.
//!
//! QuickJS takes small blocks from arenas of 4 KiB, one for each size. If jobs continued the arenas that were begun before
//! the snapshot, the blocks of one job would lie on pages all over the snapshot, and each page costs a pen something. So
//! those arenas are filled, and new ones are begun beside each other, in the memory for jobs.

use rquickjs::Ctx;
use rquickjs::qjs::{self, JSRuntime};
use toril_js_fast::{alloc, pages};

/// The sizes of blocks (`arena_block_sizes` of QuickJS-ng 0.14), those that most jobs need first. Their arenas lie in this order.
const SIZES: [usize; 31] = [
    16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 96, 104, 112, 120, 128, 144, 160, 176, 192, 208, 224, 240, 256, 288, 320,
    352, 384, 416, 448, 480, 512,
];
/// Bytes of a block that belong to QuickJS's allocator.
const HEADER: usize = 8;

/// Blocks of these sizes, header included, are objects and their shapes.
const OBJECTS: [(usize, usize); 9] =
    [(48, 168), (56, 72), (64, 63), (72, 56), (80, 50), (88, 46), (96, 42), (112, 36), (128, 31)];

/// Makes room for the next objects among the other ones. Call it before code runs that makes objects which jobs use.
pub fn make_room(ctx: &Ctx<'_>) {
    let runtime = runtime(ctx);
    pages::with_objects(|| {
        for (size, count) in OBJECTS {
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
