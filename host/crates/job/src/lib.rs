//! What the layers of Toril have in common: a job, how an attempt of it ends, the settings of a queue, and the traits in
//! which the queue side and the plugin side meet. Knows neither Redis nor wasmtime, and does no I/O.
//!
//! | module | holds |
//! | --- | --- |
//! | `job` | a job that runs, and one that is added |
//! | `outcome` | how an attempt ended |
//! | `ports` | [`Runner`], [`JobContext`] and [`KeyValue`]: what one layer asks of another |
//! | `rate` | how often something may happen in a period |
//! | `signals` | what ends an attempt from outside |
//! | [`settings`] | queues, connections and limits, without the file that they come from |
//! | [`trace`] | spans, whoever records them |

#![warn(missing_docs)]

mod job;
mod outcome;
mod ports;
mod rate;
pub mod settings;
mod signals;
pub mod trace;

pub use self::job::{Deduplication, Dependencies, Job, JobRef, Json, NewJob, OnFailure};
pub use self::outcome::{Failure, FailureKind, Finished, Outcome, Usage};
pub use self::ports::{Asked, Attempt, ContextError, JobContext, KeyValue, LogLevel, Runner};
pub use self::rate::Rate;
pub use self::signals::{Cancellation, Signals};
