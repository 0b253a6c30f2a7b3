//! The limits that apply to all workers of a queue together.

use std::num::NonZeroU64;
use std::time::Duration;

use axum::Json;
use axum::response::NoContent;
use serde::Deserialize;
use utoipa::ToSchema;

use super::answer::{Answer, Done};
use super::extract::{Body, InQueue};
use crate::problem::Problem;
use toril_bullmq::admin::{QueueLimits, RateLimit};

/// A limit of active jobs.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Concurrency {
    /// The most active jobs of all workers together.
    #[schema(value_type = u64, minimum = 1, maximum = 9_007_199_254_740_991u64)]
    max: NonZeroU64,
}

/// A temporary stop.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Stop {
    /// The duration, in milliseconds.
    #[schema(minimum = 1, maximum = 3_153_600_000_000u64)]
    duration: u64,
}

/// Get the limits that all workers of a queue share.
#[utoipa::path(get, path = "/queues/{queue}/limits", operation_id = "getLimits", tag = "queues",
    params(InQueue), responses(
    (status = 200, description = "The limits", body = QueueLimits),
    Problem,
))]
pub async fn show(InQueue { admin, queue }: InQueue) -> Answer<QueueLimits> {
    Ok(Json(admin.limits(&queue).await?))
}

/// Set the global concurrency: the most active jobs of all workers together.
#[utoipa::path(put, path = "/queues/{queue}/limits/concurrency", operation_id = "setConcurrency", tag = "queues",
    request_body = Concurrency, params(InQueue), responses(
    (status = 200, description = "The new limits", body = QueueLimits),
    Problem,
))]
pub async fn set_concurrency(
    InQueue { admin, queue }: InQueue,
    Body(concurrency): Body<Concurrency>,
) -> Answer<QueueLimits> {
    admin.set_concurrency(&queue, Some(concurrency.max)).await?;
    Ok(Json(admin.limits(&queue).await?))
}

/// Remove the global concurrency.
#[utoipa::path(delete, path = "/queues/{queue}/limits/concurrency", operation_id = "removeConcurrency", tag = "queues",
    params(InQueue), responses(
    (status = 204, description = "The limit was removed"),
    Problem,
))]
pub async fn remove_concurrency(InQueue { admin, queue }: InQueue) -> Done {
    admin.set_concurrency(&queue, None).await?;
    Ok(NoContent)
}

/// Set the global rate limit: the most jobs that all workers together start in a period.
#[utoipa::path(put, path = "/queues/{queue}/limits/rate", operation_id = "setRateLimit", tag = "queues",
    request_body = RateLimit, params(InQueue), responses(
    (status = 200, description = "The new limits", body = QueueLimits),
    Problem,
))]
pub async fn set_rate(InQueue { admin, queue }: InQueue, Body(limit): Body<RateLimit>) -> Answer<QueueLimits> {
    admin.set_rate_limit(&queue, Some(limit)).await?;
    Ok(Json(admin.limits(&queue).await?))
}

/// Remove the global rate limit.
#[utoipa::path(delete, path = "/queues/{queue}/limits/rate", operation_id = "removeRateLimit", tag = "queues",
    params(InQueue), responses(
    (status = 204, description = "The limit was removed"),
    Problem,
))]
pub async fn remove_rate(InQueue { admin, queue }: InQueue) -> Done {
    admin.set_rate_limit(&queue, None).await?;
    Ok(NoContent)
}

/// Stop the queue for a while: no worker starts a job.
#[utoipa::path(put, path = "/queues/{queue}/limits/stop", operation_id = "stopQueueFor", tag = "queues",
    request_body = Stop, params(InQueue), responses(
    (status = 200, description = "The new limits", body = QueueLimits),
    Problem,
))]
pub async fn stop(InQueue { admin, queue }: InQueue, Body(stop): Body<Stop>) -> Answer<QueueLimits> {
    admin.stop_for(&queue, Duration::from_millis(stop.duration)).await?;
    Ok(Json(admin.limits(&queue).await?))
}

/// End a temporary stop, or reset a rate limit that is used up.
#[utoipa::path(delete, path = "/queues/{queue}/limits/stop", operation_id = "clearRateLimit", tag = "queues",
    params(InQueue), responses(
    (status = 204, description = "Workers may start jobs"),
    Problem,
))]
pub async fn go(InQueue { admin, queue }: InQueue) -> Done {
    admin.clear_rate_limit(&queue).await?;
    Ok(NoContent)
}
