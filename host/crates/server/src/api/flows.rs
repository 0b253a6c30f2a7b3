//! Flows: trees of jobs over several queues.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use super::extract::Body;
use crate::problem::Problem;
use toril_bullmq::admin::{AddedFlow, Admin, NewFlow};

/// Add a flow, in which each job waits for its children. If one of its jobs is wrong, none is added.
#[utoipa::path(post, path = "/flows", operation_id = "addFlow", tag = "jobs", request_body = NewFlow, responses(
    (status = 201, description = "It is added", body = AddedFlow),
    Problem,
))]
pub async fn add(
    State(admin): State<Admin>,
    Body(flow): Body<NewFlow>,
) -> Result<(StatusCode, Json<AddedFlow>), Problem> {
    Ok((StatusCode::CREATED, Json(admin.add_flow(flow).await?)))
}
