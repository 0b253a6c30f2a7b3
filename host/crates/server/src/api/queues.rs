//! Queues, and operations on all jobs of a queue.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;

use super::extract::{Params, Segments};
use crate::problem::Problem;
use toril_bullmq::admin::{
    ActiveJobs, Admin, Cleaned, DelayedJobs, PauseState, PriorityCount, QueueDetails, Retried, Trimmed, WorkerClient,
};

/// The limit of jobs that one request removes.
const MOST_CLEANED: u64 = 100_000;

/// The queues that the configuration names, with how many jobs are in which state.
#[utoipa::path(get, path = "/queues", operation_id = "listQueues", tag = "queues", responses(
    (status = 200, description = "The queues", body = Vec<QueueDetails>),
    Problem,
))]
pub async fn list(State(admin): State<Admin>) -> Result<Json<Vec<QueueDetails>>, Problem> {
    Ok(Json(admin.queues().await?))
}

/// One queue, which Redis or the configuration knows.
#[utoipa::path(get, path = "/queues/{queue}", operation_id = "getQueue", tag = "queues",
    params(("queue" = String, Path, description = "The queue")), responses(
    (status = 200, description = "The queue", body = QueueDetails),
    Problem,
))]
pub async fn show(
    State(admin): State<Admin>,
    Segments(queue): Segments<String>,
) -> Result<Json<QueueDetails>, Problem> {
    Ok(Json(admin.queue_details(&queue).await?))
}

/// Let no job of the queue be claimed, on any host. What runs goes on.
#[utoipa::path(post, path = "/queues/{queue}/pause", operation_id = "pauseQueue", tag = "queues",
    params(("queue" = String, Path, description = "The queue")), responses(
    (status = 200, description = "It is paused", body = PauseState),
    Problem,
))]
pub async fn pause(State(admin): State<Admin>, Segments(queue): Segments<String>) -> Result<Json<PauseState>, Problem> {
    Ok(Json(admin.pause(&queue).await?))
}

/// Let jobs of the queue be claimed again.
#[utoipa::path(post, path = "/queues/{queue}/resume", operation_id = "resumeQueue", tag = "queues",
    params(("queue" = String, Path, description = "The queue")), responses(
    (status = 200, description = "It is not paused", body = PauseState),
    Problem,
))]
pub async fn resume(
    State(admin): State<Admin>,
    Segments(queue): Segments<String>,
) -> Result<Json<PauseState>, Problem> {
    Ok(Json(admin.resume(&queue).await?))
}

/// What is drained.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DrainParams {
    /// Also jobs whose time has not come.
    #[serde(default)]
    delayed: bool,
}

/// Remove every job that waits. Not those that run, have ended, or are the next ones of job schedulers.
#[utoipa::path(post, path = "/queues/{queue}/drain", operation_id = "drainQueue", tag = "queues",
    params(("queue" = String, Path, description = "The queue"), DrainParams), responses(
    (status = 204, description = "They are removed"),
    Problem,
))]
pub async fn drain(
    State(admin): State<Admin>,
    Segments(queue): Segments<String>,
    Params(params): Params<DrainParams>,
) -> Result<StatusCode, Problem> {
    let delayed = if params.delayed { DelayedJobs::Remove } else { DelayedJobs::Keep };
    admin.drain(&queue, delayed).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What is cleaned.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CleanParams {
    /// Jobs in this state; `waiting-children` cannot be cleaned.
    #[param(inline)]
    state: toril_bullmq::admin::State,
    /// Only those that have been there for longer, in milliseconds.
    older_than: u64,
    /// At most so many.
    #[serde(default = "some")]
    #[param(minimum = 1, maximum = 100_000, default = 1000)]
    limit: u64,
}

fn some() -> u64 {
    1000
}

/// Remove jobs by state and age.
#[utoipa::path(post, path = "/queues/{queue}/clean", operation_id = "cleanQueue", tag = "queues",
    params(("queue" = String, Path, description = "The queue"), CleanParams), responses(
    (status = 200, description = "How many are removed", body = Cleaned),
    Problem,
))]
pub async fn clean(
    State(admin): State<Admin>,
    Segments(queue): Segments<String>,
    Params(params): Params<CleanParams>,
) -> Result<Json<Cleaned>, Problem> {
    if !(1..=MOST_CLEANED).contains(&params.limit) {
        let why = format!("limit is from 1 to {MOST_CLEANED}, not {}", params.limit);
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, why));
    }
    let age = Duration::from_millis(params.older_than);
    Ok(Json(admin.clean(&queue, params.state, age, Some(params.limit)).await?))
}

