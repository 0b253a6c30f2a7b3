//! The errors of administration.

use bullmq::error::error_code;

use crate::access::ConnectError;
use toril_job::{JobId, QueueName};

/// Why an administration call failed.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// There is no queue with this name.
    #[error("queue {queue} does not exist: neither the configuration nor Redis contains it")]
    NoQueue {
        /// The name.
        queue: String,
    },
    /// There is no job with this id.
    #[error("queue {queue} has no job {id}")]
    NoJob {
        /// The queue.
        queue: QueueName,
        /// The id.
        id: JobId,
    },
    /// There is no job scheduler with this id.
    #[error("queue {queue} has no job scheduler {id}")]
    NoScheduler {
        /// The queue.
        queue: QueueName,
        /// The id.
        id: String,
    },
    /// The job or queue is not in a state in which this is possible.
    #[error("{0}")]
    Conflict(String),
    /// The request is invalid.
    #[error("{0}")]
    Invalid(String),
    /// Redis failed.
    #[error(transparent)]
    Redis(ConnectError),
}

impl AdminError {
    /// The error of adding a job. An error of BullMQ's client about the options is the caller's error, not Redis'.
    pub(super) fn of_added(error: ConnectError) -> Self {
        match error {
            ConnectError::Bull(error) => error.into(),
            other => other.into(),
        }
    }
}

impl From<ConnectError> for AdminError {
    fn from(error: ConnectError) -> Self {
        match error {
            // These are errors of the caller, and their text says what to do.
            ConnectError::NoHashTag { .. } | ConnectError::OtherSlot { .. } | ConnectError::InvalidJob(_) => {
                Self::Invalid(error.to_string())
            }
            other => Self::Redis(other),
        }
    }
}

impl From<bullmq::Error> for AdminError {
    fn from(error: bullmq::Error) -> Self {
        match error {
            bullmq::Error::InvalidConfig(reason) => Self::Invalid(reason),
            bullmq::Error::Script { code: error_code::PARENT_JOB_NOT_EXIST, .. } => {
                Self::Conflict("the parent job does not exist".to_owned())
            }
            bullmq::Error::Script { message, .. } => Self::Conflict(message),
            other => Self::Redis(other.into()),
        }
    }
}
