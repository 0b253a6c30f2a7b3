//! Deduplication ids.

use axum::Json;
use axum::http::StatusCode;
use axum::response::NoContent;

use super::answer::{Answer, Done};
use super::extract::OnEntry;
use crate::problem::Problem;
use toril_bullmq::admin::DeduplicationHolder;

/// Get the job that holds a deduplication id. Other jobs with this id are not added.
#[utoipa::path(get, path = "/queues/{queue}/deduplication/{id}", operation_id = "getDeduplication", tag = "jobs",
    params(("queue" = String, Path, description = "The queue"), ("id" = String, Path, description = "The deduplication id")),
    responses(
    (status = 200, description = "The job that holds it", body = DeduplicationHolder),
    Problem,
))]
pub async fn show(OnEntry { admin, queue, id }: OnEntry) -> Answer<DeduplicationHolder> {
    match admin.deduplication(&queue, &id).await? {
        Some(holder) => Ok(Json(holder)),
        None => Err(no_holder()),
    }
}

/// Release a deduplication id, so that the next job with it is added. The job that holds it stays.
#[utoipa::path(delete, path = "/queues/{queue}/deduplication/{id}", operation_id = "removeDeduplication", tag = "jobs",
    params(("queue" = String, Path, description = "The queue"), ("id" = String, Path, description = "The deduplication id")),
    responses(
    (status = 204, description = "The id was released"),
    Problem,
))]
pub async fn remove(OnEntry { admin, queue, id }: OnEntry) -> Done {
    match admin.remove_deduplication(&queue, &id).await? {
        true => Ok(NoContent),
        false => Err(no_holder()),
    }
}

fn no_holder() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "no job holds this deduplication id")
}
