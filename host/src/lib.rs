//! Toril takes BullMQ jobs out of Redis and runs each in a pen of its own: a sandboxed WebAssembly component, chosen by
//! `queues.toml`, replaced on disk without a restart.
//!
//! A map of the modules; the arrows run one way, from the top down:
//!
//! - [`cli`][]: the commands of the `toril` binary, one file each.
//! - [`author`][]: what plugin authors use without a host: `toril plugin`.
//! - [`host`][]: everything put together, from start to shutdown. Embed Toril with [`host::Host`].
//! - [`http`][]: the HTTP server.
//! - [`embedded`][]: the private Redis server of `toril dev`.
//! - [`queue`][]: Redis and BullMQ. Knows nothing of WebAssembly.
//! - [`plugin`][]: WebAssembly. Knows nothing of Redis.
//! - [`attempt`][]: the types in which those two meet.
//! - [`config`][]: `queues.toml`.
//! - [`cron`][]: cron patterns.
//! - [`telemetry`][]: logs, metrics and traces.
//! - `private`: folders and files that only this user can read.
//! - `trust`: whom TLS connections trust.

#![warn(missing_docs)]

pub mod attempt;
pub mod author;
pub mod cli;
pub mod config;
pub mod cron;
pub mod embedded;
#[cfg(any(fuzzing, test))]
pub mod fuzz;
pub mod host;
pub mod http;
pub mod plugin;
mod private;
pub mod queue;
pub mod telemetry;
mod trust;
