//! Whether Redis can be used, and how long to wait until it can.

pub mod backoff;
pub mod eviction;
pub mod outage;
pub mod readiness;
pub mod server_version;
