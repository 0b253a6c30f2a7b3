//! Dead letters.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::extract::{Body, Segments};
use crate::problem::Problem;
use toril_bullmq::admin::{Admin, LettersReturned};

/// The limit of letters that one request returns to their queues.
const MOST: u64 = 1000;

/// Which letters go back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GiveBack {
    /// Their ids in the queue of dead letters. Without one: those that wait there, the oldest first.
    #[serde(default)]
    #[schema(max_items = 1000)]
    ids: Vec<String>,
    /// At most so many, where no ids are given.
    #[serde(default = "most")]
    #[schema(minimum = 1, maximum = 1000, default = 1000)]
    limit: u64,
}

fn most() -> u64 {
    MOST
}

/// Bring dead letters back to the queues that they come from.
#[utoipa::path(post, path = "/queues/{queue}/dead-letters/return", operation_id = "returnDeadLetters", tag = "queues",
    request_body = GiveBack, params(("queue" = String, Path, description = "The queue of dead letters")), responses(
    (status = 200, description = "What became of them", body = LettersReturned),
    Problem,
))]
pub async fn give_back(
    State(admin): State<Admin>,
    Segments(queue): Segments<String>,
    Body(body): Body<GiveBack>,
) -> Result<Json<LettersReturned>, Problem> {
    if body.ids.len() as u64 > MOST || !(1..=MOST).contains(&body.limit) {
        let why = format!("one request brings back from 1 to {MOST} letters");
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, why));
    }
    Ok(Json(admin.return_letters(&queue, &body.ids, Some(body.limit)).await?))
}
