//! The plugin's allocator. A pen lives for one job, and what its memory grows by has to be made accessible by the kernel
//! and taken away again, which costs a small job more than the job. The allocator of the standard library grows memory for
//! the first byte; this one, a newer version of the same, first uses the heap that the plugin is linked with
//! (`--initial-heap` of `wasm-ld`, which Toril's own builds set).

use dlmalloc::GlobalDlmalloc;

#[global_allocator]
static ALLOCATOR: GlobalDlmalloc = GlobalDlmalloc;