/// Run every job again that has failed.
#[utoipa::path(post, path = "/queues/{queue}/retry", operation_id = "retryFailedJobs", tag = "queues",
    params(("queue" = String, Path, description = "The queue")), responses(
    (status = 200, description = "How many wait again", body = Retried),
    Problem,
))]
pub async fn retry_all(
    State(admin): State<Admin>,
    Segments(queue): Segments<String>,
) -> Result<Json<Retried>, Problem> {
    Ok(Json(admin.retry_all(&queue).await?))
}

/// What is removed with a queue.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ObliterateParams {
    /// Also active jobs, whose workers then lose them.
    #[serde(default)]
    force: bool,
}

/// Remove a paused queue with every job in it, its job schedulers and its events.
#[utoipa::path(post, path = "/queues/{queue}/obliterate", operation_id = "obliterateQueue", tag = "queues",
    params(("queue" = String, Path, description = "The queue"), ObliterateParams), responses(
    (status = 204, description = "It is removed"),
    Problem,
))]
pub async fn obliterate(
    State(admin): State<Admin>,
    Segments(queue): Segments<String>,
    Params(params): Params<ObliterateParams>,
) -> Result<StatusCode, Problem> {
    let active = if params.force { ActiveJobs::Remove } else { ActiveJobs::Refuse };
    admin.obliterate(&queue, active).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Which priorities are counted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PriorityParams {
    /// Priorities, separated by commas, such as `1,5`. Without it: those that there are.
    priorities: Option<String>,
}

/// How many jobs wait with which priority. 0 counts jobs without one.
#[utoipa::path(get, path = "/queues/{queue}/priorities", operation_id = "countsPerPriority", tag = "queues",
    params(("queue" = String, Path, description = "The queue"), PriorityParams), responses(
    (status = 200, description = "A count for each priority", body = Vec<PriorityCount>),
    Problem,
))]
pub async fn priorities(
    State(admin): State<Admin>,
    Segments(queue): Segments<String>,
    Params(params): Params<PriorityParams>,
) -> Result<Json<Vec<PriorityCount>>, Problem> {
    let named = params.priorities.as_deref().unwrap_or_default().split(',').filter(|text| !text.is_empty());
    let wanted: Vec<u64> = named.map(str::parse).collect::<Result<_, _>>().map_err(|_| {
        let why = "priorities are whole numbers, separated by commas";
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, why)
    })?;
    Ok(Json(admin.counts_per_priority(&queue, &wanted).await?))
}

/// The workers that are connected to the queue, of whatever language.
#[utoipa::path(get, path = "/queues/{queue}/workers", operation_id = "listWorkers", tag = "queues",
    params(("queue" = String, Path, description = "The queue")), responses(
    (status = 200, description = "The workers", body = Vec<WorkerClient>),
    Problem,
))]
pub async fn workers(
    State(admin): State<Admin>,
    Segments(queue): Segments<String>,
) -> Result<Json<Vec<WorkerClient>>, Problem> {
    Ok(Json(admin.workers(&queue).await?))
}

/// How many events stay.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TrimParams {
    /// So many of the newest, or some more: Redis removes whole blocks of events.
    keep: u64,
}

/// Remove the oldest events of the queue.
#[utoipa::path(post, path = "/queues/{queue}/events/trim", operation_id = "trimEvents", tag = "events",
    params(("queue" = String, Path, description = "The queue"), TrimParams), responses(
    (status = 200, description = "How many are removed", body = Trimmed),
    Problem,
))]
pub async fn trim_events(
    State(admin): State<Admin>,
    Segments(queue): Segments<String>,
    Params(params): Params<TrimParams>,
) -> Result<Json<Trimmed>, Problem> {
    Ok(Json(admin.trim_events(&queue, params.keep).await?))
}
