//! The plugin side of the host: the engine, loading and replacing plugin versions, and the pens that attempts run in.
//! This crate knows nothing about Redis or about where a job came from.

#![warn(missing_docs)]

mod attempt;
mod cache;
mod compile;
mod denials;
mod engine;
#[cfg(any(fuzzing, test))]
pub mod fuzz;
mod grants;
mod interface;
mod limits;
mod load;
mod log_quota;
mod output;
mod pen;
mod pool;
mod registry;
mod settings;

pub use compile::{COMMAND as COMPILE_COMMAND, Order as CompileOrder, compile_with, keep_functions};
pub use engine::{Engine, EngineError};
pub use grants::http::{
    Answer, Asked, Body, Exchange, Network, Recorder, Replayer, Sent, Tape, TapeError, Transport, Way,
};
pub use load::contents::{Contents, Grant};
pub use load::{LoadError, Version, read};
pub use registry::history::ReloadRecord;
pub use registry::{Handle, Plugins, Prepared, Reload, StartError, Status};
