//! Several jobs that are added in one step.

use super::options::Options;
use super::{Add, AddError, OnFailure};
use crate::Json;

/// Jobs that have not been added. All of them are added in one step: see `add-all` in the interface.
///
/// ```
/// use serde_json::json;
/// use toril_plugin::jobs::{Add, AddError, AddList, OnFailure};
///
/// # fn add() -> Result<(), AddError> {
/// let mut flow = AddList::default();
/// let report = flow.add(Add::new("reports", "report", &json!({})));
/// flow.add_child(report, OnFailure::FailParent, Add::new("pages", "page", &json!({ "n": 1 })));
/// let ids = flow.send()?;
/// # Ok(())
/// # }
/// ```
#[derive(Default)]
#[must_use = "no job is added until the list is sent"]
pub struct AddList {
    jobs: Vec<(Add, Option<(Place, OnFailure)>)>,
}

/// The place of a job in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place(u32);

/// One of the jobs, as the host gets it.
#[cfg_attr(not(target_arch = "wasm32"), allow(dead_code, reason = "only a component adds jobs"))]
pub(super) struct Single {
    pub queue: String,
    pub name: String,
    pub data: Json,
    pub options: Options,
    pub child_of: Option<u32>,
    pub on_failure: Option<OnFailure>,
}

impl AddList {
    /// Appends a job.
    pub fn add(&mut self, job: Add) -> Place {
        self.push(job, None)
    }

    /// Appends a job that `parent` waits for.
    pub fn add_child(&mut self, parent: Place, on_failure: OnFailure, job: Add) -> Place {
        self.push(job, Some((parent, on_failure)))
    }

    fn push(&mut self, job: Add, parent: Option<(Place, OnFailure)>) -> Place {
        // The host refuses lists that are long enough to saturate this.
        let place = Place(u32::try_from(self.jobs.len()).unwrap_or(u32::MAX));
        self.jobs.push((job, parent));
        place
    }

    /// Adds the jobs, and returns their ids in the same order.
    ///
    /// # Errors
    /// If they were not added.
    pub fn send(self) -> Result<Vec<String>, AddError> {
        let single = |(job, parent): (Add, Option<(Place, OnFailure)>)| {
            Ok::<_, AddError>(Single {
                queue: job.queue,
                name: job.name,
                data: job.data?,
                options: job.options,
                child_of: parent.map(|(parent, _)| parent.0),
                on_failure: parent.map(|(_, on_failure)| on_failure),
            })
        };
        super::add_all(self.jobs.into_iter().map(single).collect::<Result<_, _>>()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sending_a_list_returns_the_id_of_each_job_in_order() {
        let mut list = AddList::default();
        let parent = list.add(Add::new("q", "n", &1).id("a"));
        list.add_child(parent, OnFailure::Wait, Add::new("q", "n", &2).id("b"));
        assert_eq!(list.send(), Ok(vec!["a".into(), "b".into()]));
    }

    #[test]
    fn a_list_with_data_that_cannot_be_json_is_not_sent() {
        let mut list = AddList::default();
        list.add(Add::new("q", "n", &std::collections::HashMap::from([((1, 2), 3)])));
        assert!(matches!(list.send(), Err(AddError::Invalid(_))));
    }
}
