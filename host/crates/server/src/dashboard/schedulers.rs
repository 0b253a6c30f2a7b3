//! Job schedulers.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;

use super::confirm::{Question, ask};
use super::failure::Failure;
use super::form::Form;
use super::layout::{Page, Section, pager, table};
use super::segments::Segments;
use super::state::Dashboard;
use super::text::{ago, number, path, queue_path, shown, span};
use super::visitor::Visitor;
use toril_bullmq::admin::{Scheduler, SchedulerPage};
use toril_job::QueueName;

/// The number of schedulers on one page.
const PER_PAGE: u64 = 25;
/// The number of schedulers per queue on the page of all queues.
const FIRST: u64 = 10;

#[derive(Debug, Deserialize)]
pub struct Shown {
    #[serde(default)]
    page: Option<u64>,
    #[serde(default)]
    done: Option<String>,
}

/// The page with the next schedulers of every queue.
pub async fn all(State(dashboard): State<Dashboard>, visitor: Visitor) -> Result<Response, Failure> {
    let mut pages = Vec::new();
    for queue in dashboard.admin.configured() {
        let page = dashboard.admin.schedulers(&queue, 0, FIRST - 1).await;
        pages.push(page.map_err(|error| Failure::from(error).of(&visitor))?);
    }
    let page = Page::new(&visitor, Section::Schedulers, "Job schedulers").live(None, None);
    Ok(page.show(html! {
        @for page in &pages {
            @let title = path(&["schedulers-of", page.queue.as_str()]);
            section aria-labelledby=(title) data-part=(title) {
                h2 id=(title) { a href=(queue_path(&page.queue)) { (shown(&page.queue)) } }
                (list(&visitor, page))
                @if page.total > FIRST {
                    p { a href={ (queue_path(&page.queue)) "/schedulers" } { "All " (number(page.total)) } }
                }
            }
        }
    }))
}

/// The page with the schedulers of one queue.
pub async fn of_queue(
    State(dashboard): State<Dashboard>,
    visitor: Visitor,
    Segments(queue): Segments<QueueName>,
    query: Result<Query<Shown>, QueryRejection>,
) -> Result<Response, Failure> {
    let wrong = |error: QueryRejection| Failure::new(error.status(), error.body_text()).of(&visitor);
    let Query(asked) = query.map_err(wrong)?;
    let number = asked.page.unwrap_or(1).clamp(1, u64::MAX / PER_PAGE / 2);
    let start = (number - 1) * PER_PAGE;
    let found = dashboard.admin.schedulers(&queue, start, start + PER_PAGE - 1).await;
    let found = found.map_err(|error| Failure::from(error).back_to("/schedulers".to_owned(), &visitor))?;
    let page = Page::new(&visitor, Section::Schedulers, format!("Job schedulers of {queue}"))
        .below("Queues", "/".to_owned())
        .below(queue.as_str(), queue_path(&queue))
        .live(Some(&queue), None)
        .notice(asked.done.filter(|done| done == "removed").map(|_| html! { "The job scheduler is removed." }));
    Ok(page.show(html! {
        div data-part="schedulers" {
            (list(&visitor, &found))
            (pager("schedulers", number, found.total.div_ceil(PER_PAGE), &format!("{}/schedulers?page=", queue_path(&queue))))
        }
    }))
}

fn list(visitor: &Visitor, page: &SchedulerPage) -> Markup {
    html! {
        @if page.schedulers.is_empty() { p.empty { "No job schedulers." } }
        @else {
            (table(&format!("Job schedulers of {}", page.queue), html! {
                table {
                    thead {
                        tr {
                            th scope="col" { "Scheduler" }
                            th scope="col" { "When" }
                            th scope="col" { "Next" }
                            th scope="col" { "Job" }
                            th.wide scope="col" { "Added so far" }
                            @if !visitor.read_only { th scope="col" { "Action" } }
                        }
                    }
                    tbody { @for scheduler in &page.schedulers { (row(visitor, &page.queue, scheduler)) } }
                }
            }))
        }
    }
}

fn row(visitor: &Visitor, queue: &QueueName, scheduler: &Scheduler) -> Markup {
    html! {
        tr {
            th scope="row" { (shown(&scheduler.key)) }
            td {
                @if let Some(pattern) = &scheduler.pattern {
                    code { (shown(pattern)) }
                    @if let Some(zone) = &scheduler.tz { " " span.note { (shown(zone)) } }
                }
                @if let Some(every) = scheduler.every { "every " (span(every)) }
            }
            td { @if let Some(next) = scheduler.next { (ago(next)) } }
            td.name { (shown(&scheduler.name)) }
            td.wide { (scheduler.iteration_count.map(number).unwrap_or_default()) }
            @if !visitor.read_only {
                td { a href=(path(&["queues", queue.as_str(), "schedulers", &scheduler.key, "remove"])) aria-label={ "Remove " (super::text::plain(&scheduler.key)) } { "Remove" } }
            }
        }
    }
}

pub async fn ask_remove(
    State(dashboard): State<Dashboard>,
    visitor: Visitor,
    Segments((queue, id)): Segments<(QueueName, String)>,
) -> Result<Response, Failure> {
    let back = format!("{}/schedulers", queue_path(&queue));
    let scheduler = dashboard.admin.scheduler(&queue, &id).await;
    let scheduler = scheduler.map_err(|error| Failure::from(error).back_to(back.clone(), &visitor))?;
    Ok(ask(
        &visitor,
        Question {
            title: "Remove the job scheduler?",
            says: html! {
                p { "Job scheduler " (shown(&scheduler.key)) " of queue " (shown(&queue)) " adds no more jobs, and the one that it has added last is removed unless it runs." }
                p.note { "One that the configuration names comes back when the host starts." }
            },
            fields: html! {},
            button: "Remove it",
            action: path(&["queues", queue.as_str(), "schedulers", &id, "remove"]),
            back,
            above: "Job schedulers",
        },
    ))
}

pub async fn remove(
    State(dashboard): State<Dashboard>,
    visitor: Visitor,
    Segments((queue, id)): Segments<(QueueName, String)>,
    _: Form,
) -> Result<Response, Failure> {
    let back = format!("{}/schedulers", queue_path(&queue));
    let removed = dashboard.admin.remove_scheduler(&queue, &id).await;
    removed.map_err(|error| Failure::from(error).back_to(back.clone(), &visitor))?;
    Ok(Redirect::to(&format!("{back}?done=removed")).into_response())
}
