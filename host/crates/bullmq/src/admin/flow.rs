//! A job and its children, as a tree.

use bullmq::QueueKeys;
use serde::Serialize;
use std::collections::HashSet;
use utoipa::ToSchema;

use super::error::AdminError;
use super::handle::Admin;
use super::job::{ChildCounts, children, count_children};
use super::job_reference::{JobReference, reference};
use super::reply::{Field, Fields, lossy, next};
use super::state::{self, QUESTIONS, State};
use toril_job::{JobId, QueueName};

/// The most jobs of one tree. Each job costs about 17 Redis commands.
const MOST_JOBS: usize = 500;
/// The deepest level of the tree that is read.
const DEEPEST: u32 = 20;
/// The most children of one job that are read.
const MOST_CHILDREN: u32 = 100;

/// How much of a flow to read.
#[derive(Clone, Copy, Debug)]
pub struct FlowRequest {
    /// The number of levels below the job, at most 20.
    pub depth: u32,
    /// The number of children of each job, at most 100.
    pub max_children: u32,
}

impl Default for FlowRequest {
    fn default() -> Self {
        Self { depth: 10, max_children: 20 }
    }
}

/// A job and its children.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FlowNode {
    /// The job's queue.
    #[schema(value_type = String)]
    pub queue: QueueName,
    /// Its id.
    #[schema(value_type = String)]
    pub id: JobId,
    /// Its name. None: the job has been removed.
    pub name: Option<String>,
    /// Its state, or `unknown`.
    pub state: String,
    /// Why it failed last.
    pub failed_reason: Option<String>,
    /// The job that waits for it.
    pub parent: Option<JobReference>,
    /// How many children it has.
    pub counts: ChildCounts,
    /// Whether children are left out, since there are too many, or they are too deep.
    pub truncated: bool,
    /// Its children, in the order of their queues and ids.
    #[schema(no_recursion)]
    pub children: Vec<FlowNode>,
}

/// A job whose position in the tree is known, before its children are read.
struct Found {
    node: FlowNode,
    children: Vec<JobReference>,
    /// The index of its parent in the list of all jobs.
    under: Option<usize>,
}

const FIELDS: [&str; 3] = ["name", "failedReason", "parentKey"];

impl Admin {
    /// A job and its children, read level by level with two round trips per level. At most 500 jobs.
    pub async fn flow(&self, queue: &QueueName, id: &JobId, request: FlowRequest) -> Result<FlowNode, AdminError> {
        if request.depth > DEEPEST || request.max_children > MOST_CHILDREN {
            return Err(AdminError::Invalid(format!(
                "a flow is shown to a depth of at most {DEEPEST}, with at most {MOST_CHILDREN} children per job"
            )));
        }
        self.existing(queue, id).await?;
        let mut all: Vec<Found> = Vec::new();
        let mut seen = HashSet::new();
        let mut level = vec![(JobReference { queue: queue.clone(), id: id.clone() }, None)];
        for depth in 0..=request.depth {
            let wanted = if depth < request.depth { request.max_children } else { 0 };
            let found = self.level(&level, wanted).await?;
            let first = all.len();
            all.extend(found);
            level = Vec::new();
            for (place, found) in all.iter_mut().enumerate().skip(first) {
                let all_children = found.node.counts;
                let count =
                    all_children.unprocessed + all_children.processed + all_children.ignored + all_children.failed;
                for child in found.children.drain(..) {
                    // A job can only be its own descendant if a client wrote it by hand. Following it would never end.
                    let new = seen.insert((child.queue.clone(), child.id.clone()));
                    if new && first + level.len() < MOST_JOBS {
                        level.push((child, Some(place)));
                    }
                }
                let followed = level.iter().filter(|(_, under)| *under == Some(place)).count() as u64;
                found.node.truncated = followed < count;
            }
            if level.is_empty() {
                break;
            }
        }
        tree(all).ok_or_else(|| AdminError::NoJob { queue: queue.clone(), id: id.clone() })
    }

    async fn level(
        &self,
        level: &[(JobReference, Option<usize>)],
        max_children: u32,
    ) -> Result<Vec<Found>, AdminError> {
        // A range whose end is before its start is empty. -1 would mean the last element.
        let last = if max_children == 0 { -2_000_000_000 } else { i64::from(max_children) - 1 };
        let parts = level.iter().map(|(job, _)| {
            let mut pipe = redis::pipe();
            let keys = QueueKeys::new(job.queue.as_str(), Some(self.redis.prefix()));
            let key = keys.job_key(job.id.as_str());
            pipe.cmd("HMGET").arg(&key).arg(&FIELDS);
            count_children(&mut pipe, &key);
            // Only the names are read, because the return values of children may be large.
            pipe.cmd("SRANDMEMBER").arg(format!("{key}:dependencies")).arg(max_children);
            pipe.cmd("HRANDFIELD").arg(format!("{key}:processed")).arg(max_children);
            pipe.cmd("HRANDFIELD").arg(format!("{key}:failed")).arg(max_children);
            pipe.cmd("ZRANGE").arg(format!("{key}:unsuccessful")).arg(0).arg(last);
            state::ask(&mut pipe, &keys, &job.id);
            (&job.queue, pipe)
        });
        let mut answers = self.redis.ask_each(&parts.collect::<Vec<_>>()).await?.into_iter();
        let mut found = Vec::with_capacity(level.len());
        for (job, under) in level {
            let fields: Vec<Field> = next(&mut answers)?;
            let counts = children(&mut answers)?;
            let mut keys = Vec::new();
            for _ in 0..4 {
                keys.extend(next::<Vec<Vec<u8>>>(&mut answers)?);
            }
            let states: Vec<redis::Value> = answers.by_ref().take(QUESTIONS).collect();
            let fields = Fields::zip(&FIELDS, fields);
            let prefix = self.redis.prefix();
            let mut children: Vec<_> = keys.iter().filter_map(|key| reference(&lossy(key), prefix)).collect();
            children
                .sort_by(|a, b| (&a.queue, a.id.as_str().len(), &a.id).cmp(&(&b.queue, b.id.as_str().len(), &b.id)));
            children.truncate(usize::try_from(max_children).unwrap_or(usize::MAX));
            let state = state::answer(&QueueKeys::new(job.queue.as_str(), Some(prefix)), &states);
            found.push(Found {
                node: FlowNode {
                    queue: job.queue.clone(),
                    id: job.id.clone(),
                    name: fields.text("name"),
                    state: state.map_or("unknown", State::name).to_owned(),
                    failed_reason: fields.text("failedReason"),
                    parent: fields.text("parentKey").and_then(|key| reference(&key, prefix)),
                    counts,
                    truncated: false,
                    children: Vec::new(),
                },
                children,
                under: *under,
            });
        }
        Ok(found)
    }
}

/// Attaches each job to its parent, starting with the deepest.
fn tree(mut all: Vec<Found>) -> Option<FlowNode> {
    while let Some(mut found) = all.pop() {
        found.node.children.reverse();
        match found.under.and_then(|place| all.get_mut(place)) {
            Some(parent) => parent.node.children.push(found.node),
            None => return Some(found.node),
        }
    }
    None
}
