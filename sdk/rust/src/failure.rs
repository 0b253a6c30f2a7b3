//! The ways in which an attempt ends without a result, and how an error becomes one of them.

use std::error::Error;
use std::time::Duration;

use crate::checkpoint::CheckpointError;
use crate::children::ChildrenError;
use crate::config::ConfigError;
use crate::http::HttpError;
use crate::jobs::AddError;
use crate::kv::KvError;
use crate::postgres::PostgresError;
use crate::progress::ProgressError;
use crate::tcp::TcpError;

/// How an attempt ends without completing the job.
///
/// `?` converts any error. The result is [`Failure::Retry`] with the texts of the error and its sources. It is
/// [`Failure::Fatal`] where this crate knows that another attempt would fail in the same way: a missing grant in
/// `queues.toml`, an invalid request, a value that the host does not accept, a missing setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// This attempt failed, for this reason. The job runs again after its backoff while attempts remain, else it
    /// fails.
    Retry(String),
    /// The job fails for good, even if attempts remain.
    Fatal(String),
    /// Run the job again after this time. Uses up no attempt. The time is rounded up to whole milliseconds.
    Defer(Duration),
    /// Put the job back, before all jobs that wait. It runs again as soon as a worker is free. Uses up no attempt.
    Requeue,
    /// Start no job of this queue for this time, then run this one again. Uses up no attempt. The time is rounded up
    /// to whole milliseconds.
    RateLimited(Duration),
    /// Run the job again when its children have finished, or almost at once if they already have. A job without
    /// children fails for good. Uses up no attempt.
    AwaitChildren,
}

impl Failure {
    /// [`Failure::Retry`] with a message.
    pub fn retry(message: impl Into<String>) -> Self {
        Self::Retry(message.into())
    }

    /// [`Failure::Fatal`] with a message.
    pub fn fatal(message: impl Into<String>) -> Self {
        Self::Fatal(message.into())
    }

    /// [`Failure::Defer`] for this time.
    pub fn defer(delay: Duration) -> Self {
        Self::Defer(delay)
    }

    /// [`Failure::RateLimited`] for this time.
    pub fn rate_limited(delay: Duration) -> Self {
        Self::RateLimited(delay)
    }
}

impl<E: Error + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        let mut text = error.to_string();
        let mut permanent = is_permanent(&error);
        let mut source = error.source();
        while let Some(cause) = source {
            permanent |= is_permanent(cause);
            let cause_text = cause.to_string();
            if !text.ends_with(&cause_text) {
                text.push_str(": ");
                text.push_str(&cause_text);
            }
            source = cause.source();
        }
        if permanent { Self::Fatal(text) } else { Self::Retry(text) }
    }
}

/// Whether another attempt would fail with the same error.
fn is_permanent(error: &(dyn Error + 'static)) -> bool {
    error.downcast_ref().is_some_and(HttpError::is_permanent)
        || error.downcast_ref().is_some_and(AddError::is_permanent)
        || error.downcast_ref().is_some_and(KvError::is_permanent)
        || error.downcast_ref().is_some_and(PostgresError::is_permanent)
        || error.downcast_ref().is_some_and(ChildrenError::is_permanent)
        || error.downcast_ref().is_some_and(TcpError::is_permanent)
        || error.downcast_ref().is_some_and(in_reader)
        || matches!(error.downcast_ref(), Some(ConfigError::Missing { .. }))
        || matches!(error.downcast_ref(), Some(CheckpointError::Invalid(_)))
        || matches!(error.downcast_ref(), Some(ProgressError::Invalid(_)))
}

/// A reader or writer has put the error of a connection into one of its own.
fn in_reader(error: &std::io::Error) -> bool {
    error.get_ref().and_then(|error| error.downcast_ref()).is_some_and(TcpError::is_permanent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("reading the list")]
    struct Outer<E: Error + 'static>(#[source] E);

    fn question_mark<E: Error + 'static>(error: E) -> Failure {
        let run = || -> Result<(), Failure> { Err(error)? };
        run().expect_err("it is an error")
    }

    #[test]
    fn an_error_is_retried_with_its_whole_chain_of_causes() {
        let failure = question_mark(Outer(std::io::Error::other("the pipe broke")));
        assert_eq!(failure, Failure::retry("reading the list: the pipe broke"));
    }

    #[test]
    fn a_missing_setting_is_fatal_even_if_it_is_wrapped() {
        let missing = ConfigError::Missing { key: "agent-url".into() };
        assert!(matches!(question_mark(Outer(missing)), Failure::Fatal(_)));
    }

    #[test]
    fn a_denied_request_is_fatal_and_a_broken_connection_is_not() {
        let origin = || "https://example.com".to_owned();
        assert!(matches!(question_mark(HttpError::Denied { origin: origin() }), Failure::Fatal(_)));
        let broken = HttpError::Connection { origin: origin(), reason: "reset".into() };
        assert!(matches!(question_mark(broken), Failure::Retry(_)));
    }

    #[test]
    fn a_job_that_is_denied_or_invalid_is_fatal_and_an_unavailable_redis_is_not() {
        let reason = || "because".to_owned();
        assert!(matches!(question_mark(AddError::Denied(reason())), Failure::Fatal(_)));
        assert!(matches!(question_mark(AddError::Invalid(reason())), Failure::Fatal(_)));
        assert!(matches!(question_mark(AddError::Unavailable(reason())), Failure::Retry(_)));
    }

    #[test]
    fn a_store_that_is_not_granted_is_fatal_and_an_unavailable_one_is_not() {
        // The host says what to add, because it knows the plugin's name.
        assert!(matches!(question_mark(KvError::Denied), Failure::Fatal(_)));
        assert!(matches!(question_mark(KvError::Unavailable("away".into())), Failure::Retry(_)));
    }

    #[test]
    fn a_denied_connection_is_fatal_also_in_an_error_of_a_reader_and_a_refused_one_is_not() {
        let denied = TcpError::Denied { server: "a.example:25".into() };
        assert!(matches!(question_mark(std::io::Error::from(denied.clone())), Failure::Fatal(_)));
        assert!(matches!(question_mark(denied), Failure::Fatal(_)));
        let refused = TcpError::Unreachable { server: "a.example:25".into(), reason: "it refused".into() };
        assert!(matches!(question_mark(std::io::Error::from(refused)), Failure::Retry(_)));
    }

    #[test]
    fn a_missing_pool_is_fatal_and_an_unavailable_server_is_not() {
        let reason = || "because".to_owned();
        assert!(matches!(question_mark(PostgresError::Denied(reason())), Failure::Fatal(_)));
        assert!(matches!(question_mark(PostgresError::Unavailable(reason())), Failure::Retry(_)));
        assert!(matches!(question_mark(PostgresError::Timeout(reason())), Failure::Retry(_)));
    }

    #[test]
    fn a_value_that_the_host_rejects_is_fatal() {
        let reason = || "it is too large".to_owned();
        assert!(matches!(question_mark(CheckpointError::Invalid(reason())), Failure::Fatal(_)));
        assert!(matches!(question_mark(CheckpointError::Unavailable(reason())), Failure::Retry(_)));
        assert!(matches!(question_mark(ProgressError::Invalid(reason())), Failure::Fatal(_)));
    }
}
