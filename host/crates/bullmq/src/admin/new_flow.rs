//! Adds a flow: a tree of jobs, in which each job waits for its children.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::error::AdminError;
use super::handle::Admin;
use super::job_options::NewJobOptions;
use super::new_job::NewJob;
use crate::insert_flow::{InsertError, Node, insert};
use toril_job::{JobId, QueueName};

/// The most jobs of one flow. Redis is blocked while they are added.
const MOST_JOBS: usize = 10_000;
/// The most levels of a flow.
const DEEPEST: usize = 50;

/// A job of a new flow, with the names of BullMQ's `FlowProducer`. Unset options default to its queue's entry in the
/// configuration.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewFlow {
    /// The job's name.
    #[schema(min_length = 1, max_length = 1024)]
    pub name: String,
    /// Its queue.
    #[schema(value_type = String, min_length = 1, max_length = 1024)]
    pub queue_name: QueueName,
    /// Its payload: any JSON. Default: `{}`.
    #[serde(default = "super::new_job::empty")]
    pub data: Value,
    /// Its options, with BullMQ's names. Only the first job may have a `parent`, and no job with a parent or with children
    /// may have a `deduplication`.
    #[serde(default)]
    pub opts: NewJobOptions,
    /// The jobs that it waits for.
    #[serde(default)]
    #[schema(no_recursion)]
    pub children: Vec<NewFlow>,
}

/// A job of a flow that was added.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AddedFlow {
    /// Its queue.
    #[schema(value_type = String)]
    pub queue: QueueName,
    /// Its id.
    #[schema(value_type = String)]
    pub id: JobId,
    /// The jobs that it waits for.
    #[schema(no_recursion)]
    pub children: Vec<AddedFlow>,
}

impl Admin {
    /// Adds a flow in one transaction. All its jobs are checked first. In a cluster, all its queues must be in one
    /// slot.
    pub async fn add_flow(&self, flow: NewFlow) -> Result<AddedFlow, AdminError> {
        let mut queues = std::collections::BTreeSet::new();
        let jobs = count(&flow, &mut queues, 1)?;
        if jobs > MOST_JOBS {
            return Err(AdminError::Invalid(format!("a flow has at most {MOST_JOBS} jobs, not {jobs}")));
        }
        for queue in &queues {
            self.keys(queue).await?;
            self.redis.check_parent(queue, &flow.queue_name)?;
        }
        let root = self.node(flow, &Place::Root)?;
        if let Some(parent) = &root.spec.options.parent {
            self.redis.check_parent(&root.spec.queue, &parent.queue)?;
        }
        insert(&self.redis, std::slice::from_ref(&root)).await.map_err(|error| match error {
            InsertError::Redis(error) => AdminError::of_added(error),
            other => AdminError::Conflict(other.to_string()),
        })?;
        Ok(added(root))
    }

    /// A checked job of the flow, with its id.
    fn node(&self, flow: NewFlow, place: &Place) -> Result<Node, AdminError> {
        let NewFlow { name, queue_name: queue, data, opts, children } = flow;
        let wrong = |why: &str| AdminError::Invalid(format!("job {name:?} of queue {queue}: {why}"));
        check(&opts, place, !children.is_empty()).map_err(wrong)?;
        let job = NewJob { name: name.clone(), data, opts };
        let checked = self.spec(&queue, job).and_then(|spec| self.check_backoff(&spec).map(|()| spec));
        let spec = checked.map_err(|error| match error {
            AdminError::Invalid(why) => wrong(&why),
            other => other,
        })?;
        if let Some(most) = spec.options.size_limit.filter(|most| spec.data.to_string().len() > *most) {
            return Err(wrong(&format!("its data is larger than {most} bytes, its sizeLimit")));
        }
        let id = spec.options.id.clone().unwrap_or_else(|| JobId::from(Uuid::new_v4().to_string()));
        let children = children.into_iter().map(|child| self.node(child, &Place::Child)).collect::<Result<_, _>>()?;
        Ok(Node { spec, id, children })
    }
}

