//! What code that does not read the configuration file can ask about the configured queues.

use std::collections::BTreeMap;

use super::{Backoff, Queue};
use crate::ids::QueueName;

/// The configured queues, and which fields of their jobs are hidden.
pub trait Known: Send + Sync {
    /// The queues by name.
    fn queues(&self) -> &BTreeMap<QueueName, Queue>;
    /// Words to redact: if a field's name contains one of them, its value is hidden.
    fn redact(&self) -> &[String];
    /// Rejects a backoff strategy that a configured queue does not have. The error lists the available strategies,
    /// and says where to add one.
    fn check_backoff(&self, queue: &QueueName, backoff: &Backoff) -> Result<(), String>;
}
