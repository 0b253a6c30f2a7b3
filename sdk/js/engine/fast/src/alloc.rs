//! One allocator for Rust and for QuickJS, made of two heaps, and of pages for QuickJS's arenas (`pages`).
//!
//! A pen is cheap if a job writes to few pages. So what a job allocates must not be scattered over the gaps of the
//! snapshot's heap. Until the snapshot, everything comes from the first heap. Afterwards everything comes from a second
//! one that lies behind it, and blocks of the first heap are never freed.
//!
//! A job mostly changes reference counts in the snapshot. QuickJS keeps the blocks that have one in arenas of 4 KiB, each for
//! blocks of one size (`arenas` in the engine). So each arena is a page, and the arenas of objects lie beside each other.
//!
//! A snapshot is small if its memory is zero where it is not used. So blocks are cleared when the first heap frees them.

use core::alloc::{GlobalAlloc, Layout};
use core::arch::wasm32;
use core::ptr;

use dlmalloc::{Allocator as Pages, Dlmalloc};
use rquickjs::allocator::Allocator;

use crate::pages;

const WASM_PAGE: usize = 65_536;
/// The heap that a snapshot contains for jobs. Growing memory costs more than a small job.
const RESERVED: usize = 192 * 1024;
/// The alignment of QuickJS's blocks.
const ALIGN: usize = 8;

static mut BUILD: Dlmalloc<Grow> = Dlmalloc::new_with_allocator(Grow { reserved: false });
static mut JOBS: Dlmalloc<Grow> = Dlmalloc::new_with_allocator(Grow { reserved: true });
/// The end of the first heap. 0 until the snapshot.
static mut SEALED: usize = 0;
/// How often QuickJS has taken a block.
static mut TAKEN: usize = 0;
/// The memory that the snapshot reserved for jobs and that the second heap has not taken yet: its start and its length.
static mut RESERVE: (usize, usize) = (0, 0);

/// Memory for one of the heaps.
struct Grow {
    /// Whether this heap starts with the reserved memory.
    reserved: bool,
}

// SAFETY: memory from `memory.grow` belongs to the caller alone, is aligned to a page and zero. The reserved memory was
// made the same way and is given away once.
unsafe impl Pages for Grow {
    fn alloc(&self, size: usize) -> (*mut u8, usize, u32) {
        // SAFETY: a component has one thread.
        unsafe {
            let (start, length) = RESERVE;
            if self.reserved && length >= size {
                RESERVE = (0, 0);
                return (start as *mut u8, length, 0);
            }
        }
        let pages = size.div_ceil(WASM_PAGE);
        match wasm32::memory_grow::<0>(pages) {
            usize::MAX => (ptr::null_mut(), 0, 0),
            before => ((before * WASM_PAGE) as *mut u8, pages * WASM_PAGE, 0),
        }
    }

    fn remap(&self, _: *mut u8, _: usize, _: usize, _: bool) -> *mut u8 {
        ptr::null_mut()
    }

    fn free_part(&self, _: *mut u8, _: usize, _: usize) -> bool {
        false
    }

    fn free(&self, _: *mut u8, _: usize) -> bool {
        false
    }

    fn can_release_part(&self, _: u32) -> bool {
        false
    }

    fn allocates_zeros(&self) -> bool {
        true
    }

    fn page_size(&self) -> usize {
        WASM_PAGE
    }
}

/// Ends the first heap. Call it as the last step before the snapshot.
pub fn seal() {
    // SAFETY: a component has one thread.
    unsafe { SEALED = wasm32::memory_size::<0>() * WASM_PAGE };
    pages::reserve_for_jobs();
    let before = wasm32::memory_grow::<0>(RESERVED / WASM_PAGE);
    if before != usize::MAX {
        // SAFETY: a component has one thread.
        unsafe { RESERVE = (before * WASM_PAGE, RESERVED) };
    }
}

