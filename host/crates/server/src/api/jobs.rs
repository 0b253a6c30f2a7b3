//! Jobs: listing, reading, adding and changing them.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::extract::{Body, Params, Segments};
use crate::problem::Problem;
use toril_bullmq::admin::{
    self, AddedJob, Admin, BulkAdded, Children, FlowNode, FlowRequest, JobDetails, JobPage, LogPage, NewJob, Order,
    PageRequest, RetryAttempts,
};

/// The limit of jobs that one request adds.
const MOST_ADDED: usize = 1000;

/// Which jobs are listed.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListParams {
    /// In this state.
    #[param(inline)]
    state: admin::State,
    /// The place of the first one, from 0.
    #[serde(default)]
    start: u64,
    /// The place of the last one, which is part of the page: at most 999 after the first. Without it 19 after.
    end: Option<u64>,
    /// The oldest first, or whose time comes first.
    #[serde(default)]
    asc: bool,
}

/// The jobs of a queue that are in one state.
#[utoipa::path(get, path = "/queues/{queue}/jobs", operation_id = "listJobs", tag = "jobs",
    params(("queue" = String, Path, description = "The queue"), ListParams), responses(
    (status = 200, description = "The jobs", body = JobPage),
    Problem,
))]
pub async fn list(
    State(admin): State<Admin>,
    Segments(queue): Segments<String>,
    Params(params): Params<ListParams>,
) -> Result<Json<JobPage>, Problem> {
    let end = params.end.unwrap_or(params.start.saturating_add(19));
    let request = PageRequest { state: params.state, start: params.start, end, ascending: params.asc };
    Ok(Json(admin.jobs(&queue, request).await?))
}

/// Add a job. What it does not say comes from the queue's entry in the configuration.
#[utoipa::path(post, path = "/queues/{queue}/jobs", operation_id = "addJob", tag = "jobs", request_body = NewJob,
    params(("queue" = String, Path, description = "The queue")), responses(
    (status = 201, description = "It is added", body = AddedJob),
    Problem,
))]
pub async fn add(
    State(admin): State<Admin>,
    Segments(queue): Segments<String>,
    Body(job): Body<NewJob>,
) -> Result<(StatusCode, Json<AddedJob>), Problem> {
    Ok((StatusCode::CREATED, Json(admin.add(&queue, job).await?)))
}

/// Jobs to be added.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Bulk {
    /// The jobs.
    #[schema(max_items = 1000)]
    jobs: Vec<NewJob>,
}

/// Add jobs in their order. If one of them is wrong, none is added.
#[utoipa::path(post, path = "/queues/{queue}/bulk", operation_id = "addJobs", tag = "jobs", request_body = Bulk,
    params(("queue" = String, Path, description = "The queue")), responses(
    (status = 201, description = "They are added", body = BulkAdded),
    Problem,
))]
pub async fn add_bulk(
    State(admin): State<Admin>,
    Segments(queue): Segments<String>,
    Body(bulk): Body<Bulk>,
) -> Result<(StatusCode, Json<BulkAdded>), Problem> {
    if bulk.jobs.len() > MOST_ADDED {
        let why = format!("one request adds at most {MOST_ADDED} jobs");
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, why));
    }
    match admin.add_bulk(&queue, bulk.jobs).await {
        Ok(added) => Ok((StatusCode::CREATED, Json(added))),
        Err((number, admin::AdminError::Invalid(reason))) => {
            let why = format!("job {number} (from 0): {reason}; none was added");
            Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, why))
        }
        Err((_, error)) => Err(error.into()),
    }
}

/// One job, with everything that Redis holds of it. What is marked as secret is redacted.
#[utoipa::path(get, path = "/queues/{queue}/jobs/{id}", operation_id = "getJob", tag = "jobs",
    params(("queue" = String, Path, description = "The queue"), ("id" = String, Path, description = "The job")),
    responses(
    (status = 200, description = "The job", body = JobDetails),
    Problem,
))]
pub async fn show(
    State(admin): State<Admin>,
    Segments((queue, id)): Segments<(String, String)>,
) -> Result<Json<JobDetails>, Problem> {
    Ok(Json(admin.job_details(&queue, &id).await?))
}

/// What is removed.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RemoveParams {
    /// Leave the job's children where they are.
    #[serde(default)]
    keep_children: bool,
}

/// Remove a job that no worker has.
#[utoipa::path(delete, path = "/queues/{queue}/jobs/{id}", operation_id = "removeJob", tag = "jobs",
    params(("queue" = String, Path, description = "The queue"), ("id" = String, Path, description = "The job"),
        RemoveParams),
    responses(
    (status = 204, description = "It is removed"),
    Problem,
))]
pub async fn remove(
    State(admin): State<Admin>,
    Segments((queue, id)): Segments<(String, String)>,
    Params(params): Params<RemoveParams>,
) -> Result<StatusCode, Problem> {
    let children = if params.keep_children { Children::Keep } else { Children::Remove };
    admin.remove(&queue, &id, children).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Which lines are shown.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LogParams {
    /// The first one, from 0.
    #[serde(default)]
    start: u64,
    /// The last one, which is part of the page: at most 999 after the first. Without it 99 after.
    end: Option<u64>,
}

/// Lines of a job's log.
#[utoipa::path(get, path = "/queues/{queue}/jobs/{id}/logs", operation_id = "getJobLogs", tag = "jobs",
    params(("queue" = String, Path, description = "The queue"), ("id" = String, Path, description = "The job"),
        LogParams),
    responses(
    (status = 200, description = "The lines", body = LogPage),
    Problem,
))]
pub async fn logs(
    State(admin): State<Admin>,
    Segments((queue, id)): Segments<(String, String)>,
    Params(params): Params<LogParams>,
) -> Result<Json<LogPage>, Problem> {
    let end = params.end.unwrap_or(params.start.saturating_add(99));
    Ok(Json(admin.job_logs(&queue, &id, params.start, end).await?))
}

