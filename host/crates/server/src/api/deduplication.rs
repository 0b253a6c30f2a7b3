//! Deduplication ids.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use super::extract::Segments;
use crate::problem::Problem;
use toril_bullmq::admin::{Admin, DeduplicationHolder};

/// Which job holds a deduplication id, so that others of this id are not added.
#[utoipa::path(get, path = "/queues/{queue}/deduplication/{id}", operation_id = "getDeduplication", tag = "jobs",
    params(("queue" = String, Path, description = "The queue"), ("id" = String, Path, description = "The deduplication id")),
    responses(
    (status = 200, description = "The job that holds it", body = DeduplicationHolder),
    Problem,
))]
pub async fn show(
    State(admin): State<Admin>,
    Segments((queue, id)): Segments<(String, String)>,
) -> Result<Json<DeduplicationHolder>, Problem> {
    match admin.deduplication(&queue, &id).await? {
        Some(holder) => Ok(Json(holder)),
        None => Err(nobody()),
    }
}

/// Let the next job of a deduplication id be added. The job that holds it stays.
#[utoipa::path(delete, path = "/queues/{queue}/deduplication/{id}", operation_id = "removeDeduplication", tag = "jobs",
    params(("queue" = String, Path, description = "The queue"), ("id" = String, Path, description = "The deduplication id")),
    responses(
    (status = 204, description = "No job holds it any more"),
    Problem,
))]
pub async fn remove(
    State(admin): State<Admin>,
    Segments((queue, id)): Segments<(String, String)>,
) -> Result<StatusCode, Problem> {
    match admin.remove_deduplication(&queue, &id).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(nobody()),
    }
}

fn nobody() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "no job holds this deduplication id")
}
