//! Dead letters.

use axum::Json;
use serde::Deserialize;
use utoipa::ToSchema;

use super::answer::Answer;
use super::extract::{Body, InQueue};
use crate::problem::Problem;
use toril_bullmq::admin::LettersReturned;
use toril_job::JobId;

/// The limit of letters that one request returns to their queues.
const MOST: u64 = 1000;

/// The dead letters to return.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GiveBack {
    /// Their ids in the dead-letter queue. Default: all that wait there, the oldest first.
    #[serde(default)]
    #[schema(value_type = Vec<String>, max_items = 1000)]
    ids: Vec<JobId>,
    /// The most letters to return, if `ids` is empty.
    #[serde(default = "most")]
    #[schema(minimum = 1, maximum = 1000, default = 1000)]
    limit: u64,
}

fn most() -> u64 {
    MOST
}

/// Return dead letters to the queues that they came from.
#[utoipa::path(post, path = "/queues/{queue}/dead-letters/return", operation_id = "returnDeadLetters", tag = "queues",
    request_body = GiveBack, params(("queue" = String, Path, description = "The dead-letter queue")), responses(
    (status = 200, description = "The returned letters, and those that were not returned", body = LettersReturned),
    Problem,
))]
pub async fn give_back(InQueue { admin, queue }: InQueue, Body(body): Body<GiveBack>) -> Answer<LettersReturned> {
    if body.ids.len() as u64 > MOST || !(1..=MOST).contains(&body.limit) {
        let why = format!("one request brings back from 1 to {MOST} letters");
        return Err(Problem::invalid(why));
    }
    Ok(Json(admin.return_letters(&queue, &body.ids, Some(body.limit)).await?))
}
