//! The limits that apply to all workers of a queue together.

use std::num::NonZeroU64;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::extract::{Body, Segments};
use crate::problem::Problem;
use toril_bullmq::admin::{Admin, QueueLimits, RateLimit};

/// How many jobs run at once.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Concurrency {
    /// On all workers together.
    #[schema(value_type = u64, minimum = 1, maximum = 9_007_199_254_740_991u64)]
    max: NonZeroU64,
}

/// For how long no job begins.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Stop {
    /// In milliseconds.
    #[schema(minimum = 1, maximum = 3_153_600_000_000u64)]
    duration: u64,
}

/// What bounds all workers of a queue together.
#[utoipa::path(get, path = "/queues/{queue}/limits", operation_id = "getLimits", tag = "queues",
    params(("queue" = String, Path, description = "The queue")), responses(
    (status = 200, description = "The limits", body = QueueLimits),
    Problem,
))]
pub async fn show(State(admin): State<Admin>, Segments(queue): Segments<String>) -> Result<Json<QueueLimits>, Problem> {
    Ok(Json(admin.limits(&queue).await?))
}

/// Bound how many jobs of the queue run at once, on all workers together.
#[utoipa::path(put, path = "/queues/{queue}/limits/concurrency", operation_id = "setConcurrency", tag = "queues",
    request_body = Concurrency, params(("queue" = String, Path, description = "The queue")), responses(
    (status = 200, description = "The limits now", body = QueueLimits),
    Problem,
))]
pub async fn set_concurrency(
    State(admin): State<Admin>,
    Segments(queue): Segments<String>,
    Body(concurrency): Body<Concurrency>,
) -> Result<Json<QueueLimits>, Problem> {
    admin.set_concurrency(&queue, Some(concurrency.max)).await?;
    Ok(Json(admin.limits(&queue).await?))
}

/// Remove the bound of how many jobs of the queue run at once.
#[utoipa::path(delete, path = "/queues/{queue}/limits/concurrency", operation_id = "removeConcurrency", tag = "queues",
    params(("queue" = String, Path, description = "The queue")), responses(
    (status = 204, description = "It is removed"),
    Problem,
))]
pub async fn remove_concurrency(
    State(admin): State<Admin>,
    Segments(queue): Segments<String>,
) -> Result<StatusCode, Problem> {
    admin.set_concurrency(&queue, None).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Bound how many jobs of the queue begin within a time, on all workers together.
#[utoipa::path(put, path = "/queues/{queue}/limits/rate", operation_id = "setRateLimit", tag = "queues",
    request_body = RateLimit, params(("queue" = String, Path, description = "The queue")), responses(
    (status = 200, description = "The limits now", body = QueueLimits),
    Problem,
))]
pub async fn set_rate(
    State(admin): State<Admin>,
    Segments(queue): Segments<String>,
    Body(limit): Body<RateLimit>,
) -> Result<Json<QueueLimits>, Problem> {
    admin.set_rate_limit(&queue, Some(limit)).await?;
    Ok(Json(admin.limits(&queue).await?))
}

/// Remove the bound of how many jobs of the queue begin within a time.
#[utoipa::path(delete, path = "/queues/{queue}/limits/rate", operation_id = "removeRateLimit", tag = "queues",
    params(("queue" = String, Path, description = "The queue")), responses(
    (status = 204, description = "It is removed"),
    Problem,
))]
pub async fn remove_rate(State(admin): State<Admin>, Segments(queue): Segments<String>) -> Result<StatusCode, Problem> {
    admin.set_rate_limit(&queue, None).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Let no job of the queue begin for some time, on any worker.
#[utoipa::path(put, path = "/queues/{queue}/limits/stop", operation_id = "stopQueueFor", tag = "queues",
    request_body = Stop, params(("queue" = String, Path, description = "The queue")), responses(
    (status = 200, description = "The limits now", body = QueueLimits),
    Problem,
))]
pub async fn stop(
    State(admin): State<Admin>,
    Segments(queue): Segments<String>,
    Body(stop): Body<Stop>,
) -> Result<Json<QueueLimits>, Problem> {
    admin.stop_for(&queue, Duration::from_millis(stop.duration)).await?;
    Ok(Json(admin.limits(&queue).await?))
}

/// Let jobs of the queue begin now that was stopped for some time, or whose rate limit is used up.
#[utoipa::path(delete, path = "/queues/{queue}/limits/stop", operation_id = "clearRateLimit", tag = "queues",
    params(("queue" = String, Path, description = "The queue")), responses(
    (status = 204, description = "Jobs begin"),
    Problem,
))]
pub async fn go(State(admin): State<Admin>, Segments(queue): Segments<String>) -> Result<StatusCode, Problem> {
    admin.clear_rate_limit(&queue).await?;
    Ok(StatusCode::NO_CONTENT)
}
