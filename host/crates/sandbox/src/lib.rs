//! The plugin side of the host: the engine, loading and replacing plugin versions, and the pens that attempts run in.
//! This crate knows nothing about Redis or about where a job came from.

#![warn(missing_docs)]

mod cache;
mod compile;
mod contents;
mod denials;
mod egress;
mod engine;
#[cfg(any(fuzzing, test))]
pub mod fuzz;
mod history;
mod idle;
mod interface;
mod jobs;
mod keyvalue;
mod limits;
mod lines;
mod output;
mod pen;
mod registry;
mod reuse;
mod schema;
mod settings;
mod state;
mod version;

pub use compile::{COMMAND as COMPILE_COMMAND, Order as CompileOrder, compile_with, keep_functions};
pub use contents::{Contents, Grant};
pub use egress::{Answer, Asked, Body, Exchange, Network, Recorder, Replayer, Sent, Tape, TapeError, Transport, Way};
pub use engine::{Engine, EngineError};
pub use history::ReloadRecord;
pub use registry::{Handle, Plugins, Prepared, Reload, StartError, Status};
pub use schema::{DataProblem, JobType, JobTypes, ManifestError};
pub use version::{LoadError, Version, read};
