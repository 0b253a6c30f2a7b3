//! Adds the jobs that a plugin adds in one step: single jobs, and flows.

use toril_job::{ContextError, JobId, QueueName, TreeJob};
use uuid::Uuid;

use super::context::Defaults;
use super::insert_flow::{InsertError, Node, insert};
use super::job_spec::JobSpec;
use crate::access::{ConnectError, Redis};

/// The most levels of jobs that wait for each other. It bounds the recursion below.
const DEEPEST: usize = 50;

/// Adds all jobs in one transaction. Returns their ids in the same order.
pub async fn add_all(redis: &Redis, jobs: Vec<TreeJob>, defaults: &Defaults) -> Result<Vec<JobId>, ContextError> {
    let forest = Forest::of(jobs, defaults)?;
    for root in &forest.roots {
        check_slots(redis, &forest.roots[0].spec.queue, root).map_err(|error| refused(&error))?;
    }
    let inserted = insert(redis, &forest.roots).await.map_err(|error| match error {
        InsertError::Redis(error @ (ConnectError::OtherSlot { .. } | ConnectError::NoHashTag { .. })) => {
            refused(&error)
        }
        InsertError::Redis(error) => ContextError::Unavailable(format!("the jobs were not added: {error}")),
        error => refused(&error),
    })?;
    let mut ids = vec![JobId::from(""); inserted.len()];
    for (id, place) in inserted.into_iter().zip(forest.places) {
        if let Some(slot) = ids.get_mut(place) {
            *slot = id;
        }
    }
    Ok(ids)
}

fn refused(error: &impl std::fmt::Display) -> ContextError {
    ContextError::Invalid(format!("the jobs were not added: {error}"))
}

/// Checks that the queues of a tree and of its root's parent are in the slot of this queue.
fn check_slots(redis: &Redis, first: &QueueName, node: &Node) -> Result<(), ConnectError> {
    redis.check_parent(&node.spec.queue, first)?;
    if let Some(parent) = &node.spec.options.parent {
        redis.check_parent(&node.spec.queue, &parent.queue)?;
    }
    node.children.iter().try_for_each(|child| check_slots(redis, first, child))
}

/// Checked jobs as trees.
#[derive(Debug)]
struct Forest {
    roots: Vec<Node>,
    /// The place of each job in the plugin's list, in the order of insertion: each job before its children.
    places: Vec<usize>,
}

impl Forest {
    fn of(jobs: Vec<TreeJob>, defaults: &Defaults) -> Result<Self, ContextError> {
        let mut children = vec![Vec::new(); jobs.len()];
        let mut roots = Vec::new();
        for (place, job) in jobs.iter().enumerate() {
            match job.child_of {
                None => roots.push(place),
                Some(parent) if parent < place => children[parent].push(place),
                Some(parent) => {
                    return Err(wrong(place, &job.job.queue, &format!("its parent {parent} is not before it")));
                }
            }
        }
        let mut specs = Vec::with_capacity(jobs.len());
        for (place, job) in jobs.into_iter().enumerate() {
            let linked = job.child_of.is_some() || !children[place].is_empty();
            specs.push(Some(checked(place, job, linked, defaults)?));
        }
        let mut forest = Self { roots: Vec::with_capacity(roots.len()), places: Vec::with_capacity(specs.len()) };
        for root in roots {
            let node = forest.node(root, &mut specs, &children, 1)?;
            forest.roots.extend(node);
        }
        Ok(forest)
    }

    /// The tree below a job. None: it was taken already, which the check of the places rules out.
    fn node(
        &mut self,
        place: usize,
        specs: &mut [Option<(JobSpec, JobId)>],
        children: &[Vec<usize>],
        level: usize,
    ) -> Result<Option<Node>, ContextError> {
        if level > DEEPEST {
            return Err(ContextError::Invalid(format!("the jobs have more than {DEEPEST} levels")));
        }
        let Some((spec, id)) = specs.get_mut(place).and_then(Option::take) else { return Ok(None) };
        self.places.push(place);
        let mut node = Node { spec, id, children: Vec::new() };
        for child in children.get(place).into_iter().flatten() {
            node.children.extend(self.node(*child, specs, children, level + 1)?);
        }
        Ok(Some(node))
    }
}

