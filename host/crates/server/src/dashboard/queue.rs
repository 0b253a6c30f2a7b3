//! The page of one queue: its charts, its actions, and its jobs by state.

use axum::extract::{Query, State};
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use super::chart::{self, MINUTES};
use super::failure::Failure;
use super::layout::{Page, Section, pager, state};
use super::overview::by_state;
use super::segments::Segments;
use super::state::Dashboard;
use super::text::{self, number, queue_path};
use super::visitor::Visitor;
use super::{job_list, queue_actions};
use toril_bullmq::admin::{PageRequest, QueueDetails, State as JobState};
use toril_job::QueueName;

/// The number of jobs on one page of the list.
const PER_PAGE: u64 = 25;

/// The query parameters of the page.
#[derive(Debug, Deserialize)]
pub struct Shown {
    #[serde(default)]
    state: Option<JobState>,
    #[serde(default)]
    page: Option<u64>,
    #[serde(default)]
    order: Option<Order>,
    #[serde(default)]
    done: Option<String>,
    #[serde(default)]
    n: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Order {
    Newest,
    Oldest,
}

pub async fn show(
    State(dashboard): State<Dashboard>,
    visitor: Visitor,
    Segments(name): Segments<QueueName>,
    query: Result<Query<Shown>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Failure> {
    let failed = |error| Failure::from(error).of(&visitor);
    let wrong =
        |error: axum::extract::rejection::QueryRejection| Failure::new(error.status(), error.body_text()).of(&visitor);
    let Query(asked) = query.map_err(wrong)?;
    let now = text::now();
    let queue = dashboard.admin.queue_details(&name).await.map_err(failed)?;
    let names = [name.clone()];
    let minutes = dashboard.admin.minutes(&names, MINUTES, now).await.map_err(failed)?;
    let wanted = asked.state.unwrap_or_else(|| first_with_jobs(&queue));
    let order = asked.order.unwrap_or(usual(wanted));
    let number = asked.page.unwrap_or(1).clamp(1, u64::MAX / PER_PAGE / 2);
    let start = (number - 1) * PER_PAGE;
    let request = PageRequest { state: wanted, start, end: start + PER_PAGE - 1, ascending: order == Order::Oldest };
    let jobs = dashboard.admin.jobs(&name, request).await.map_err(failed)?;
    let samples = dashboard.inside.samples(&name);
    let pages = jobs.total.div_ceil(PER_PAGE);
    let here = |order: Order| {
        let order = if order == Order::Oldest { "oldest" } else { "newest" };
        format!("{}?state={wanted}&order={order}", queue_path(&name))
    };
    let page = Page::new(&visitor, Section::Queues, name.as_str())
        .below("Queues", "/".to_owned())
        .live(Some(&name), None)
        .notice(asked.done.as_deref().and_then(|done| queue_actions::notice(done, asked.n)));
    Ok(page.show(html! {
        (head(&dashboard, &visitor, &queue))
        div.charts.large data-part="charts" {
            @for minutes in &minutes { (chart::rate(minutes)) (chart::failures(minutes)) }
            (chart::waits(&samples, now))
            (chart::backlog(&samples, now))
        }
        section aria-labelledby="jobs" {
            h2 id="jobs" { "Jobs" }
            (tabs(&queue, wanted))
            div data-part="jobs" {
                p.order {
                    (super::text::number(jobs.total)) " " (wanted) ". "
                    @if order == Order::Oldest {
                        "First in line, or oldest, first. " a href=(here(Order::Newest)) { "Newest first" }
                    } @else {
                        "Newest first. " a href=(here(Order::Oldest)) { "Oldest first" }
                    }
                }
                (job_list::list(&name, wanted, &jobs.jobs))
                (pager("jobs", number, pages, &format!("{}&page=", here(order))))
            }
        }
    }))
}

/// The default state: the first non-empty one, in the order of how informative they are.
fn first_with_jobs(queue: &QueueDetails) -> JobState {
    let order = [
        (JobState::Active, queue.active),
        (JobState::Waiting, queue.waiting),
        (JobState::Prioritized, queue.prioritized),
        (JobState::Delayed, queue.delayed),
        (JobState::WaitingChildren, queue.waiting_children),
        (JobState::Failed, queue.failed),
        (JobState::Completed, queue.completed),
    ];
    order.into_iter().find(|(_, count)| *count > 0).map_or(JobState::Waiting, |(state, _)| state)
}

/// Finished jobs are listed from the newest, waiting jobs from the oldest.
fn usual(state: JobState) -> Order {
    match state {
        JobState::Completed | JobState::Failed | JobState::Active => Order::Newest,
        _ => Order::Oldest,
    }
}

fn head(dashboard: &Dashboard, visitor: &Visitor, queue: &QueueDetails) -> Markup {
    let path = queue_path(&queue.name);
    let handler = dashboard.inside.handler(&queue.name);
    html! {
        p data-part="facts" {
            @if queue.paused { span.badge.warning { "paused" } " " }
            @match handler {
                Some((plugin, version)) => {
                    "Run here by plugin " a href={ "/plugins#" (text::encoded(&plugin)) } { (text::shown(&plugin)) }
                    ", version " code { (version.id) } ". "
                }
                None => "Not worked on by this host. ",
            }
            a href={ (path) "/schedulers" } { (text::count(queue.schedulers, "job scheduler")) }
        }
        @if !visitor.read_only { (queue_actions::buttons(visitor, queue)) }
    }
}

fn tabs(queue: &QueueDetails, wanted: JobState) -> Markup {
    let path = queue_path(&queue.name);
    html! {
        nav.tabs aria-label="States" data-part="tabs" {
            ul {
                @for (name, count) in by_state(queue) {
                    li {
                        a href={ (path) "?state=" (name) } aria-current=[(name == wanted.name()).then_some("page")] {
                            (state(name)) " " span.number { (number(count)) }
                        }
                    }
                }
            }
        }
    }
}
