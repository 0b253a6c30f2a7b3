//! The parts of the engine in which jobs spend their time: the allocator (`alloc`), and `JSON.parse` and `JSON.stringify`
//! (`json`). They know nothing of the plugin interface.

pub mod alloc;
pub mod json;
pub mod pages;
