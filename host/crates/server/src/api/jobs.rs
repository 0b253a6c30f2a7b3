//! Jobs: listing, reading, adding and changing them.

use axum::Json;
use axum::http::StatusCode;
use axum::response::NoContent;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::answer::{Answer, Created, Done};
use super::extract::{Body, InQueue, OnJob, Params};
use crate::problem::Problem;
use toril_bullmq::admin::{
    self, AddedJob, BulkAdded, Children, FlowNode, FlowRequest, JobDetails, JobPage, LogPage, NewJob, Order,
    PageRequest, RetryAttempts,
};

/// The limit of jobs that one request adds.
const MOST_ADDED: usize = 1000;

/// The query of `listJobs`.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListParams {
    /// The state of the jobs.
    #[param(inline)]
    state: admin::State,
    /// The position of the first job, from 0.
    #[serde(default)]
    start: u64,
    /// The position of the last job, inclusive: at most `start` + 999. Default: `start` + 19.
    end: Option<u64>,
    /// Sort ascending: the oldest job, or the one that is due next, comes first.
    #[serde(default)]
    asc: bool,
}

/// List the jobs of a queue in one state.
#[utoipa::path(get, path = "/queues/{queue}/jobs", operation_id = "listJobs", tag = "jobs",
    params(InQueue, ListParams), responses(
    (status = 200, description = "The jobs", body = JobPage),
    Problem,
))]
pub async fn list(InQueue { admin, queue }: InQueue, Params(params): Params<ListParams>) -> Answer<JobPage> {
    let end = params.end.unwrap_or(params.start.saturating_add(19));
    let request = PageRequest { state: params.state, start: params.start, end, ascending: params.asc };
    Ok(Json(admin.jobs(&queue, request).await?))
}

/// Add a job. Unset options default to the queue's entry in the configuration.
#[utoipa::path(post, path = "/queues/{queue}/jobs", operation_id = "addJob", tag = "jobs", request_body = NewJob,
    params(InQueue), responses(
    (status = 201, description = "The added job", body = AddedJob),
    Problem,
))]
pub async fn add(InQueue { admin, queue }: InQueue, Body(job): Body<NewJob>) -> Created<AddedJob> {
    Ok((StatusCode::CREATED, Json(admin.add(&queue, job).await?)))
}

/// The jobs to add.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Bulk {
    /// The jobs.
    #[schema(max_items = 1000)]
    jobs: Vec<NewJob>,
}

/// Add jobs in order. If one of them is invalid, none is added.
#[utoipa::path(post, path = "/queues/{queue}/bulk", operation_id = "addJobs", tag = "jobs", request_body = Bulk,
    params(InQueue), responses(
    (status = 201, description = "The ids of the added jobs", body = BulkAdded),
    Problem,
))]
pub async fn add_bulk(InQueue { admin, queue }: InQueue, Body(bulk): Body<Bulk>) -> Created<BulkAdded> {
    if bulk.jobs.len() > MOST_ADDED {
        let why = format!("one request adds at most {MOST_ADDED} jobs");
        return Err(Problem::invalid(why));
    }
    match admin.add_bulk(&queue, bulk.jobs).await {
        Ok(added) => Ok((StatusCode::CREATED, Json(added))),
        Err((number, admin::AdminError::Invalid(reason))) => {
            let why = format!("job {number} (from 0): {reason}; none was added");
            Err(Problem::invalid(why))
        }
        Err((_, error)) => Err(error.into()),
    }
}

/// Get a job with all its data in Redis. Fields that are configured as secret are redacted.
#[utoipa::path(get, path = "/queues/{queue}/jobs/{id}", operation_id = "getJob", tag = "jobs",
    params(OnJob),
    responses(
    (status = 200, description = "The job", body = JobDetails),
    Problem,
))]
pub async fn show(OnJob { admin, queue, id }: OnJob) -> Answer<JobDetails> {
    Ok(Json(admin.job_details(&queue, &id).await?))
}

/// The query of `removeJob`.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RemoveParams {
    /// Keep the job's children.
    #[serde(default)]
    keep_children: bool,
}

/// Remove a job that is not active.
#[utoipa::path(delete, path = "/queues/{queue}/jobs/{id}", operation_id = "removeJob", tag = "jobs",
    params(OnJob, RemoveParams),
    responses(
    (status = 204, description = "The job was removed"),
    Problem,
))]
pub async fn remove(OnJob { admin, queue, id }: OnJob, Params(params): Params<RemoveParams>) -> Done {
    let children = if params.keep_children { Children::Keep } else { Children::Remove };
    admin.remove(&queue, &id, children).await?;
    Ok(NoContent)
}

