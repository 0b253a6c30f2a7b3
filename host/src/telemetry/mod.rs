//! What tells a person from outside how the host fares: logs and metrics. Never holds a payload or a secret; labels are
//! the names of queues and plugins, which a configuration bounds.

pub mod logs;
pub mod metrics;

pub use logs::LogFormat;
