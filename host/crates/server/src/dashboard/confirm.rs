//! The confirmation before an action that cannot be undone. It is a page of its own, so that it needs no script.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

use super::failure::Failure;
use super::layout::{Page, Section};
use super::visitor::Visitor;
use crate::security::Refusal;

/// A confirmation page.
pub struct Question<'a> {
    pub title: &'a str,
    /// What the action will do.
    pub says: Markup,
    /// Additional fields of the form.
    pub fields: Markup,
    /// The label of the button.
    pub button: &'a str,
    /// The path that the form is sent to.
    pub action: String,
    /// The page that the user came from.
    pub back: String,
    pub above: &'a str,
}

/// Shows the page.
pub fn ask(visitor: &Visitor, question: Question<'_>) -> Response {
    if visitor.read_only {
        return Failure::new(StatusCode::FORBIDDEN, Refusal::ReadOnly.reason())
            .back_to(question.back, visitor)
            .into_response();
    }
    let page = Page::new(visitor, Section::Queues, question.title).below(question.above, question.back.clone());
    page.show(html! {
        form.panel method="post" action=(question.action) {
            (visitor.csrf_field())
            div { (question.says) }
            (question.fields)
            p.buttons {
                button.danger type="submit" { (question.button) }
                a.button href=(question.back) { "Back" }
            }
        }
    })
}
