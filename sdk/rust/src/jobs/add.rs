//! Builds a job. What is wrong with it is kept until it is sent, so that calls can be chained.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::{AddError, Backoff, Deduplication, OnFailure};
use crate::Json;

/// A job that has not been added. What is not set comes from the queue's entry in `queues.toml`, if it has one.
#[must_use = "a job is not added until it is sent"]
pub struct Add {
    queue: String,
    name: String,
    data: Result<Json, AddError>,
    options: Options,
}

/// A job's options, each none where it was not set.
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

impl Add {
    /// A job called `name` for `queue` (without BullMQ's key prefix), with 1 MiB of JSON as its data at most.
    pub fn new(queue: impl Into<String>, name: impl Into<String>, data: &(impl Serialize + ?Sized)) -> Self {
        let data = Json::from_value(data).map_err(|error| AddError::Invalid(format!("its data is no JSON: {error}")));
        Self { queue: queue.into(), name: name.into(), data, options: Options::default() }
    }

    /// A job id of one's own: without colon, not a whole number, and not the name of a key of the queue, such as `wait`. A job
    /// of that id is not added again.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.options.id = Some(id.into());
        self
    }

    /// Does not run it before that time has passed. Parts of a millisecond are rounded up.
    pub fn delay(mut self, delay: Duration) -> Self {
        self.options.delay = Some(delay);
        self
    }

    /// 1 goes first, 2,097,151 last; jobs without a priority go before those.
    pub fn priority(mut self, priority: u32) -> Self {
        self.options.priority = Some(priority);
        self
    }

    /// How often it is tried in all, at least 1.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.options.attempts = Some(attempts);
        self
    }

    /// How its attempts are spaced.
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.options.backoff = Some(backoff);
        self
    }

    /// Adds it only if no other of the same kind is there.
    pub fn deduplication(mut self, deduplication: Deduplication) -> Self {
        self.options.deduplication = Some(deduplication);
        self
    }

    /// Adds the job, and returns its id: of the one that was there, where it counts as the same.
    ///
    /// # Errors
    /// If it was not added.
    pub fn send(self) -> Result<String, AddError> {
        super::add(&self.queue, &self.name, self.data?.as_str(), self.options)
    }

    /// Adds the job as a child of the running one, and returns its id. Return
    /// [`Failure::AwaitChildren`](crate::Failure::AwaitChildren) to be run again when the children have ended.
    ///
    /// # Errors
    /// If it was not added.
    pub fn send_child(self, on_failure: OnFailure) -> Result<String, AddError> {
        super::add_child(&self.queue, &self.name, self.data?.as_str(), self.options, on_failure)
    }
}

/// Shows which job it is, and nothing of its data.
impl fmt::Debug for Add {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Add(`{}` to `{}`)", self.name, self.queue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_what_was_put_into_it() {
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
    fn data_that_cannot_be_json_is_what_sending_reports() {
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
