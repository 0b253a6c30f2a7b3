//! Flows: trees of jobs over several queues.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use super::answer::Created;
use super::extract::Body;
use crate::problem::Problem;
use toril_bullmq::admin::{AddedFlow, Admin, NewFlow};

/// Add a flow, in which each job waits for its children. If one of its jobs is invalid, none is added.
#[utoipa::path(post, path = "/flows", operation_id = "addFlow", tag = "jobs", request_body = NewFlow, responses(
    (status = 201, description = "The added jobs", body = AddedFlow),
    Problem,
))]
pub async fn add(State(admin): State<Admin>, Body(flow): Body<NewFlow>) -> Created<AddedFlow> {
    Ok((StatusCode::CREATED, Json(admin.add_flow(flow).await?)))
}
