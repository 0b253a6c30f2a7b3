//! Job schedulers.

use axum::Json;
use axum::response::NoContent;
use serde::Deserialize;
use utoipa::IntoParams;

use super::answer::{Answer, Done};
use super::extract::{Body, InQueue, OnEntry, Params};
use crate::problem::Problem;
use toril_bullmq::admin::{Scheduler, SchedulerPage, SchedulerRequest};

/// The query of `listSchedulers`.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageParams {
    /// The position of the first job scheduler, from 0.
    #[serde(default)]
    start: u64,
    /// The position of the last job scheduler, inclusive: at most `start` + 999. Default: `start` + 99.
    end: Option<u64>,
}

/// List the job schedulers of a queue.
#[utoipa::path(get, path = "/queues/{queue}/schedulers", operation_id = "listSchedulers", tag = "schedulers",
    params(InQueue, PageParams), responses(
    (status = 200, description = "The schedulers", body = SchedulerPage),
    Problem,
))]
pub async fn list(InQueue { admin, queue }: InQueue, Params(params): Params<PageParams>) -> Answer<SchedulerPage> {
    let end = params.end.unwrap_or(params.start.saturating_add(99));
    Ok(Json(admin.schedulers(&queue, params.start, end).await?))
}

/// Get a job scheduler.
#[utoipa::path(get, path = "/queues/{queue}/schedulers/{id}", operation_id = "getScheduler", tag = "schedulers",
    params(("queue" = String, Path, description = "The queue"), ("id" = String, Path, description = "The scheduler")),
    responses(
    (status = 200, description = "The scheduler", body = Scheduler),
    Problem,
))]
pub async fn show(OnEntry { admin, queue, id }: OnEntry) -> Answer<Scheduler> {
    Ok(Json(admin.scheduler(&queue, &id).await?))
}

/// Create a job scheduler, or change the one with this id.
#[utoipa::path(put, path = "/queues/{queue}/schedulers/{id}", operation_id = "upsertScheduler", tag = "schedulers",
    request_body = SchedulerRequest,
    params(("queue" = String, Path, description = "The queue"), ("id" = String, Path, description = "The scheduler")),
    responses(
    (status = 200, description = "The scheduler", body = Scheduler),
    Problem,
))]
pub async fn upsert(OnEntry { admin, queue, id }: OnEntry, Body(request): Body<SchedulerRequest>) -> Answer<Scheduler> {
    Ok(Json(admin.upsert_scheduler(&queue, &id, request).await?))
}

/// Remove a job scheduler, and its next job unless that is already active.
#[utoipa::path(delete, path = "/queues/{queue}/schedulers/{id}", operation_id = "removeScheduler", tag = "schedulers",
    params(("queue" = String, Path, description = "The queue"), ("id" = String, Path, description = "The scheduler")),
    responses(
    (status = 204, description = "The job scheduler was removed"),
    Problem,
))]
pub async fn remove(OnEntry { admin, queue, id }: OnEntry) -> Done {
    admin.remove_scheduler(&queue, &id).await?;
    Ok(NoContent)
}
