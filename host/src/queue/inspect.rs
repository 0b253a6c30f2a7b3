//! Looking at queues and jobs: what `toril queues` and `toril job` show.

use std::collections::HashMap;

use bullmq::Queue;
use serde::Serialize;
use serde_json::Value;

use super::connection::{ConnectError, Redis};

/// How many jobs of a queue are in which state.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct QueueView {
    /// The queue's name.
    pub name: String,
    /// Whether it is paused.
    pub paused: bool,
    /// Jobs that can be claimed.
    pub waiting: u64,
    /// Jobs that are being run.
    pub active: u64,
    /// Jobs whose time has not come.
    pub delayed: u64,
    /// Jobs with a priority that can be claimed.
    pub prioritized: u64,
    /// Jobs that wait for their children.
    pub waiting_children: u64,
    /// Jobs that are done and kept.
    pub completed: u64,
    /// Jobs that have failed for good and are kept.
    pub failed: u64,
}

/// One job, with everything that Redis holds of it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JobView {
    /// The job's id.
    pub id: String,
    /// Its queue.
    pub queue: String,
    /// Its name.
    pub name: String,
    /// `waiting`, `active`, `delayed`, `prioritized`, `waiting-children`, `completed`, `failed` or `unknown`.
    pub state: String,
    /// Its payload.
    pub data: Value,
    /// Its options.
    pub opts: Value,
    /// Its progress.
    pub progress: Value,
    /// Attempts that were counted.
    pub attempts_made: u32,
    /// Attempts that were started.
    pub attempts_started: u32,
    /// When it was added, in milliseconds since the Unix epoch.
    pub timestamp: u64,
    /// When it was last claimed.
    pub processed_on: Option<u64>,
    /// When it ended.
    pub finished_on: Option<u64>,
    /// What it returned.
    pub returnvalue: Value,
    /// Why it failed last.
    pub failed_reason: Option<String>,
    /// The stack of each failed attempt that is kept.
    pub stacktrace: Value,
    /// Its log.
    pub logs: Vec<String>,
}

/// Counts the jobs of a queue.
pub async fn queue(redis: &Redis, name: &str) -> Result<QueueView, ConnectError> {
    count(&redis.queue(name).await?).await
}

/// Counts the jobs of a queue that is at hand.
pub(super) async fn count(queue: &Queue) -> Result<QueueView, ConnectError> {
    let counts = queue.get_job_counts().await?;
    Ok(QueueView {
        name: queue.name().to_owned(),
        paused: queue.is_paused().await?,
        waiting: counts.waiting + counts.paused,
        active: counts.active,
        delayed: counts.delayed,
        prioritized: counts.prioritized,
        waiting_children: counts.waiting_children,
        completed: counts.completed,
        failed: counts.failed,
    })
}

/// Looks at one job. None: there is no such job.
pub async fn job(redis: &Redis, queue_name: &str, id: &str) -> Result<Option<JobView>, ConnectError> {
    let queue = redis.queue(queue_name).await?;
    let Some(job) = queue.get_job(id).await? else { return Ok(None) };
    // The fields that the client's own type does not tell, or not as they are.
    let key = queue.keys().job_key(id);
    let fields: HashMap<String, String> = queue.connection().cmd(redis::cmd("HGETALL").arg(key)).await?;
    let json = |field: &str| fields.get(field).map_or(Value::Null, |text| parse(text));
    let state = queue.get_job_state(id).await?;
    Ok(Some(JobView {
        id: id.to_owned(),
        queue: queue_name.to_owned(),
        name: job.name().to_owned(),
        state: match state {
            bullmq::JobState::Waiting => "waiting".to_owned(),
            other => other.as_str().to_owned(),
        },
        data: json("data"),
        opts: json("opts"),
        progress: json("progress"),
        attempts_made: job.attempts_made(),
        attempts_started: job.attempts_started(),
        timestamp: job.timestamp(),
        processed_on: job.processed_on(),
        finished_on: job.finished_on(),
        returnvalue: json("returnvalue"),
        failed_reason: fields.get("failedReason").cloned(),
        stacktrace: json("stacktrace"),
        logs: queue.get_job_logs(id, 0, -1, true).await?.0,
    }))
}

/// A field that should be JSON and need not be.
pub(super) fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}
