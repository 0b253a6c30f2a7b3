//! The error page.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::html;

use super::layout::{Page, Section};
use super::text::shown;
use super::visitor::Visitor;
use toril_bullmq::admin::AdminError;

/// Why a page cannot be shown, or why an action failed.
#[derive(Debug)]
pub struct Failure {
    status: StatusCode,
    reason: String,
    /// The page to return to.
    back: Option<String>,
    visitor: Option<Visitor>,
}

impl Failure {
    pub fn new(status: StatusCode, reason: impl Into<String>) -> Self {
        Self { status, reason: reason.into(), back: None, visitor: None }
    }

    /// An internal error of the host.
    pub fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal error; the log of the host has the details")
    }

    /// Adds a link back to a page.
    pub fn back_to(mut self, path: String, visitor: &Visitor) -> Self {
        self.back = Some(path);
        self.of(visitor)
    }

    pub fn of(mut self, visitor: &Visitor) -> Self {
        self.visitor = Some(visitor.clone());
        self
    }

    pub fn page(&self, visitor: &Visitor) -> Response {
        let title = self.status.canonical_reason().unwrap_or("It did not work");
        Page::new(visitor, Section::None, title).status(self.status).show(html! {
            div.problem role="alert" { p { (shown(&self.reason)) } }
            p { a.button href=(self.back.as_deref().unwrap_or("/")) { @if self.back.is_some() { "Back" } @else { "To the queues" } } }
        })
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let stranger = Visitor { read_only: false, may_look: true, csrf: None };
        self.page(self.visitor.as_ref().unwrap_or(&stranger))
    }
}

impl From<AdminError> for Failure {
    fn from(error: AdminError) -> Self {
        match &error {
            AdminError::NoQueue { .. } | AdminError::NoJob { .. } | AdminError::NoScheduler { .. } => {
                Self::new(StatusCode::NOT_FOUND, error.to_string())
            }
            AdminError::Conflict(_) => Self::new(StatusCode::CONFLICT, error.to_string()),
            AdminError::Invalid(_) => Self::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string()),
            AdminError::Redis(error) => {
                tracing::warn!(%error, "page not shown: Redis did not answer");
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "Redis does not answer; the log of the host has the details")
            }
        }
    }
}
