//! Why something was not shown or not done.

use bullmq::error::error_code;

use super::super::connection::ConnectError;

/// Why something was not shown or not done.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// No queue of this name.
    #[error("there is no queue {queue}: the configuration does not name it, and Redis does not know it")]
    NoQueue {
        /// The name.
        queue: String,
    },
    /// No job of this id.
    #[error("queue {queue} has no job {id}")]
    NoJob {
        /// The queue.
        queue: String,
        /// The id.
        id: String,
    },
    /// No job scheduler of this id.
    #[error("queue {queue} has no job scheduler {id}")]
    NoScheduler {
        /// The queue.
        queue: String,
        /// The id.
        id: String,
    },
    /// The job or queue is not in a state in which this can be done.
    #[error("{0}")]
    Conflict(String),
    /// What was asked for makes no sense.
    #[error("{0}")]
    Invalid(String),
    /// Redis.
    #[error(transparent)]
    Redis(ConnectError),
}

impl From<ConnectError> for AdminError {
    fn from(error: ConnectError) -> Self {
        match error {
            // These are the caller's matter, and say what to do.
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
