//! Authentication. A user who has entered the token in a browser has a session. Programs send the token with each
//! request.

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};

use super::failure::Failure;
use super::state::Dashboard;
use super::text::encoded;
use super::visitor::Visitor;
use crate::changes::Changes;
use crate::security::Refusal;

/// Lets authorised requests pass.
pub async fn known(State(dashboard): State<Dashboard>, mut request: Request, next: Next) -> Response {
    let csrf = match dashboard.guard.wants_token() {
        true => dashboard.sessions.csrf(request.headers()),
        false => None,
    };
    let visitor = Visitor { read_only: dashboard.guard.is_read_only(), may_look: true, csrf };
    let checked = match &visitor.csrf {
        Some(_) => dashboard.guard.check_of_session(&request),
        None => dashboard.guard.check(&request),
    };
    match checked {
        Ok(()) => {
            request.extensions_mut().insert(visitor);
            dashboard.guard.run(request, next).await
        }
        Err(Refusal::NoToken) if request.method() == Method::GET && request.uri().path() != "/live" => {
            let wanted = request.uri().path_and_query().map_or("/", |wanted| wanted.as_str());
            Redirect::to(&format!("/login?next={}", encoded(wanted))).into_response()
        }
        Err(refusal @ Refusal::WrongName(_)) => refusal.into_response(),
        Err(refusal) => refused(&dashboard, visitor, refusal),
    }
}

/// Lets all requests with a valid `Host` pass.
pub async fn anybody(State(dashboard): State<Dashboard>, mut request: Request, next: Next) -> Response {
    let visitor = Visitor { read_only: dashboard.guard.is_read_only(), may_look: false, csrf: None };
    match dashboard.guard.check_stranger(&request) {
        Ok(()) => {
            request.extensions_mut().insert(visitor);
            // These routes change nothing but sessions, and an unauthenticated request must not use up the limit of
            // changes.
            Changes::look(request, next).await
        }
        Err(refusal) => refusal.into_response(),
    }
}

fn refused(dashboard: &Dashboard, visitor: Visitor, refusal: Refusal) -> Response {
    let may_look = visitor.csrf.is_some() || !dashboard.guard.wants_token();
    let reason = match refusal {
        Refusal::NoToken => "Log in first: the session has ended.",
        other => other.reason(),
    };
    let visitor = Visitor { may_look, ..visitor };
    let mut answer = Failure::new(refusal.status(), reason).page(&visitor);
    if refusal == Refusal::NoToken {
        answer.headers_mut().insert("www-authenticate", HeaderValue::from_static("Bearer realm=\"toril\""));
    }
    answer
}

impl<S: Sync> FromRequestParts<S> for Visitor {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        parts.extensions.get().cloned().ok_or_else(Failure::internal)
    }
}
