//! The types that all layers of Toril share: a job, the outcome of an attempt, the settings of a queue, and the
//! traits through which the queue side and the plugin side call each other. This crate knows neither Redis nor
//! wasmtime, and does no I/O.
//!
//! | module | holds |
//! | --- | --- |
//! | `ids` | names of queues and ids of jobs |
//! | `job` | a running job, references to others, and the children of a job |
//! | `new_job` | new jobs that a plugin adds |
//! | `options` | the options of a new job, and their limits |
//! | `outcome` | how an attempt ended |
//! | `ports` | [`Runner`], [`JobContext`] and [`KeyValue`]: the traits between the layers |
//! | `rate` | a limit on how often something may happen in a period |
//! | `signals` | the signals that end an attempt from outside |
//! | [`settings`] | settings of queues, connections and limits, independent of the configuration file |
//! | [`text`] | shortens and cleans text that plugins and servers control |
//! | [`trace`] | spans, independent of the exporter that records them |

#![warn(missing_docs)]

mod ids;
mod job;
mod new_job;
mod options;
mod outcome;
mod ports;
mod rate;
pub mod settings;
mod signals;
pub mod text;
pub mod trace;

pub use self::ids::{JobId, LONGEST_QUEUE_NAME, QueueName, QueueNameError};
pub use self::job::{ChildPage, ChildState, Dependencies, Job, JobDetails, JobRef, Json};
pub use self::new_job::{NewJob, TreeJob};
pub use self::options::{
    Deduplication, JobOptions, LARGEST_INTEGER, LARGEST_PRIORITY, LONGEST_DELAY, OnFailure, OptionsError,
};
pub use self::outcome::{Failure, FailureKind, Finished, Outcome, Usage};
pub use self::ports::{Attempt, ContextError, ContextFuture, JobContext, KeyValue, LogLevel, Runner};
pub use self::rate::Rate;
pub use self::signals::{Cancellation, Signals};