/// A job's description and id. `linked`: it waits for another job of the list, or another one waits for it.
fn checked(place: usize, job: TreeJob, linked: bool, defaults: &Defaults) -> Result<(JobSpec, JobId), ContextError> {
    let queue = job.job.queue.clone();
    let wrong = |why: &str| wrong(place, &queue, why);
    if job.child_of.is_some() && job.job.options.parent.is_some() {
        return Err(wrong("a job has one parent: `child-of` or `parent`"));
    }
    if linked && job.job.options.deduplication.is_some() {
        return Err(wrong("a job with a parent or with children has no deduplication"));
    }
    let spec = JobSpec::from_plugin(job.job, &defaults(&queue));
    spec.check().map_err(|error| wrong(&error.to_string()))?;
    let size = spec.data.to_string().len();
    if let Some(limit) = spec.options.size_limit.filter(|limit| size > *limit) {
        return Err(wrong(&format!("the data has {size} bytes, and the job's sizeLimit is {limit}")));
    }
    // The keys of a job's children contain its id, so it must be known before. BullMQ's flow producer chooses a UUID,
    // too.
    let own = spec.options.id.clone();
    let id = own.unwrap_or_else(|| if linked { Uuid::new_v4().to_string().into() } else { "".into() });
    Ok((spec, id))
}

fn wrong(place: usize, queue: &QueueName, why: &str) -> ContextError {
    ContextError::Invalid(format!("no job was added: job {place} of the list, of queue {queue}: {why}"))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use toril_job::settings::JobDefaults;
    use toril_job::{Deduplication, JobOptions, JobRef, NewJob};

    fn queue() -> QueueName {
        QueueName::new("q").expect("a name")
    }

    fn job(name: &str, child_of: Option<usize>) -> TreeJob {
        let (name, options) = (name.to_owned(), JobOptions::default());
        TreeJob { job: NewJob { queue: queue(), name, data: json!({}), options, trace: None }, child_of }
    }

    fn forest(jobs: Vec<TreeJob>) -> Result<Forest, ContextError> {
        let defaults: Defaults = Arc::new(|_| JobDefaults::default());
        Forest::of(jobs, &defaults)
    }

    #[test]
    fn jobs_become_trees_whose_places_are_known() {
        let jobs = vec![job("a", None), job("b", None), job("c", Some(0)), job("d", Some(2)), job("e", Some(0))];
        let forest = forest(jobs).expect("trees");
        let names: Vec<_> = forest.roots[0].children.iter().map(|child| child.spec.name.as_str()).collect();
        assert_eq!((forest.roots.len(), names), (2, vec!["c", "e"]));
        assert_eq!(forest.places, [0, 2, 3, 4, 1]);
    }

    #[test]
    fn only_jobs_of_flows_get_an_id_before_they_are_added() {
        let forest = forest(vec![job("a", None), job("b", Some(0)), job("c", None)]).expect("trees");
        assert!(!forest.roots[0].id.as_str().is_empty() && !forest.roots[0].children[0].id.as_str().is_empty());
        assert_eq!(forest.roots[1].id.as_str(), "");
    }

    #[test]
    fn what_a_list_cannot_have_is_named() {
        let refused = |jobs: Vec<TreeJob>| forest(jobs).expect_err("refused").to_string();
        assert!(refused(vec![job("a", Some(0))]).contains("not before it"));
        let mut deduplicated = job("a", None);
        deduplicated.job.options.deduplication = Some(Deduplication { id: "d".to_owned(), ..Deduplication::default() });
        assert!(forest(vec![deduplicated.clone()]).is_ok());
        assert!(refused(vec![deduplicated, job("b", Some(0))]).contains("deduplication"));
        let mut twice = job("b", Some(0));
        twice.job.options.parent = Some(JobRef { queue: queue(), id: "a".into() });
        assert!(refused(vec![job("a", None), twice]).contains("one parent"));
        let deep = (0..=DEEPEST).map(|level| job("a", level.checked_sub(1))).collect();
        assert!(refused(deep).contains("levels"));
        let mut large = job("a", None);
        large.job.options.size_limit = Some(1);
        assert!(refused(vec![large]).contains("sizeLimit"));
    }
}
