//! Queues, and operations on all jobs of a queue.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::NoContent;
use serde::Deserialize;
use utoipa::IntoParams;

use super::answer::{Answer, Done};
use super::extract::{InQueue, Params};
use crate::problem::Problem;
use toril_bullmq::admin::{
    ActiveJobs, Admin, Cleaned, DelayedJobs, PauseState, PriorityCount, QueueDetails, Retried, Trimmed, WorkerClient,
};

/// The limit of jobs that one request removes.
const MOST_CLEANED: u64 = 100_000;

/// List the queues of the configuration, with the number of jobs in each state.
#[utoipa::path(get, path = "/queues", operation_id = "listQueues", tag = "queues", responses(
    (status = 200, description = "The queues", body = Vec<QueueDetails>),
    Problem,
))]
pub async fn list(State(admin): State<Admin>) -> Answer<Vec<QueueDetails>> {
    Ok(Json(admin.queues().await?))
}

/// Get a queue of the configuration or of Redis.
#[utoipa::path(get, path = "/queues/{queue}", operation_id = "getQueue", tag = "queues",
    params(InQueue), responses(
    (status = 200, description = "The queue", body = QueueDetails),
    Problem,
))]
pub async fn show(InQueue { admin, queue }: InQueue) -> Answer<QueueDetails> {
    Ok(Json(admin.queue_details(&queue).await?))
}

/// Pause the queue on all hosts. Active jobs continue.
#[utoipa::path(post, path = "/queues/{queue}/pause", operation_id = "pauseQueue", tag = "queues",
    params(InQueue), responses(
    (status = 200, description = "The queue is paused", body = PauseState),
    Problem,
))]
pub async fn pause(InQueue { admin, queue }: InQueue) -> Answer<PauseState> {
    Ok(Json(admin.pause(&queue).await?))
}

/// Resume a paused queue.
#[utoipa::path(post, path = "/queues/{queue}/resume", operation_id = "resumeQueue", tag = "queues",
    params(InQueue), responses(
    (status = 200, description = "The queue is not paused", body = PauseState),
    Problem,
))]
pub async fn resume(InQueue { admin, queue }: InQueue) -> Answer<PauseState> {
    Ok(Json(admin.resume(&queue).await?))
}

/// The query of `drainQueue`.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DrainParams {
    /// Remove delayed jobs too.
    #[serde(default)]
    delayed: bool,
}

/// Remove all waiting jobs. Active and finished jobs stay, and so do the next jobs of job schedulers.
#[utoipa::path(post, path = "/queues/{queue}/drain", operation_id = "drainQueue", tag = "queues",
    params(InQueue, DrainParams), responses(
    (status = 204, description = "The jobs were removed"),
    Problem,
))]
pub async fn drain(InQueue { admin, queue }: InQueue, Params(params): Params<DrainParams>) -> Done {
    let delayed = if params.delayed { DelayedJobs::Remove } else { DelayedJobs::Keep };
    admin.drain(&queue, delayed).await?;
    Ok(NoContent)
}

/// The query of `cleanQueue`.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CleanParams {
    /// The state of the jobs. `waiting-children` cannot be cleaned.
    #[param(inline)]
    state: toril_bullmq::admin::State,
    /// The minimum age of the jobs, in milliseconds.
    older_than: u64,
    /// The most jobs to remove.
    #[serde(default = "some")]
    #[param(minimum = 1, maximum = 100_000, default = 1000)]
    limit: u64,
}

fn some() -> u64 {
    1000
}

