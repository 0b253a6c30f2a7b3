//! Why a job was not added.

/// Why a job was not added.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddError {
    /// The plugin's entry in `queues.toml` does not grant the queue. The host's text says what to add.
    #[error("the job was not added: {0}")]
    Denied(String),
    /// The data cannot be JSON or is larger than 1 MiB, an option is out of range, or options contradict each other.
    #[error("this job cannot be added: {0}")]
    Invalid(String),
    /// Redis is unavailable, or no job is running.
    #[error("the job could not be added: {0}")]
    Unavailable(String),
}

impl AddError {
    /// Whether adding the same job would fail in the same way again.
    pub fn is_permanent(&self) -> bool {
        matches!(self, Self::Denied(_) | Self::Invalid(_))
    }
}
