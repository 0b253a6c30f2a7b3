//! Log-in with the token, and log-out.

use std::time::Duration;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use maud::html;
use serde::Deserialize;

use super::failure::Failure;
use super::form::Form;
use super::layout::{Page, Section};
use super::state::Dashboard;
use super::visitor::Visitor;

/// The delay of the response after a wrong token.
const PENALTY: Duration = Duration::from_millis(500);

#[derive(Debug, Default, Deserialize)]
pub struct Next {
    #[serde(default)]
    next: String,
}

pub async fn ask(
    State(dashboard): State<Dashboard>,
    visitor: Visitor,
    next: Result<Query<Next>, QueryRejection>,
) -> Response {
    let next = next.map(|Query(next)| next.next).unwrap_or_default();
    match dashboard.guard.wants_token() {
        true => page(&visitor, own(&next), None),
        false => Redirect::to("/").into_response(),
    }
}

pub async fn enter(
    State(dashboard): State<Dashboard>,
    visitor: Visitor,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, Failure> {
    let next = own(form.get("next").unwrap_or_default());
    if !dashboard.guard.is_token(form.text("token").unwrap_or_default()) {
        tracing::warn!("dashboard log-in refused: wrong token");
        tokio::time::sleep(PENALTY).await;
        return Ok(page(&visitor, next, Some("That is not the token.")));
    }
    let cookie = dashboard.sessions.begin(&headers).map_err(|error| {
        tracing::error!(%error, "session not created: the system's random number generator failed");
        Failure::internal()
    })?;
    Ok(with_cookie(Redirect::to(next), &cookie))
}

pub async fn leave(State(dashboard): State<Dashboard>, headers: HeaderMap, _: Form) -> Response {
    with_cookie(Redirect::to("/login"), &dashboard.sessions.end(&headers))
}

fn with_cookie(redirect: Redirect, cookie: &str) -> Response {
    let mut answer = redirect.into_response();
    if let Ok(cookie) = HeaderValue::from_str(cookie) {
        answer.headers_mut().insert(SET_COOKIE, cookie);
    }
    answer
}

fn page(visitor: &Visitor, next: &str, wrong: Option<&str>) -> Response {
    let status = if wrong.is_some() { StatusCode::UNAUTHORIZED } else { StatusCode::OK };
    Page::new(visitor, Section::None, "Log in").status(status).show(html! {
        form.panel method="post" action="/login" {
            input type="hidden" name="next" value=(next);
            p.field {
                label for="token" { "Token" }
                input id="token" name="token" type="password" autocomplete="current-password" required autofocus
                    aria-invalid=[wrong.map(|_| "true")] aria-describedby="token-hint";
                span.note id="token-hint" { "What TORIL_ADMIN_TOKEN has on the host." }
            }
            @if let Some(wrong) = wrong { p.wrong role="alert" { (wrong) } }
            p.buttons { button.primary type="submit" { "Log in" } }
        }
    })
}

/// Returns `next` if it is a path on this server, and `/` otherwise, so that it cannot redirect to another site.
fn own(next: &str) -> &str {
    let mut characters = next.chars();
    let fits = characters.next() == Some('/')
        && !matches!(characters.next(), Some('/' | '\\'))
        && next.chars().all(|c| c.is_ascii_graphic());
    if fits { next } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::own;

    #[test]
    fn a_login_never_redirects_to_another_server() {
        for next in
            ["//evil.example", "/\\evil.example", "https://evil.example", "/\t/evil.example", "javascript:1", ""]
        {
            assert_eq!(own(next), "/", "{next}");
        }
        assert_eq!(own("/queues/a?state=failed"), "/queues/a?state=failed");
    }
}