/// The query of `getJobLogs`.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LogParams {
    /// The first line, from 0.
    #[serde(default)]
    start: u64,
    /// The last line, inclusive: at most `start` + 999. Default: `start` + 99.
    end: Option<u64>,
}

/// Get lines of a job's log.
#[utoipa::path(get, path = "/queues/{queue}/jobs/{id}/logs", operation_id = "getJobLogs", tag = "jobs",
    params(OnJob, LogParams),
    responses(
    (status = 200, description = "The lines", body = LogPage),
    Problem,
))]
pub async fn logs(OnJob { admin, queue, id }: OnJob, Params(params): Params<LogParams>) -> Answer<LogPage> {
    let end = params.end.unwrap_or(params.start.saturating_add(99));
    Ok(Json(admin.job_logs(&queue, &id, params.start, end).await?))
}

/// The query of `getFlow`.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FlowParams {
    /// The number of levels below the job. Default: 10.
    #[param(maximum = 20)]
    depth: Option<u32>,
    /// The number of children of each job. Default: 20.
    #[param(maximum = 100)]
    max_children: Option<u32>,
}

/// Get a job and its descendants, as a tree of at most 500 jobs.
#[utoipa::path(get, path = "/queues/{queue}/jobs/{id}/flow", operation_id = "getFlow", tag = "jobs",
    params(OnJob, FlowParams),
    responses(
    (status = 200, description = "The tree", body = FlowNode),
    Problem,
))]
pub async fn flow(OnJob { admin, queue, id }: OnJob, Params(params): Params<FlowParams>) -> Answer<FlowNode> {
    let default = FlowRequest::default();
    let request = FlowRequest {
        depth: params.depth.unwrap_or(default.depth),
        max_children: params.max_children.unwrap_or(default.max_children),
    };
    Ok(Json(admin.flow(&queue, &id, request).await?))
}

/// The query of `retryJob`.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RetryParams {
    /// Reset the attempts, so that the job has all of them again. Default: it has one more attempt.
    #[serde(default)]
    reset_attempts: bool,
}

/// Retry a failed or completed job.
#[utoipa::path(post, path = "/queues/{queue}/jobs/{id}/retry", operation_id = "retryJob", tag = "jobs",
    params(OnJob, RetryParams),
    responses(
    (status = 204, description = "The job waits again"),
    Problem,
))]
pub async fn retry(OnJob { admin, queue, id }: OnJob, Params(params): Params<RetryParams>) -> Done {
    let attempts = if params.reset_attempts { RetryAttempts::All } else { RetryAttempts::One };
    admin.retry(&queue, &id, attempts).await?;
    Ok(NoContent)
}

/// Move a delayed job to the waiting jobs.
#[utoipa::path(post, path = "/queues/{queue}/jobs/{id}/promote", operation_id = "promoteJob", tag = "jobs",
    params(OnJob),
    responses(
    (status = 204, description = "The job waits"),
    Problem,
))]
pub async fn promote(OnJob { admin, queue, id }: OnJob) -> Done {
    admin.promote(&queue, &id).await?;
    Ok(NoContent)
}

/// A new priority.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Priority {
    /// 1 is the highest, 2097151 the lowest. 0: no priority, which comes before all others.
    #[schema(maximum = 2_097_151)]
    priority: u32,
    /// Insert the job before the other jobs with this priority.
    #[serde(default)]
    lifo: bool,
}

/// Change the priority of a job that has not started.
#[utoipa::path(put, path = "/queues/{queue}/jobs/{id}/priority", operation_id = "changePriority", tag = "jobs",
    request_body = Priority,
    params(OnJob),
    responses(
    (status = 204, description = "The priority was changed"),
    Problem,
))]
pub async fn change_priority(OnJob { admin, queue, id }: OnJob, Body(body): Body<Priority>) -> Done {
    let order = if body.lifo { Order::Lifo } else { Order::Fifo };
    admin.change_priority(&queue, &id, body.priority, order).await?;
    Ok(NoContent)
}

/// A new delay.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Delay {
    /// The delay from now, in milliseconds.
    #[schema(maximum = 3_153_600_000_000u64)]
    delay: u64,
}

/// Change the delay of a delayed job.
#[utoipa::path(put, path = "/queues/{queue}/jobs/{id}/delay", operation_id = "changeDelay", tag = "jobs",
    request_body = Delay,
    params(OnJob),
    responses(
    (status = 204, description = "The delay was changed"),
    Problem,
))]
pub async fn change_delay(OnJob { admin, queue, id }: OnJob, Body(body): Body<Delay>) -> Done {
    admin.change_delay(&queue, &id, body.delay).await?;
    Ok(NoContent)
}