/// Remove jobs by state and age.
#[utoipa::path(post, path = "/queues/{queue}/clean", operation_id = "cleanQueue", tag = "queues",
    params(InQueue, CleanParams), responses(
    (status = 200, description = "The number of removed jobs", body = Cleaned),
    Problem,
))]
pub async fn clean(InQueue { admin, queue }: InQueue, Params(params): Params<CleanParams>) -> Answer<Cleaned> {
    if !(1..=MOST_CLEANED).contains(&params.limit) {
        let why = format!("limit is from 1 to {MOST_CLEANED}, not {}", params.limit);
        return Err(Problem::invalid(why));
    }
    let age = Duration::from_millis(params.older_than);
    Ok(Json(admin.clean(&queue, params.state, age, Some(params.limit)).await?))
}

/// Retry all failed jobs.
#[utoipa::path(post, path = "/queues/{queue}/retry", operation_id = "retryFailedJobs", tag = "queues",
    params(InQueue), responses(
    (status = 200, description = "The number of retried jobs", body = Retried),
    Problem,
))]
pub async fn retry_all(InQueue { admin, queue }: InQueue) -> Answer<Retried> {
    Ok(Json(admin.retry_all(&queue).await?))
}

/// The query of `obliterateQueue`.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ObliterateParams {
    /// Remove active jobs too. Their workers lose them.
    #[serde(default)]
    force: bool,
}

/// Remove a paused queue with all its jobs, job schedulers and events.
#[utoipa::path(post, path = "/queues/{queue}/obliterate", operation_id = "obliterateQueue", tag = "queues",
    params(InQueue, ObliterateParams), responses(
    (status = 204, description = "The queue was removed"),
    Problem,
))]
pub async fn obliterate(InQueue { admin, queue }: InQueue, Params(params): Params<ObliterateParams>) -> Done {
    let active = if params.force { ActiveJobs::Remove } else { ActiveJobs::Refuse };
    admin.obliterate(&queue, active).await?;
    Ok(NoContent)
}

/// The query of `countsPerPriority`.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PriorityParams {
    /// Priorities, separated by commas, such as `1,5`. Default: all priorities that jobs have.
    priorities: Option<String>,
}

/// Count the waiting jobs of each priority. 0 counts jobs without a priority.
#[utoipa::path(get, path = "/queues/{queue}/priorities", operation_id = "countsPerPriority", tag = "queues",
    params(InQueue, PriorityParams), responses(
    (status = 200, description = "The number of jobs of each priority", body = Vec<PriorityCount>),
    Problem,
))]
pub async fn priorities(
    InQueue { admin, queue }: InQueue,
    Params(params): Params<PriorityParams>,
) -> Answer<Vec<PriorityCount>> {
    let named = params.priorities.as_deref().unwrap_or_default().split(',').filter(|text| !text.is_empty());
    let wanted: Vec<u64> = named.map(str::parse).collect::<Result<_, _>>().map_err(|_| {
        let why = "priorities are whole numbers, separated by commas";
        Problem::invalid(why)
    })?;
    Ok(Json(admin.counts_per_priority(&queue, &wanted).await?))
}

/// List the workers that are connected to the queue, in any language.
#[utoipa::path(get, path = "/queues/{queue}/workers", operation_id = "listWorkers", tag = "queues",
    params(InQueue), responses(
    (status = 200, description = "The workers", body = Vec<WorkerClient>),
    Problem,
))]
pub async fn workers(InQueue { admin, queue }: InQueue) -> Answer<Vec<WorkerClient>> {
    Ok(Json(admin.workers(&queue).await?))
}

/// The query of `trimEvents`.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TrimParams {
    /// The number of newest events to keep. Redis removes whole blocks of events, so it may keep some more.
    keep: u64,
}

/// Remove the oldest events of the queue.
#[utoipa::path(post, path = "/queues/{queue}/events/trim", operation_id = "trimEvents", tag = "events",
    params(InQueue, TrimParams), responses(
    (status = 200, description = "The number of removed events", body = Trimmed),
    Problem,
))]
pub async fn trim_events(InQueue { admin, queue }: InQueue, Params(params): Params<TrimParams>) -> Answer<Trimmed> {
    Ok(Json(admin.trim_events(&queue, params.keep).await?))
}
