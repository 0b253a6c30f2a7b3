//! What tells a person from outside how the host fares: logs, metrics and traces. Never holds a payload or a secret; labels
//! are the names of queues and plugins, which a configuration bounds.

#![warn(missing_docs)]

mod log_writer;
pub mod logs;
pub mod metrics;
pub mod traces;

pub use logs::LogFormat;
