//! The Redis side of the host: connections, the worker loop of each queue, producers and administration. It maps the
//! outcome of an attempt to BullMQ's state transition.
//!
//! This crate must not know WebAssembly. A [`Runner`](toril_job::Runner) runs the attempts.
//!
//! | modules | contents |
//! | --- | --- |
//! | `access` | connections to Redis: pool, topology, proxies, health, and the client of one queue |
//! | `worker` | the loop of one queue: plan, driver, executor, completer |
//! | `claimed`, `end_policy`, `backoff`, `repeat` | a claimed job, and what happens when it ends or repeats |
//! | `pending_outcomes`, `dead_letter`, `attempts` | what a host keeps about jobs besides BullMQ's own data |
//! | `scripts`, `children`, `stored` | transitions and reads of jobs with BullMQ's scripts |
//! | `job_spec`, `add`, `add_all`, `insert`, `insert_flow`, `upsert`, `stored_options`, `ids` | adding jobs, flows and schedulers |
//! | `context`, `key_value`, `quota`, `cancel` | the calls of running jobs, and requests to cancel them |
//! | [`admin`] | administration of queues and jobs |
//! | `clock`, `js`, `job_key` | time, numbers and keys in BullMQ's formats |

#![warn(missing_docs)]

mod access;
mod add;
mod add_all;
pub mod admin;
mod attempts;
mod backoff;
mod cancel;
mod children;
mod claimed;
mod clock;
mod context;
mod dead_letter;
mod end_policy;
#[cfg(any(fuzzing, test))]
pub mod fuzz;
mod ids;
mod insert;
mod insert_flow;
mod job_key;
mod job_spec;
mod js;
mod key_value;
mod pending_outcomes;
mod quota;
mod repeat;
mod scripts;
mod stored;
mod stored_options;
mod upsert;
mod worker;

pub use access::health::eviction::warn as warn_of_eviction;
pub use access::{ConnectError, Redis, SharedRedis};
pub use add::{Added, WaitError, add, add_and_listen};
pub use attempts::Attempts;
pub use cancel::{Cancelled, cancel, cancel_all};
pub use clock::now;
pub use context::Defaults;
pub use job_spec::JobSpec;
pub use stored::stored;
pub use worker::{QueueWorker, Service};
