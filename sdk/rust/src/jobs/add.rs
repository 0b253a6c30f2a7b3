//! Builds a job. An invalid part is reported when the job is sent, so that calls can be chained.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::options::Options;
use super::{AddError, Backoff, Deduplication, OnFailure};
use crate::Json;

/// A job that has not been added. Unset fields default to the queue's entry in `queues.toml`, if it has one.
#[must_use = "a job is not added until it is sent"]
pub struct Add {
    pub(super) queue: String,
    pub(super) name: String,
    pub(super) data: Result<Json, AddError>,
    pub(super) options: Options,
}

impl Add {
    /// A job called `name` for `queue` (without BullMQ's key prefix). Its data is at most 1 MiB of JSON.
    pub fn new(queue: impl Into<String>, name: impl Into<String>, data: &(impl Serialize + ?Sized)) -> Self {
        let data =
            Json::from_value(data).map_err(|error| AddError::Invalid(format!("its data cannot be JSON: {error}")));
        Self { queue: queue.into(), name: name.into(), data, options: Options::default() }
    }

    /// A custom job id: without a colon, not a whole number, and not the name of a key of the queue, such as `wait`.
    /// A job whose id exists is not added again.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.options.id = Some(id.into());
        self
    }

    /// Delays the job by this time, rounded up to whole milliseconds.
    pub fn delay(mut self, delay: Duration) -> Self {
        self.options.delay = Some(delay);
        self
    }

    /// 1 is the highest priority and 2,097,151 the lowest. Jobs without a priority run before all of them.
    pub fn priority(mut self, priority: u32) -> Self {
        self.options.priority = Some(priority);
        self
    }

    /// How many attempts it has in total, at least 1.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.options.attempts = Some(attempts);
        self
    }

    /// The delay between attempts.
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.options.backoff = Some(backoff);
        self
    }

    /// Adds it only if no other job of the same deduplication id exists.
    pub fn deduplication(mut self, deduplication: Deduplication) -> Self {
        self.options.deduplication = Some(deduplication);
        self
    }

    /// Adds the job, and returns its id, or the id of the existing job if it is a duplicate.
    ///
    /// # Errors
    /// If it was not added.
    pub fn send(self) -> Result<String, AddError> {
        super::add(&self.queue, &self.name, self.data?.as_str(), self.options)
    }

    /// Adds the job as a child of the running one, and returns its id. Return
    /// [`Failure::AwaitChildren`](crate::Failure::AwaitChildren) to run again when the children have finished.
    ///
    /// # Errors
    /// If it was not added.
    pub fn send_child(self, on_failure: OnFailure) -> Result<String, AddError> {
        super::add_child(&self.queue, &self.name, self.data?.as_str(), self.options, on_failure)
    }
}

/// Shows the job's queue, name and id, and nothing of its data.
impl fmt::Debug for Add {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Add(`{}` to `{}`)", self.name, self.queue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_has_all_parts_that_were_set() {
        let backoff = Backoff::exponential(Duration::from_secs(2)).jitter(0.5);
        let deduplication = Deduplication::new("d").ttl(Duration::from_secs(9)).extend();
        let add = Add::new("q", "n", &[1, 2]).id("a").delay(Duration::from_secs(1)).priority(3).attempts(4);
        let add = add.backoff(backoff).deduplication(deduplication.clone());
        assert_eq!((add.queue.as_str(), add.name.as_str()), ("q", "n"));
        assert_eq!(add.data.as_ref().map(Json::as_str), Ok("[1,2]"));
        let options = add.options;
        assert_eq!((options.id.as_deref(), options.delay), (Some("a"), Some(Duration::from_secs(1))));
        assert_eq!((options.priority, options.attempts), (Some(3), Some(4)));
        assert_eq!((options.backoff, options.deduplication), (Some(backoff), Some(deduplication)));
    }

    #[test]
    fn sending_reports_data_that_cannot_be_json() {
        let keys = std::collections::HashMap::from([((1, 2), 3)]);
        assert!(matches!(Add::new("q", "n", &keys).id("a").send(), Err(AddError::Invalid(_))));
    }

    #[test]
    fn outside_of_a_component_a_job_is_added_under_its_own_id_or_a_new_one() {
        assert_eq!(Add::new("q", "n", &()).id("mine").send(), Ok("mine".into()));
        let first = Add::new("q", "n", &()).send();
        assert_ne!(Add::new("q", "n", &()).send_child(OnFailure::Wait), first);
    }

    #[test]
    fn debug_output_has_no_data() {
        assert_eq!(format!("{:?}", Add::new("q", "n", "hunter2")), "Add(`n` to `q`)");
    }
}
