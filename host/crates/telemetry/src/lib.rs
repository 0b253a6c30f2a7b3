//! Observability of the host: logs, metrics and traces. They never contain a payload or a secret. Labels are names of
//! queues and plugins, so the configuration limits their number.

#![warn(missing_docs)]

mod log_writer;
pub mod logs;
pub mod metrics;
pub mod traces;

pub use logs::LogFormat;
