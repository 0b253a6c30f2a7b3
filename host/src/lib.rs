//! Toril takes BullMQ jobs out of Redis and runs each in its own pen: a sandboxed WebAssembly component.
//! `queues.toml` maps queues to components, which can be replaced on disk without a restart.
//!
//! Each layer is a crate of its own in `host/crates`, and Cargo enforces their dependencies. This crate combines
//! them, and re-exports those that a program needs to embed Toril:
//!
//! | module | crate | holds |
//! | --- | --- | --- |
//! | [`queue`] | `toril-bullmq` | Redis and BullMQ. Knows nothing about WebAssembly |
//! | [`plugin`] | `toril-sandbox` | WebAssembly. Knows nothing about Redis |
//! | [`attempt`] | `toril-job` | the types and traits between those two |
//! | [`config`] | `toril-config` | `queues.toml` |
//! | [`cron`] | `toril-cron` | cron patterns |
//! | [`telemetry`] | `toril-telemetry` | logs, the metrics recorder and the trace exporter |
//!
//! The modules of this crate. A module depends only on modules further down in this list:
//!
//! - [`cli`][]: the commands of the `toril` binary, one file for each.
//! - [`author`][]: tools for plugin authors that need no host: `toril plugin`.
//! - [`host`][]: the whole host, from start to shutdown. Embed Toril with [`host::Host`].
//! - `coalescer`: combines file events into changes.
//! - [`embedded`][]: the private Redis server of `toril dev`.

#![warn(missing_docs)]

pub mod author;
pub mod cli;
mod coalescer;
pub mod embedded;
pub mod host;

pub use toril_bullmq as queue;
pub use toril_config as config;
pub use toril_cron as cron;
pub use toril_job as attempt;
pub use toril_sandbox as plugin;
pub use toril_telemetry as telemetry;
