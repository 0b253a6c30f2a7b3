//! The names of queues and the ids of jobs. Each has a type of its own, so that the compiler notices when one is used as
//! the other. Code that gets a text from outside converts it once. Cloning them allocates nothing.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};

/// The longest name of a queue, in bytes.
pub const LONGEST_QUEUE_NAME: usize = 1024;

/// The name of a BullMQ queue, without key prefix. It has 1 to [`LONGEST_QUEUE_NAME`] bytes and no colon, because BullMQ
/// builds its keys as `PREFIX:QUEUE:ID`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct QueueName(Arc<str>);

/// Why a text is not the name of a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueueNameError {
    /// It is empty.
    #[error("the queue's name is empty: give at least one character")]
    Empty,
    /// It has a colon.
    #[error("BullMQ allows no `:` in the name of a queue: choose another name")]
    Colon,
    /// It is too long.
    #[error("the queue's name has {bytes} bytes and may have {LONGEST_QUEUE_NAME}: shorten it")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
}

/// The id of a BullMQ job, unique in its queue. It can be any text, because other clients choose ids too. Whether Toril
/// may add a job with an id is checked when it adds one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(from = "String")]
pub struct JobId(Arc<str>);

impl QueueName {
    /// Checks that a text is the name of a queue.
    pub fn new(name: impl AsRef<str> + Into<Arc<str>>) -> Result<Self, QueueNameError> {
        let text = name.as_ref();
        match text.len() {
            0 => Err(QueueNameError::Empty),
            _ if text.contains(':') => Err(QueueNameError::Colon),
            bytes if bytes > LONGEST_QUEUE_NAME => Err(QueueNameError::TooLong { bytes }),
            _ => Ok(Self(name.into())),
        }
    }
}

impl FromStr for QueueName {
    type Err = QueueNameError;

    fn from_str(name: &str) -> Result<Self, QueueNameError> {
        Self::new(name)
    }
}

impl TryFrom<String> for QueueName {
    type Error = QueueNameError;

    fn try_from(name: String) -> Result<Self, QueueNameError> {
        Self::new(name)
    }
}

impl JobId {
    /// The id with this text.
    pub fn new(id: impl Into<Arc<str>>) -> Self {
        Self(id.into())
    }
}

impl From<&str> for JobId {
    fn from(id: &str) -> Self {
        Self::new(id)
    }
}

impl From<String> for JobId {
    fn from(id: String) -> Self {
        Self::new(id)
    }
}

/// What both types have in common with text.
macro_rules! as_text {
    ($type:ident) => {
        impl $type {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $type {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        /// A map with these keys can be searched with a text.
        impl Borrow<str> for $type {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl PartialEq<str> for $type {
            fn eq(&self, other: &str) -> bool {
                *self.0 == *other
            }
        }

        impl PartialEq<&str> for $type {
            fn eq(&self, other: &&str) -> bool {
                *self.0 == **other
            }
        }

        impl From<$type> for String {
            fn from(text: $type) -> Self {
                text.as_str().to_owned()
            }
        }

        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self.as_str(), f)
            }
        }

        /// The same as of the text, for messages.
        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(self.as_str(), f)
            }
        }
    };
}

as_text!(QueueName);
as_text!(JobId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_has_a_name_that_bullmq_accepts() {
        assert_eq!(QueueName::new("mail").map(|name| name.to_string()), Ok("mail".to_owned()));
        assert_eq!(QueueName::new(""), Err(QueueNameError::Empty));
        assert_eq!(QueueName::new("a:b"), Err(QueueNameError::Colon));
        assert!(QueueName::new("x".repeat(LONGEST_QUEUE_NAME)).is_ok());
        assert_eq!(QueueName::new("x".repeat(1025)), Err(QueueNameError::TooLong { bytes: 1025 }));
    }

    #[test]
    fn a_document_with_an_invalid_queue_name_is_not_read() {
        assert_eq!(serde_json::from_str::<QueueName>(r#""mail""#).ok(), QueueName::new("mail").ok());
        let refused = serde_json::from_str::<QueueName>(r#""a:b""#).expect_err("a colon");
        assert!(refused.to_string().contains("BullMQ allows no `:`"), "{refused}");
    }
}
