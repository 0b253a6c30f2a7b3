//! What a configuration says of queues to those who do not read it.

use std::collections::BTreeMap;

use super::{Backoff, Queue};

/// The queues that are configured, and what is not shown of their jobs.
pub trait Known: Send + Sync {
    /// The queues by name.
    fn queues(&self) -> &BTreeMap<String, Queue>;
    /// Words: the value of a field whose name contains one of them is not shown.
    fn redact(&self) -> &[String];
    /// Refuses a backoff strategy that a configured queue does not have. The error says which it has, and where to add one.
    fn check_backoff(&self, queue: &str, backoff: &Backoff) -> Result<(), String>;
}
