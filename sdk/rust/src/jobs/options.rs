//! Options of a job that have parts of their own.

use std::time::Duration;

/// How a job's attempts are spaced.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(not(target_arch = "wasm32"), allow(dead_code, reason = "only a component adds jobs"))]
pub struct Backoff {
    pub(super) is_exponential: bool,
    pub(super) delay: Duration,
    pub(super) jitter: f64,
}

impl Backoff {
    /// The same delay each time.
    pub fn fixed(delay: Duration) -> Self {
        Self { is_exponential: false, delay, jitter: 0.0 }
    }

    /// Twice as long each time, beginning with `delay`.
    pub fn exponential(delay: Duration) -> Self {
        Self { is_exponential: true, delay, jitter: 0.0 }
    }

    /// The share of the delay that is left to chance, from 0 (none, and the default) to 1.
    #[must_use]
    pub fn jitter(self, jitter: f64) -> Self {
        Self { jitter, ..self }
    }
}

/// Adds a job only if no other of the same kind is there (BullMQ: `deduplication`): none that has not ended, unless
/// [`ttl`](Self::ttl) says otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(not(target_arch = "wasm32"), allow(dead_code, reason = "only a component adds jobs"))]
pub struct Deduplication {
    pub(super) id: String,
    pub(super) ttl: Option<Duration>,
    pub(super) extend: bool,
    pub(super) replace: bool,
    pub(super) keep_last_if_active: bool,
}

impl Deduplication {
    /// `id` is what makes jobs the same.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), ttl: None, extend: false, replace: false, keep_last_if_active: false }
    }

    /// Holds others back for that time, and not for as long as the job has not ended. Parts of a millisecond are
    /// rounded up.
    #[must_use]
    pub fn ttl(self, ttl: Duration) -> Self {
        Self { ttl: Some(ttl), ..self }
    }

    /// Each further try starts that time anew.
    #[must_use]
    pub fn extend(self) -> Self {
        Self { extend: true, ..self }
    }

    /// Replaces a delayed job of that id by this one.
    #[must_use]
    pub fn replace(self) -> Self {
        Self { replace: true, ..self }
    }

    /// While a job of that id runs, keeps this one and adds it at its end.
    #[must_use]
    pub fn keep_last_if_active(self) -> Self {
        Self { keep_last_if_active: true, ..self }
    }
}

/// What a child's final failure means for its parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFailure {
    /// The parent fails, too.
    FailParent,
    /// The parent goes on at once, and finds the reason in
    /// [`ignored_failures`](crate::children::ignored_failures).
    ContinueParent,
    /// The child counts as ended, and the reason is in [`ignored_failures`](crate::children::ignored_failures).
    Ignore,
    /// It counts as if the child had never been.
    Remove,
    /// The parent waits until somebody retries the child and it completes.
    Wait,
}