/// How often QuickJS has taken a block from this allocator. It makes its own small blocks of larger ones.
pub fn taken() -> usize {
    // SAFETY: a component has one thread.
    unsafe { TAKEN }
}

/// The heap for new blocks.
///
/// # Safety
/// The caller must not keep the reference. A component has one thread.
unsafe fn heap() -> &'static mut Dlmalloc<Grow> {
    unsafe {
        let sealed = SEALED != 0;
        let heap = if sealed { &raw mut JOBS } else { &raw mut BUILD };
        &mut *heap
    }
}

unsafe fn is_old(block: *mut u8) -> bool {
    unsafe { (block as usize) < SEALED }
}

unsafe fn free(block: *mut u8, size: usize, align: usize) {
    unsafe {
        if is_old(block) {
            return;
        }
        if SEALED == 0 {
            ptr::write_bytes(block, 0, size);
        }
        heap().free(block, size, align);
    }
}

unsafe fn resize(block: *mut u8, before: usize, align: usize, size: usize) -> *mut u8 {
    unsafe {
        if SEALED != 0 && !is_old(block) {
            return heap().realloc(block, before, align, size);
        }
        let moved = heap().malloc(size, align);
        if !moved.is_null() {
            ptr::copy_nonoverlapping(block, moved, before.min(size));
            free(block, before, align);
        }
        moved
    }
}

struct Global;

#[global_allocator]
static GLOBAL: Global = Global;

// SAFETY: both heaps return blocks as `Dlmalloc` guarantees. A block is freed by the heap that it came from, or never.
unsafe impl GlobalAlloc for Global {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        unsafe { heap().malloc(layout.size(), layout.align()) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        unsafe { heap().calloc(layout.size(), layout.align()) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        unsafe { free(block, layout.size(), layout.align()) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        unsafe { resize(block, layout.size(), layout.align(), size) }
    }
}

/// The allocator of QuickJS, which does not pass the size of a block when it frees it.
pub struct ForQuickJs;

// SAFETY: `Dlmalloc` returns blocks that are aligned to 8 bytes and stores their sizes.
unsafe impl Allocator for ForQuickJs {
    fn alloc(&mut self, size: usize) -> *mut u8 {
        unsafe {
            TAKEN += 1;
            let arena = pages::take(size, SEALED != 0);
            if arena.is_null() { heap().malloc(size, ALIGN) } else { arena }
        }
    }

    fn calloc(&mut self, count: usize, size: usize) -> *mut u8 {
        let Some(size) = count.checked_mul(size) else { return ptr::null_mut() };
        unsafe { heap().calloc(size, ALIGN) }
    }

    unsafe fn dealloc(&mut self, block: *mut u8) {
        unsafe {
            if !block.is_null() && !pages::give_back(block, is_old(block), SEALED != 0) {
                free(block, Self::usable_size(block), ALIGN);
            }
        }
    }

    unsafe fn realloc(&mut self, block: *mut u8, size: usize) -> *mut u8 {
        if block.is_null() {
            return self.alloc(size);
        }
        unsafe {
            if !pages::has(block) {
                return resize(block, Self::usable_size(block), ALIGN, size);
            }
            let moved = self.alloc(size);
            if !moved.is_null() {
                ptr::copy_nonoverlapping(block, moved, pages::PAGE.min(size));
                self.dealloc(block);
            }
            moved
        }
    }

    /// `Dlmalloc` keeps the size of a chunk in the word before the block, with flags in the lowest three bits. A chunk is one
    /// word longer than its block. A header of our own would take 8 more bytes of each block in every snapshot.
    unsafe fn usable_size(block: *mut u8) -> usize {
        const WORD: usize = size_of::<usize>();
        const FLAGS: usize = 7;
        if pages::has(block) {
            return pages::PAGE;
        }
        unsafe { (*block.sub(WORD).cast::<usize>() & !FLAGS) - WORD }
    }
}
