//! Toril takes BullMQ jobs out of Redis and runs each in a pen of its own: a sandboxed WebAssembly component, chosen by
//! `queues.toml`, replaced on disk without a restart.
//!
//! The layers are crates of their own, in `host/crates`, and Cargo enforces which may depend on which. This crate puts them
//! together, and re-exports those that a program needs which embeds Toril:
//!
//! | module | crate | holds |
//! | --- | --- | --- |
//! | [`queue`] | `toril-bullmq` | Redis and BullMQ. Knows nothing of WebAssembly |
//! | [`plugin`] | `toril-sandbox` | WebAssembly. Knows nothing of Redis |
//! | [`attempt`] | `toril-job` | the types and traits in which those two meet |
//! | [`config`] | `toril-config` | `queues.toml` |
//! | [`cron`] | `toril-cron` | cron patterns |
//! | [`telemetry`] | `toril-telemetry` | logs, the metrics recorder and the trace exporter |
//!
//! The modules of this crate; the arrows run one way, from the top down:
//!
//! - [`cli`][]: the commands of the `toril` binary, one file each.
//! - [`author`][]: what plugin authors use without a host: `toril plugin`.
//! - [`host`][]: everything put together, from start to shutdown. Embed Toril with [`host::Host`].
//! - [`embedded`][]: the private Redis server of `toril dev`.

#![warn(missing_docs)]

pub mod author;
pub mod cli;
pub mod embedded;
pub mod host;

pub use toril_bullmq as queue;
pub use toril_config as config;
pub use toril_cron as cron;
pub use toril_job as attempt;
pub use toril_sandbox as plugin;
pub use toril_telemetry as telemetry;
