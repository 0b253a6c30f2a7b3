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

/// Why a child failed, where its parent ignores the failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChildFailure {
    /// The child.
    pub child: JobRef,
    /// Its `failedReason`.
    pub reason: String,
}

/// How many children the job has, by state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Completed.
    pub processed: u64,
    /// Not finished yet.
    pub unprocessed: u64,
    /// Failed, and the failure is ignored.
    pub ignored: u64,
    /// Failed.
    pub failed: u64,
}

impl Counts {
    /// All children. Zero on a first run that has added none yet.
    pub fn total(&self) -> u64 {
        [self.unprocessed, self.ignored, self.failed].iter().fold(self.processed, |sum, n| sum.saturating_add(*n))
    }
}

/// The state of a child. The fields of [`Counts`] count the children in each state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChildState {
    /// Completed.
    Processed,
    /// Not finished yet.
    Unprocessed,
    /// Failed, and the failure is ignored.
    Ignored,
    /// Failed.
    Failed,
}

/// Some of the children in one state.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// Each child, with the JSON of its result or the reason of its ignored failure.
    pub children: Vec<(JobRef, Option<String>)>,
    /// The cursor of the next page, `None` on the last one.
    pub next: Option<u64>,
}

/// Why the children could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChildrenError {
    /// A child's result does not have the requested type. Another attempt will not help: this becomes
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
        /// The line in its result, counted from 1; 0 if unknown.
        line: usize,
        /// The column in the line, counted from 1; 0 if unknown.
        column: usize,
    },
    /// The host refused the call. This becomes [`Failure::Fatal`](crate::Failure::Fatal).
    #[error("the host refused to read the job's children: {0}")]
    Refused(String),
    /// The host cannot read them now: Redis is unavailable, or this host no longer owns the job.
    #[error("the job's children could not be read: {0}")]
    Unavailable(String),
}

impl ChildrenError {
    /// Whether another attempt would fail with the same error.
    pub fn is_permanent(&self) -> bool {
        !matches!(self, Self::Unavailable(_))
    }
}

/// The results of the completed children, in no particular order.
///
/// # Errors
/// [`ChildrenError::Unexpected`] if a result is not a `T`, and the other variants if the host could not read them.
pub fn values<T: DeserializeOwned>() -> Result<Vec<ChildValue<T>>, ChildrenError> {
    values_json()?.into_iter().map(typed).collect()
}

/// The results of the completed children as JSON, in no particular order.
///
/// # Errors
/// If the host could not read them.
pub fn values_json() -> Result<Vec<ChildValue<Json>>, ChildrenError> {
    host::children_values()
}

/// The reasons of the failures that the parent ignores, in no particular order.
///
/// # Errors
/// If the host could not read them.
pub fn ignored_failures() -> Result<Vec<ChildFailure>, ChildrenError> {
    host::ignored_failures()
}

/// The number of children in each state.
///
/// # Errors
/// If the host could not read them.
pub fn counts() -> Result<Counts, ChildrenError> {
    host::dependencies()
}

/// Some of the children in one state. The first page has the cursor 0. A page has about `count` children, at most 1,000.
/// A child may be on two pages, and a page may be empty although it is not the last one.
///
/// # Errors
/// If the host could not read them.
pub fn list(state: ChildState, cursor: u64, count: u32) -> Result<Page, ChildrenError> {
    host::list_children(state, cursor, count)
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
    fn a_result_that_fits_is_parsed_into_its_type() {
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
