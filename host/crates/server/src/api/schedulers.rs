//! Job schedulers.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;

use super::extract::{Body, Params, Segments};
use crate::problem::Problem;
use toril_bullmq::admin::{Admin, Scheduler, SchedulerPage, SchedulerRequest};

/// Which schedulers are listed.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageParams {
    /// The place of the first one, from 0.
    #[serde(default)]
    start: u64,
    /// The place of the last one, which is part of the page: at most 999 after the first. Without it 99 after.
    end: Option<u64>,
}

/// The job schedulers of a queue.
#[utoipa::path(get, path = "/queues/{queue}/schedulers", operation_id = "listSchedulers", tag = "schedulers",
    params(("queue" = String, Path, description = "The queue"), PageParams), responses(
    (status = 200, description = "The schedulers", body = SchedulerPage),
    Problem,
))]
pub async fn list(
    State(admin): State<Admin>,
    Segments(queue): Segments<String>,
    Params(params): Params<PageParams>,
) -> Result<Json<SchedulerPage>, Problem> {
    let end = params.end.unwrap_or(params.start.saturating_add(99));
    Ok(Json(admin.schedulers(&queue, params.start, end).await?))
}

/// One job scheduler.
#[utoipa::path(get, path = "/queues/{queue}/schedulers/{id}", operation_id = "getScheduler", tag = "schedulers",
    params(("queue" = String, Path, description = "The queue"), ("id" = String, Path, description = "The scheduler")),
    responses(
    (status = 200, description = "The scheduler", body = Scheduler),
    Problem,
))]
pub async fn show(
    State(admin): State<Admin>,
    Segments((queue, id)): Segments<(String, String)>,
) -> Result<Json<Scheduler>, Problem> {
    Ok(Json(admin.scheduler(&queue, &id).await?))
}

/// Make a job scheduler, or change the one of this id.
#[utoipa::path(put, path = "/queues/{queue}/schedulers/{id}", operation_id = "upsertScheduler", tag = "schedulers",
    request_body = SchedulerRequest,
    params(("queue" = String, Path, description = "The queue"), ("id" = String, Path, description = "The scheduler")),
    responses(
    (status = 200, description = "The scheduler", body = Scheduler),
    Problem,
))]
pub async fn upsert(
    State(admin): State<Admin>,
    Segments((queue, id)): Segments<(String, String)>,
    Body(request): Body<SchedulerRequest>,
) -> Result<Json<Scheduler>, Problem> {
    Ok(Json(admin.upsert_scheduler(&queue, &id, request).await?))
}

/// Remove a job scheduler and the job that it has added last, unless that one runs already.
#[utoipa::path(delete, path = "/queues/{queue}/schedulers/{id}", operation_id = "removeScheduler", tag = "schedulers",
    params(("queue" = String, Path, description = "The queue"), ("id" = String, Path, description = "The scheduler")),
    responses(
    (status = 204, description = "It is removed"),
    Problem,
))]
pub async fn remove(
    State(admin): State<Admin>,
    Segments((queue, id)): Segments<(String, String)>,
) -> Result<StatusCode, Problem> {
    admin.remove_scheduler(&queue, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