/// How much of a flow is shown.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FlowParams {
    /// How many levels below the job. Without it 10.
    #[param(maximum = 20)]
    depth: Option<u32>,
    /// How many children of each job. Without it 20.
    #[param(maximum = 100)]
    max_children: Option<u32>,
}

/// A job and its children, as a tree of at most 500 jobs.
#[utoipa::path(get, path = "/queues/{queue}/jobs/{id}/flow", operation_id = "getFlow", tag = "jobs",
    params(("queue" = String, Path, description = "The queue"), ("id" = String, Path, description = "The job"),
        FlowParams),
    responses(
    (status = 200, description = "The tree", body = FlowNode),
    Problem,
))]
pub async fn flow(
    State(admin): State<Admin>,
    Segments((queue, id)): Segments<(String, String)>,
    Params(params): Params<FlowParams>,
) -> Result<Json<FlowNode>, Problem> {
    let default = FlowRequest::default();
    let request = FlowRequest {
        depth: params.depth.unwrap_or(default.depth),
        max_children: params.max_children.unwrap_or(default.max_children),
    };
    Ok(Json(admin.flow(&queue, &id, request).await?))
}

/// How a job is retried.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RetryParams {
    /// Give it all its attempts again. Without it, it has one.
    #[serde(default)]
    reset_attempts: bool,
}

/// Run a job again that has failed or completed.
#[utoipa::path(post, path = "/queues/{queue}/jobs/{id}/retry", operation_id = "retryJob", tag = "jobs",
    params(("queue" = String, Path, description = "The queue"), ("id" = String, Path, description = "The job"),
        RetryParams),
    responses(
    (status = 204, description = "It waits again"),
    Problem,
))]
pub async fn retry(
    State(admin): State<Admin>,
    Segments((queue, id)): Segments<(String, String)>,
    Params(params): Params<RetryParams>,
) -> Result<StatusCode, Problem> {
    let attempts = if params.reset_attempts { RetryAttempts::All } else { RetryAttempts::One };
    admin.retry(&queue, &id, attempts).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Let a delayed job be claimed now.
#[utoipa::path(post, path = "/queues/{queue}/jobs/{id}/promote", operation_id = "promoteJob", tag = "jobs",
    params(("queue" = String, Path, description = "The queue"), ("id" = String, Path, description = "The job")),
    responses(
    (status = 204, description = "It can be claimed"),
    Problem,
))]
pub async fn promote(
    State(admin): State<Admin>,
    Segments((queue, id)): Segments<(String, String)>,
) -> Result<StatusCode, Problem> {
    admin.promote(&queue, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A priority.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Priority {
    /// 1 goes first, 2097151 last, and 0 before those.
    #[schema(maximum = 2_097_151)]
    priority: u32,
    /// Before the others of that priority.
    #[serde(default)]
    lifo: bool,
}

/// Give a job that is still to run another priority.
#[utoipa::path(put, path = "/queues/{queue}/jobs/{id}/priority", operation_id = "changePriority", tag = "jobs",
    request_body = Priority,
    params(("queue" = String, Path, description = "The queue"), ("id" = String, Path, description = "The job")),
    responses(
    (status = 204, description = "It has it"),
    Problem,
))]
pub async fn change_priority(
    State(admin): State<Admin>,
    Segments((queue, id)): Segments<(String, String)>,
    Body(body): Body<Priority>,
) -> Result<StatusCode, Problem> {
    let order = if body.lifo { Order::Lifo } else { Order::Fifo };
    admin.change_priority(&queue, &id, body.priority, order).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A delay.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Delay {
    /// Milliseconds from now.
    #[schema(maximum = 3_153_600_000_000u64)]
    delay: u64,
}

/// Give a delayed job another delay.
#[utoipa::path(put, path = "/queues/{queue}/jobs/{id}/delay", operation_id = "changeDelay", tag = "jobs",
    request_body = Delay,
    params(("queue" = String, Path, description = "The queue"), ("id" = String, Path, description = "The job")),
    responses(
    (status = 204, description = "It has it"),
    Problem,
))]
pub async fn change_delay(
    State(admin): State<Admin>,
    Segments((queue, id)): Segments<(String, String)>,
    Body(body): Body<Delay>,
) -> Result<StatusCode, Problem> {
    admin.change_delay(&queue, &id, body.delay).await?;
    Ok(StatusCode::NO_CONTENT)
}
