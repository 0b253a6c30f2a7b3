//! The plugin's allocator. A pen lives for one job. Growing its memory makes the kernel map and unmap pages, which
//! costs more than a small job itself. The standard library's allocator grows the memory for the first byte. This
//! newer version of it first uses the heap that the plugin is linked with (`--initial-heap` of `wasm-ld`, which
//! Toril's own builds set).

use dlmalloc::GlobalDlmalloc;

#[global_allocator]
static ALLOCATOR: GlobalDlmalloc = GlobalDlmalloc;
