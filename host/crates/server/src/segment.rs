//! Names as path segments. Browsers and HTTP clients interpret `.` and `..` as path steps, even percent-encoded ones.
//! The path of a queue or job with such a name therefore gets the prefix `~`. So does a name that already looks like
//! one with that prefix.

use std::borrow::Cow;

use serde::de::DeserializeOwned;

use toril_bullmq::admin::AdminError;
use toril_job::QueueName;

/// The path segment for a name, not percent-encoded yet.
pub fn escape(name: &str) -> Cow<'_, str> {
    if is_step(name) { Cow::Owned(format!("~{name}")) } else { Cow::Borrowed(name) }
}

/// The name that a path segment stands for.
pub fn unescape(segment: String) -> String {
    match segment.strip_prefix('~') {
        Some(name) if is_step(name) => name.to_owned(),
        _ => segment,
    }
}

/// What the variable segments of a path name.
pub trait Named: Sized {
    /// The segments.
    type Segments: DeserializeOwned + Send;

    /// Reads the segments. A text that cannot be the name of a queue is reported like a queue that does not exist.
    fn of(segments: Self::Segments) -> Result<Self, AdminError>;
}

impl Named for QueueName {
    type Segments = String;

    fn of(queue: String) -> Result<Self, AdminError> {
        let queue = unescape(queue);
        Self::new(queue.as_str()).map_err(|_| AdminError::NoQueue { queue })
    }
}

/// A queue, and the id of a job or of something else in it.
impl<I: From<String>> Named for (QueueName, I) {
    type Segments = (String, String);

    fn of((queue, id): (String, String)) -> Result<Self, AdminError> {
        Ok((QueueName::of(queue)?, I::from(unescape(id))))
    }
}

fn is_step(name: &str) -> bool {
    matches!(name.trim_start_matches('~'), "." | "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_have_another_name_and_everything_else_its_own() {
        for (name, escaped) in [(".", "~."), ("..", "~.."), ("~.", "~~."), ("~", "~"), ("...", "..."), ("~a", "~a")] {
            assert_eq!(escape(name), escaped);
            assert_eq!(unescape(escaped.to_owned()), name);
        }
    }

    #[test]
    fn a_text_that_cannot_name_a_queue_is_a_queue_that_does_not_exist() {
        assert!(QueueName::of("mail".to_owned()).is_ok_and(|queue| queue == "mail"));
        let refused = <(QueueName, String)>::of(("a:b".to_owned(), "1".to_owned()));
        assert!(matches!(refused, Err(AdminError::NoQueue { queue }) if queue == "a:b"));
    }
}
