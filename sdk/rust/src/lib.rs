//! Write Toril plugins in Rust. Each plugin handles BullMQ jobs inside its own sandboxed WebAssembly component.
//!
//! ```
//! use schemars::JsonSchema;
//! use serde::{Deserialize, Serialize};
//! use toril_plugin::{Failure, Job, Jobs, Plugin};
//!
//! #[derive(Deserialize, JsonSchema)]
//! #[serde(deny_unknown_fields)]
//! struct Greet {
//!     name: String,
//! }
//!
//! #[derive(Serialize, JsonSchema)]
//! struct Greeting {
//!     text: String,
//! }
//!
//! fn greet(job: Job<Greet>) -> Result<Greeting, Failure> {
//!     toril_plugin::log::info("greeting someone");
//!     Ok(Greeting { text: format!("Hello, {}!", job.data.name) })
//! }
//!
//! struct Greeter;
//!
//! impl Plugin for Greeter {
//!     const DESCRIPTION: &'static str = "Greets people.";
//!
//!     fn jobs() -> Jobs {
//!         Jobs::new().on("greet", "Greets one person.", greet)
//!     }
//! }
//!
//! toril_plugin::export!(Greeter);
//! # fn main() {}
//! ```
//!
//! Build the crate as a `cdylib` for a WebAssembly target. On any other target, as in unit tests, nothing is exported
//! and stand-ins replace the host: logs go to standard error, configuration is empty, requests fail, added jobs are
//! dropped, the key-value store is in memory, and there is no database and no server.
//!
//! | module | contents |
//! | --- | --- |
//! | [`plugin`] | [`Plugin`] for typed handlers, [`RawPlugin`] for everything else, [`export!`] |
//! | [`job`] | [`Job`], the running job, and [`Json`], its untyped data |
//! | [`failure`] | [`Failure`], the ways in which an attempt ends without a result |
//! | [`log`], [`progress`], [`context`] | the running job: its log, its progress, its deadline |
//! | [`checkpoint`] | new data for the job's next attempt |
//! | [`jobs`], [`children`] | adding jobs, and the state of the running job's children |
//! | [`config`] | the plugin's `config` and `secrets` from `queues.toml` |
//! | [`http`] | requests to the origins that `queues.toml` grants |
//! | [`kv`] | values that outlive the job |
//! | [`postgres`] | databases, and steps that take effect exactly once |
//! | [`tcp`] | connections to the servers that `queues.toml` grants |
//! | [`clock`] | the time, and sleeping |

#![deny(missing_docs)]
#![cfg_attr(test, allow(clippy::expect_used, reason = "a test that panics has failed"))]

#[cfg(all(target_arch = "wasm32", feature = "allocator"))]
mod allocator;
#[cfg(target_arch = "wasm32")]
#[doc(hidden)]
pub mod bindings;
mod export;
mod host;

pub mod checkpoint;
pub mod children;
pub mod clock;
pub mod config;
pub mod context;
pub mod failure;
pub mod http;
pub mod job;
pub mod jobs;
pub mod kv;
pub mod log;
pub mod plugin;
pub mod postgres;
pub mod progress;
pub mod tcp;

pub use failure::Failure;
pub use job::{Job, JobRef, Json};
pub use plugin::{JobType, Jobs, Manifest, Plugin, RawPlugin};

pub use schemars;
pub use serde;
pub use serde_json;

/// The macros and types that [`export!`] expands to. Not part of the public interface.
#[cfg(target_arch = "wasm32")]
#[doc(hidden)]
pub mod __private {
    pub use crate::bindings;
    pub use crate::export::Adapter;
}
