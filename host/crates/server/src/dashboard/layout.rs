//! The layout of every page.

use axum::http::header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use maud::{DOCTYPE, Markup, html};

use super::assets::{FAVICON, SCRIPT, STYLE};
use super::text::{encoded, plain, shown};
use super::visitor::Visitor;
use toril_job::{JobId, QueueName};

/// Only scripts and styles of this server are allowed, and pages may only load from and send to this server.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The entries of the navigation.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Section {
    Queues,
    Schedulers,
    Plugins,
    Hosts,
    None,
}

const NAVIGATION: [(Section, &str, &str); 4] = [
    (Section::Queues, "/", "Queues"),
    (Section::Schedulers, "/schedulers", "Schedulers"),
    (Section::Plugins, "/plugins", "Plugins"),
    (Section::Hosts, "/hosts", "Hosts"),
];

/// A page of the dashboard.
pub struct Page<'a> {
    visitor: &'a Visitor,
    section: Section,
    title: String,
    /// The parent pages, with their paths.
    above: Vec<(String, String)>,
    /// The path of the event stream that announces changes.
    live: Option<String>,
    notice: Option<Markup>,
    status: StatusCode,
}

impl<'a> Page<'a> {
    pub fn new(visitor: &'a Visitor, section: Section, title: impl Into<String>) -> Self {
        let title = title.into();
        Self { visitor, section, title, above: Vec::new(), live: None, notice: None, status: StatusCode::OK }
    }

    /// Adds a parent page.
    pub fn below(mut self, name: &str, path: String) -> Self {
        self.above.push((name.to_owned(), path));
        self
    }

    /// Follows the changes of a queue, of a job, or of all queues.
    pub fn live(mut self, queue: Option<&QueueName>, id: Option<&JobId>) -> Self {
        let pairs = [("queue", queue.map(QueueName::as_str)), ("job", id.map(JobId::as_str))]
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)));
        let query: Vec<_> = pairs.map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        self.live = Some(format!("/live?{}", query.join("&")));
        self
    }

    /// Adds a message about the last action.
    pub fn notice(mut self, notice: Option<Markup>) -> Self {
        self.notice = notice;
        self
    }

    pub fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// Renders the page.
    pub fn show(self, body: Markup) -> Response {
        let live = self.live.as_deref();
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    title { (plain(&self.title)) " · Toril" }
                    link rel="stylesheet" href=(STYLE.path());
                    link rel="icon" type="image/svg+xml" href=(FAVICON.path());
                    script src=(SCRIPT.path()) defer {}
                }
                body data-live=[live] {
                    a.skip href="#main" { "Skip to the content" }
                    header.top {
                        a.brand href="/" { "Toril" }
                        (self.navigation())
                    }
                    main id="main" tabindex="-1" {
                        @if !self.above.is_empty() { (self.breadcrumbs()) }
                        div.title {
                            h1 { (shown(&self.title)) }
                            @if live.is_some() { p.live role="status" id="live" hidden {} }
                        }
                        @if let Some(notice) = &self.notice { div.notice role="status" { (notice) } }
                        (body)
                    }
                    footer {
                        p { "Toril " (env!("CARGO_PKG_VERSION")) }
                        p { a href="/metrics" { "Metrics" } " · " a href="/readyz" { "Health" } " · " a href="/api/v1/openapi.json" { "API" } }
                    }
                }
            }
        };
        let mut answer = (self.status, Html(page.into_string())).into_response();
        answer.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
        // With the default `no-referrer`, browsers send no origin with forms. Then requests of older browsers would
        // look like requests from another site.
        answer.headers_mut().insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
        answer
    }

    fn navigation(&self) -> Markup {
        html! {
            @if self.visitor.may_look {
                nav aria-label="Main" {
                    ul {
                        @for (section, path, name) in NAVIGATION {
                            li { a href=(path) aria-current=[(section == self.section).then_some("true")] { (name) } }
                        }
                    }
                }
                @if self.visitor.csrf.is_some() {
                    form.logout method="post" action="/logout" {
                        (self.visitor.csrf_field())
                        button.plain type="submit" { "Log out" }
                    }
                }
            }
            @if self.visitor.read_only { p.badge { "read-only" } }
        }
    }

    fn breadcrumbs(&self) -> Markup {
        html! {
            nav.breadcrumbs aria-label="Breadcrumbs" {
                ol { @for (name, path) in &self.above { li { a href=(path) { (shown(name)) } } } }
            }
        }
    }
}

/// Buttons to navigate between the pages of a list. `path` is completed with the page number, from 1.
pub fn pager(what: &str, page: u64, pages: u64, path: &str) -> Markup {
    html! {
        @if pages > 1 {
            nav.pager aria-label={ "Pages of " (what) } {
                @if page > 1 {
                    a.button href={ (path) "1" } { "First" }
                    a.button rel="prev" href={ (path) (page - 1) } { "Previous" }
                }
                span { "Page " (page) " of " (super::text::number(pages)) }
                @if page < pages {
                    a.button rel="next" href={ (path) (page + 1) } { "Next" }
                    a.button href={ (path) (pages) } { "Last" }
                }
            }
        }
    }
}

/// A table that scrolls by itself if it is too wide.
pub fn table(label: &str, table: Markup) -> Markup {
    html! { div.scroll role="region" aria-label=(label) tabindex="0" { (table) } }
}

/// A label with the state of a job.
pub fn state(state: &str) -> Markup {
    html! { span class={ "state state-" (state) } { (state) } }
}
