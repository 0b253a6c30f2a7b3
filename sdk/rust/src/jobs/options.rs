//! The options of a job.

use std::time::Duration;

/// A job's options. `None` is unset.
#[derive(Default)]
#[cfg_attr(not(target_arch = "wasm32"), allow(dead_code, reason = "only a component adds jobs"))]
pub(super) struct Options {
    pub(super) id: Option<String>,
    pub(super) delay: Option<Duration>,
    pub(super) priority: Option<u32>,
    pub(super) attempts: Option<u32>,
    pub(super) backoff: Option<Backoff>,
    pub(super) deduplication: Option<Deduplication>,
}

/// The delay between a job's attempts.
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

    /// Doubles the delay each time, beginning with `delay`.
    pub fn exponential(delay: Duration) -> Self {
        Self { is_exponential: true, delay, jitter: 0.0 }
    }

    /// The random share of the delay, from 0 (none, the default) to 1.
    #[must_use]
    pub fn jitter(self, jitter: f64) -> Self {
        Self { jitter, ..self }
    }
}

/// Adds a job only if no other with the same deduplication id exists (BullMQ: `deduplication`). By default only
/// unfinished jobs count. [`ttl`](Self::ttl) changes that.
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
    /// Jobs with the same `id` are duplicates.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), ttl: None, extend: false, replace: false, keep_last_if_active: false }
    }

    /// Rejects duplicates for this time, instead of until the job has finished. Rounded up to whole milliseconds.
    #[must_use]
    pub fn ttl(self, ttl: Duration) -> Self {
        Self { ttl: Some(ttl), ..self }
    }

    /// Each duplicate restarts the time of [`ttl`](Self::ttl).
    #[must_use]
    pub fn extend(self) -> Self {
        Self { extend: true, ..self }
    }

    /// Replaces a delayed job with the same deduplication id by this one.
    #[must_use]
    pub fn replace(self) -> Self {
        Self { replace: true, ..self }
    }

    /// While a job with this deduplication id runs, keeps only the latest duplicate, and adds it when that job
    /// finishes.
    #[must_use]
    pub fn keep_last_if_active(self) -> Self {
        Self { keep_last_if_active: true, ..self }
    }
}

/// What a child's final failure does to its parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFailure {
    /// The parent fails, too.
    FailParent,
    /// The parent continues at once, and finds the reason in [`ignored_failures`](crate::children::ignored_failures).
    ContinueParent,
    /// The child counts as finished, and the reason is in [`ignored_failures`](crate::children::ignored_failures).
    Ignore,
    /// The child is removed from its parent, as if it had never been added.
    Remove,
    /// The parent waits until someone retries the child and it completes.
    Wait,
}
