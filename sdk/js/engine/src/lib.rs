//! The engine of plugins that are written in TypeScript or JavaScript: QuickJS-ng, the plugin interface, and an event loop.
//!
//! `build` runs at build time: it compiles modules, evaluates them, and seals the heap. Then the builder takes a snapshot of
//! the memory, which becomes the component. `handler` runs jobs in a copy of that snapshot. `realm` holds what both
//! share. `interfaces` and `native` are the modules that JavaScript imports; `event_loop` drives timers, requests (`http`),
//! statements (`postgres`, `postgres_values`) and TCP connections (`sockets`, `addresses`) while a job awaits them. `stacks`
//! shows the author's files in stacks, which it looks up in `positions`. `arenas` decides on which pages QuickJS's small
//! blocks lie. The allocator, and the functions that replace QuickJS's own JSON functions, are in the crate `toril-js-fast`.

#[cfg(feature = "sockets")]
mod addresses;
mod arenas;
mod bindings;
mod build;
mod event_loop;
mod handler;
mod http;
mod interfaces;
mod native;
mod positions;
mod postgres;
mod postgres_values;
mod realm;
mod rejections;
mod requests;
#[cfg(feature = "sockets")]
mod sockets;
mod stacks;
