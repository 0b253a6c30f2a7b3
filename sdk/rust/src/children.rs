//! The children of the running job: what they returned, why they failed, and how many are left.
//!
//! Children are added with [`Add::send_child`](crate::jobs::Add::send_child), or by the producer of a flow.

use serde::de::DeserializeOwned;

use crate::{JobRef, Json, host};

/// What a completed child returned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChildValue<T> {
    /// The child.
    pub child: JobRef,
    /// Its result.
    pub value: T,
}

/// Why a child failed whose failure its parent does not mind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChildFailure {
    /// The child.
    pub child: JobRef,
    /// Its `failedReason`.
    pub reason: String,
}

/// How many children the job has, by what became of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Completed.
    pub processed: u64,
    /// Not ended yet.
    pub unprocessed: u64,
    /// Failed, and ignored.
    pub ignored: u64,
    /// Failed.
    pub failed: u64,
}

impl Counts {
    /// All of them. Zero on a first run that has added none yet.
    pub fn total(&self) -> u64 {
        [self.unprocessed, self.ignored, self.failed].iter().fold(self.processed, |sum, n| sum.saturating_add(*n))
    }
}

/// Why the host did not say.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChildrenError {
    /// A child's result is not of the type that was asked for. It will not be on the next attempt either: this becomes
    /// [`Failure::Fatal`](crate::Failure::Fatal).
    #[error(
        "the result of the job {} in the queue `{}` does not have the form that its parent expects \
         (line {line}, column {column})",
        child.id,
        child.queue
    )]
    Unexpected {
        /// The child.
        child: JobRef,
        /// Where in its result, counted from 1; 0 if unknown.
        line: usize,
        /// Where in the line, counted from 1; 0 if unknown.
        column: usize,
    },
    /// The host refuses to say. This becomes [`Failure::Fatal`](crate::Failure::Fatal).
    #[error("the host does not say what became of the job's children: {0}")]
    Refused(String),
    /// The host cannot say now: Redis is away, or the job is no longer this host's.
    #[error("what became of the job's children could not be read: {0}")]
    Unavailable(String),
}

impl ChildrenError {
    /// Whether another attempt would meet the same error.
    pub fn is_permanent(&self) -> bool {
        !matches!(self, Self::Unavailable(_))
    }
}

/// What the completed children returned, in no order.
///
/// # Errors
/// [`ChildrenError::Unexpected`] if one result is no `T`, and the others if the host did not say.
pub fn values<T: DeserializeOwned>() -> Result<Vec<ChildValue<T>>, ChildrenError> {
    values_json()?.into_iter().map(typed).collect()
}

/// What the completed children returned, in no order, as JSON.
///
/// # Errors
/// If the host did not say.
pub fn values_json() -> Result<Vec<ChildValue<Json>>, ChildrenError> {
    host::children_values()
}

/// Why children failed whose failure is ignored, in no order.
///
/// # Errors
/// If the host did not say.
pub fn ignored_failures() -> Result<Vec<ChildFailure>, ChildrenError> {
    host::ignored_failures()
}

/// How many children there are.
///
/// # Errors
/// If the host did not say.
pub fn counts() -> Result<Counts, ChildrenError> {
    host::dependencies()
}

fn typed<T: DeserializeOwned>(child: ChildValue<Json>) -> Result<ChildValue<T>, ChildrenError> {
    match child.value.parse() {
        Ok(value) => Ok(ChildValue { child: child.child, value }),
        Err(error) => Err(ChildrenError::Unexpected { child: child.child, line: error.line(), column: error.column() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn child(json: &str) -> ChildValue<Json> {
        ChildValue { child: JobRef { queue: "sums".into(), id: "a-1".into() }, value: Json::from_text(json) }
    }

    #[test]
    fn a_result_that_fits_gets_its_type() {
        assert_eq!(typed::<u32>(child("7")).map(|child| child.value), Ok(7));
    }

    #[test]
    fn a_result_that_does_not_fit_names_its_child_and_is_not_quoted() {
        let error = typed::<u32>(child("\"hunter2\"")).expect_err("a string is no number");
        assert!(error.is_permanent());
        let text = error.to_string();
        assert!(text.contains("a-1 in the queue `sums`") && text.contains("line 1"), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
    }

    #[test]
    fn the_total_does_not_overflow() {
        let counts = Counts { processed: u64::MAX, unprocessed: 1, ..Counts::default() };
        assert_eq!(counts.total(), u64::MAX);
        assert_eq!(Counts { processed: 1, unprocessed: 2, ignored: 3, failed: 4 }.total(), 10);
    }
}