enum Place {
    Root,
    Child,
}

/// Counts the jobs of a flow, and collects their queues.
fn count(
    flow: &NewFlow,
    queues: &mut std::collections::BTreeSet<QueueName>,
    depth: usize,
) -> Result<usize, AdminError> {
    if depth > DEEPEST {
        return Err(AdminError::Invalid(format!("a flow has at most {DEEPEST} levels")));
    }
    queues.insert(flow.queue_name.clone());
    flow.children.iter().try_fold(1, |jobs, child| Ok(jobs + count(child, queues, depth + 1)?))
}

/// Checks the rules that concern the job's position in the flow.
fn check(opts: &NewJobOptions, place: &Place, has_children: bool) -> Result<(), &'static str> {
    let is_child = matches!(place, Place::Child);
    if is_child && opts.parent.is_some() {
        return Err("only the first job of a flow may have a parent");
    }
    if opts.deduplication.is_some() && (is_child || has_children) {
        return Err("a job with a parent or with children cannot have a deduplication");
    }
    match &opts.job_id {
        Some(id) if is_integer(id.as_str()) => Err("jobId must not be an integer, since BullMQ counts its own ids"),
        // BullMQ's own ids for jobs of repeatable jobs have two colons.
        Some(id) if ![1, 3].contains(&id.as_str().split(':').count()) => Err("jobId must not contain a colon"),
        _ => Ok(()),
    }
}

fn is_integer(id: &str) -> bool {
    let digits = id.strip_prefix('-').unwrap_or(id);
    let leading_zero = digits.len() > 1 && digits.starts_with('0');
    !digits.is_empty() && !leading_zero && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn added(node: Node) -> AddedFlow {
    AddedFlow { queue: node.spec.queue, id: node.id, children: node.children.into_iter().map(added).collect() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn flow(document: Value) -> NewFlow {
        serde_json::from_value(document).expect("a flow")
    }

    #[test]
    fn jobs_and_queues_of_all_levels_are_counted() {
        let tree = flow(json!({ "name": "a", "queueName": "q", "children": [
            { "name": "b", "queueName": "r", "children": [{ "name": "c", "queueName": "q" }] },
            { "name": "d", "queueName": "s" },
        ] }));
        let mut queues = std::collections::BTreeSet::new();
        assert_eq!(count(&tree, &mut queues, 1).expect("counted"), 4);
        assert_eq!(queues.into_iter().collect::<Vec<_>>(), ["q", "r", "s"]);
    }

    #[test]
    fn a_flow_that_is_too_deep_is_refused() {
        let leaf = json!({ "name": "a", "queueName": "q" });
        let deep = (0..DEEPEST).fold(leaf, |child, _| json!({ "name": "a", "queueName": "q", "children": [child] }));
        assert!(count(&flow(deep), &mut Default::default(), 1).is_err());
    }

    #[test]
    fn what_a_job_of_a_flow_cannot_have_is_named() {
        let opts = |document: Value| serde_json::from_value::<NewJobOptions>(document).expect("options");
        let parent = opts(json!({ "parent": { "queue": "q", "id": "a" } }));
        assert!(check(&parent, &Place::Root, true).is_ok());
        assert!(check(&parent, &Place::Child, false).is_err());
        let deduplicated = opts(json!({ "deduplication": { "id": "a" } }));
        assert!(check(&deduplicated, &Place::Root, false).is_ok());
        assert!(check(&deduplicated, &Place::Root, true).is_err());
        assert!(check(&deduplicated, &Place::Child, false).is_err());
        for (id, fine) in [("12", false), ("-1", false), ("012", true), ("a:b", false), ("a:b:c", true), ("a1", true)] {
            assert_eq!(check(&opts(json!({ "jobId": id })), &Place::Root, true).is_ok(), fine, "{id}");
        }
    }
}
