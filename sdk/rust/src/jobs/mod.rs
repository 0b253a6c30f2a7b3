//! Adding jobs, only to the queues that the plugin's entry in `queues.toml` lists under `add_to`.
//!
//! ```
//! use std::time::Duration;
//! use serde_json::json;
//! use toril_plugin::jobs::{Add, AddError, Backoff};
//!
//! # fn add() -> Result<(), AddError> {
//! let id = Add::new("mails", "welcome", &json!({ "user": 7 }))
//!     .delay(Duration::from_secs(60))
//!     .attempts(5)
//!     .backoff(Backoff::exponential(Duration::from_secs(2)).jitter(0.5))
//!     .send()?;
//! # Ok(())
//! # }
//! ```
//!
//! A child makes the running job its parent. Give children custom ids, so that a repeated attempt does not add them
//! twice:
//!
//! ```
//! use toril_plugin::jobs::{Add, OnFailure};
//! use toril_plugin::{Failure, Job, children};
//!
//! fn sum(job: Job<Vec<Vec<i64>>>) -> Result<i64, Failure> {
//!     if children::counts()?.processed == job.data.len() as u64 {
//!         return Ok(children::values::<i64>()?.iter().map(|child| child.value).sum());
//!     }
//!     for (n, part) in job.data.iter().enumerate() {
//!         Add::new("sums", "part", part).id(format!("{}-part-{n}", job.id)).send_child(OnFailure::FailParent)?;
//!     }
//!     Err(Failure::AwaitChildren)
//! }
//! ```

mod add;
#[cfg(target_arch = "wasm32")]
mod component;
mod error;
mod list;
mod options;
#[cfg(not(target_arch = "wasm32"))]
mod stand_in;

pub use add::Add;
pub use error::AddError;
pub use list::{AddList, Place};
pub use options::{Backoff, Deduplication, OnFailure};

#[cfg(target_arch = "wasm32")]
use component::{add, add_all, add_child};
#[cfg(not(target_arch = "wasm32"))]
use stand_in::{add, add_all, add_child};
