//! Error responses in the format of RFC 9457.

use std::collections::BTreeMap;

use axum::Json;
use axum::http::header::{ALLOW, CONTENT_TYPE};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response as Answer, ResponseBuilder};
use utoipa::{IntoResponses, ToSchema};

use toril_bullmq::admin::AdminError;

/// The content type of error responses.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// What is wrong (RFC 9457).
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Problem {
    /// `about:blank`: the status says what kind of problem it is.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The status in words.
    title: String,
    /// The status.
    status: u16,
    /// What is wrong, for a person.
    detail: String,
}

impl Problem {
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        let title = status.canonical_reason().unwrap_or("Unknown").to_owned();
        Self { kind: "about:blank", title, status: status.as_u16(), detail: detail.into() }
    }

    /// The request was understood, and asks for something that is not possible.
    pub fn invalid(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
    }

    /// The description of the problem, for a person.
    pub fn detail(&self) -> &str {
        &self.detail
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut answer = (status, Json(self)).into_response();
        answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        answer
    }
}

/// The error responses that every operation of the API can return.
impl IntoResponses for Problem {
    fn responses() -> BTreeMap<String, RefOr<Answer>> {
        let answer = |description: &str| {
            let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(Self::name()))).build();
            ResponseBuilder::new().description(description).content(PROBLEM_JSON, content).build().into()
        };
        [("4XX", "Refused"), ("503", "Redis does not answer")]
            .map(|(status, description)| (status.to_owned(), answer(description)))
            .into()
    }
}

impl From<AdminError> for Problem {
    fn from(error: AdminError) -> Self {
        let status = match &error {
            AdminError::NoQueue { .. } | AdminError::NoJob { .. } | AdminError::NoScheduler { .. } => {
                StatusCode::NOT_FOUND
            }
            AdminError::Conflict(_) => StatusCode::CONFLICT,
            AdminError::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            AdminError::Redis(error) => {
                tracing::warn!(%error, "request failed: Redis did not answer");
                return Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "Redis does not answer; the log of the host has the details",
                );
            }
        };
        Self::new(status, error.to_string())
    }
}

/// The response for an unknown path.
pub async fn no_page() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "there is nothing at this path")
}

/// The response for a known path with a method that it does not support.
pub async fn wrong_method(method: Method) -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, format!("{method} is not for this path; `{ALLOW}` says what is"))
}
