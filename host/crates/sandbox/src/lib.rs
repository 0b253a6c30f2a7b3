//! The plugin side of the host: the engine, loading and replacing plugin versions, and the pens that attempts run in.
//! This crate knows nothing about Redis or about where a job came from.
//!
//! Each module uses only those below it:
//!
//! | module | holds |
//! | --- | --- |
//! | `registry` | the plugins in use; replaces their versions |
//! | `load`, `compile`, `cache` | turns a file into a version |
//! | `attempt` | runs one attempt to its outcome |
//! | `pool` | the places for pens, and idle pens |
//! | `version` | a compiled component and its job types |
//! | `pen` | the store and the instance of an attempt |
//! | `settings` | a plugin's configuration entry, prepared for pens |
//! | `grants` | what a plugin may do; one folder for each grant |
//! | `outbound` | the addresses and certificates that outgoing connections may use |
//! | `current_job`, `denials`, `output`, `log_quota` | the job that a pen runs, and its log |
//! | `engine`, `interface`, `limits`, `digest` | the basis |

#![warn(missing_docs)]

mod attempt;
mod cache;
mod compile;
mod current_job;
mod denials;
mod digest;
mod engine;
#[cfg(any(fuzzing, test))]
pub mod fuzz;
mod grants;
mod interface;
mod limits;
mod load;
mod log_quota;
mod outbound;
mod output;
mod pen;
mod pool;
mod registry;
mod settings;
#[cfg(test)]
mod testing;
mod version;

pub use compile::{COMMAND as COMPILE_COMMAND, Order as CompileOrder, compile_with};
pub use engine::{Engine, EngineError};
pub use grants::Grant;
pub use grants::http::{
    Exchange, Network, RecordedBody, RecordedRequest, RecordedResponse, Recorder, Replayer, Route, SendResult, Tape,
    TapeError, Transport,
};
pub use grants::postgres::{PoolProblem, PoolStatus};
pub use load::{Contents, LoadError, read};
pub use registry::{Handle, Plugins, Prepared, Reload, ReloadRecord, StartError, Status};
pub use version::Version;
