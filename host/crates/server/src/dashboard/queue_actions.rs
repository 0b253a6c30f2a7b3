//! The actions on a queue.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};

use super::confirm::{Question, ask};
use super::failure::Failure;
use super::form::Form;
use super::segments::Segments;
use super::state::Dashboard;
use super::text::{count, queue_path, shown};
use super::visitor::Visitor;
use toril_bullmq::admin::{ActiveJobs, AdminError, DelayedJobs, QueueDetails, State as JobState};
use toril_job::QueueName;

/// The limit of jobs that one cleaning removes.
const MOST_CLEANED: u64 = 100_000;

type Done = Result<Response, Failure>;

/// The possible actions.
pub fn buttons(visitor: &Visitor, queue: &QueueDetails) -> Markup {
    let path = queue_path(&queue.name);
    html! {
        div.actions role="group" aria-label="Actions" data-part="actions" {
            a.button.primary href={ (path) "/add" } { "Add a job" }
            @if queue.paused {
                form method="post" action={ (path) "/resume" } { (visitor.csrf_field()) button type="submit" { "Resume" } }
            } @else {
                form method="post" action={ (path) "/pause" } { (visitor.csrf_field()) button type="submit" { "Pause" } }
            }
            @if queue.failed > 0 { a.button href={ (path) "/retry-failed" } { "Retry all failed" } }
            a.button href={ (path) "/drain" } { "Drain" }
            a.button href={ (path) "/clean" } { "Clean" }
            @if queue.paused { a.button href={ (path) "/obliterate" } { "Obliterate" } }
        }
    }
}

/// The message about the last action, for the page that is shown next.
pub fn notice(done: &str, n: Option<u64>) -> Option<Markup> {
    let jobs = n.map_or_else(|| "the jobs".to_owned(), |n| count(n, "job"));
    Some(match done {
        "paused" => html! { "The queue is paused: no job of it is claimed, on any host." },
        "resumed" => html! { "The queue is not paused any more." },
        "retried" => html! { (jobs) " to run again." },
        "drained" => html! { "What waited is removed." },
        "cleaned" => html! { (jobs) " removed." },
        "removed" => html! { "The job is removed." },
        "obliterated" => html! { "Everything in the queue is removed." },
        _ => return None,
    })
}

/// Redirects to the queue's page with a message about the action.
fn back(queue: &QueueName, done: &str) -> Response {
    Redirect::to(&format!("{}?done={done}", queue_path(queue))).into_response()
}

/// Redirects like `back` after a success, and otherwise shows an error page.
fn ended<T>(
    visitor: &Visitor,
    queue: &QueueName,
    outcome: Result<T, AdminError>,
    done: impl FnOnce(T) -> String,
) -> Done {
    let outcome = outcome.map_err(|error| Failure::from(error).back_to(queue_path(queue), visitor));
    Ok(back(queue, &done(outcome?)))
}

/// The confirmation before an action on a queue.
struct Before<'a> {
    title: &'a str,
    says: Markup,
    fields: Markup,
    button: &'a str,
    /// The path that the form is sent to, relative to the queue's path.
    action: &'a str,
}

fn ask_about(
    visitor: &Visitor,
    queue: &QueueName,
    Before { title, says, fields, button, action }: Before<'_>,
) -> Response {
    let back = queue_path(queue);
    let action = format!("{back}/{action}");
    ask(visitor, Question { title, says, fields, button, action, back, above: queue.as_str() })
}

pub async fn pause(
    State(d): State<Dashboard>,
    visitor: Visitor,
    Segments(queue): Segments<QueueName>,
    _: Form,
) -> Done {
    ended(&visitor, &queue, d.admin.pause(&queue).await, |_| "paused".to_owned())
}

pub async fn resume(
    State(d): State<Dashboard>,
    visitor: Visitor,
    Segments(queue): Segments<QueueName>,
    _: Form,
) -> Done {
    ended(&visitor, &queue, d.admin.resume(&queue).await, |_| "resumed".to_owned())
}

/// The queue, or an error page if it does not exist.
async fn existing(d: &Dashboard, visitor: &Visitor, queue: &QueueName) -> Result<QueueDetails, Failure> {
    let details = d.admin.queue_details(queue).await;
    details.map_err(|error| Failure::from(error).back_to("/".to_owned(), visitor))
}

pub async fn ask_retry(State(d): State<Dashboard>, visitor: Visitor, Segments(queue): Segments<QueueName>) -> Done {
    let details = existing(&d, &visitor, &queue).await?;
    Ok(ask_about(
        &visitor,
        &queue,
        Before {
            title: "Retry all failed jobs?",
            says: html! { p { (count(details.failed, "job")) " of queue " (shown(&queue)) " that failed: to be run again." } },
            fields: html! {},
            button: "Retry them",
            action: "retry-failed",
        },
    ))
}

pub async fn retry(
    State(d): State<Dashboard>,
    visitor: Visitor,
    Segments(queue): Segments<QueueName>,
    _: Form,
) -> Done {
    ended(&visitor, &queue, d.admin.retry_all(&queue).await, |done| format!("retried&n={}", done.retried))
}

pub async fn ask_drain(State(d): State<Dashboard>, visitor: Visitor, Segments(queue): Segments<QueueName>) -> Done {
    let details = existing(&d, &visitor, &queue).await?;
    let waiting = details.waiting + details.prioritized;
    Ok(ask_about(
        &visitor,
        &queue,
        Before {
            title: "Drain the queue?",
            says: html! {
                p { "What waits in queue " (shown(&queue)) ", " (count(waiting, "job")) ", is removed and cannot be brought back." }
                p.note { "Those that run, have ended, or are the next ones of job schedulers stay." }
            },
            fields: html! {
                p { label { input type="checkbox" name="delayed"; " Also what is delayed, " (count(details.delayed, "job")) } }
            },
            button: "Remove them",
            action: "drain",
        },
    ))
}

pub async fn drain(
    State(d): State<Dashboard>,
    visitor: Visitor,
    Segments(queue): Segments<QueueName>,
    form: Form,
) -> Done {
    let delayed = if form.ticked("delayed") { DelayedJobs::Remove } else { DelayedJobs::Keep };
    ended(&visitor, &queue, d.admin.drain(&queue, delayed).await, |_| "drained".to_owned())
}

pub async fn ask_clean(State(d): State<Dashboard>, visitor: Visitor, Segments(queue): Segments<QueueName>) -> Done {
    existing(&d, &visitor, &queue).await?;
    let states = JobState::ALL.into_iter().filter(|state| *state != JobState::WaitingChildren);
    Ok(ask_about(
        &visitor,
        &queue,
        Before {
            title: "Clean the queue?",
            says: html! { p { "Jobs of queue " (shown(&queue)) " are removed by state and age, and cannot be brought back." } },
            fields: html! {
                p.field {
                    label for="state" { "State" }
                    select id="state" name="state" {
                        @for state in states { option value=(state) selected[state == JobState::Completed] { (state) } }
                    }
                }
                p.field {
                    label for="older" { "In it for longer than" }
                    input id="older" name="older" value="1h" required aria-describedby="older-hint";
                    span.note id="older-hint" { "A time such as 30s, 5m or 7d. 0s: however long." }
                }
                p.field {
                    label for="limit" { "At most so many jobs" }
                    input id="limit" name="limit" type="number" min="1" max=(MOST_CLEANED) value="1000" required;
                }
            },
            button: "Remove them",
            action: "clean",
        },
    ))
}

pub async fn clean(
    State(d): State<Dashboard>,
    visitor: Visitor,
    Segments(queue): Segments<QueueName>,
    form: Form,
) -> Done {
    let here = || format!("{}/clean", queue_path(&queue));
    let wrong = |why: String| Failure::new(StatusCode::UNPROCESSABLE_ENTITY, why).back_to(here(), &visitor);
    let state = form.get("state").unwrap_or_default().parse::<JobState>();
    let state = state.map_err(|why| wrong(format!("the state {why}")))?;
    let older = form.span("older", "The age").map_err(wrong)?;
    let older = older.ok_or_else(|| wrong("The age is needed".to_owned()))?;
    let limit = form.number("limit", "The number of jobs").map_err(wrong)?.unwrap_or(1000);
    if !(1..=MOST_CLEANED).contains(&limit) {
        return Err(wrong(format!("The number of jobs is from 1 to {MOST_CLEANED}")));
    }
    let cleaned = d.admin.clean(&queue, state, Duration::from_millis(older), Some(limit)).await;
    let cleaned = cleaned.map_err(|error| Failure::from(error).back_to(here(), &visitor))?;
    Ok(back(&queue, &format!("cleaned&n={}", cleaned.removed)))
}

pub async fn ask_obliterate(
    State(d): State<Dashboard>,
    visitor: Visitor,
    Segments(queue): Segments<QueueName>,
) -> Done {
    let details = existing(&d, &visitor, &queue).await?;
    Ok(ask_about(
        &visitor,
        &queue,
        Before {
            title: "Obliterate the queue?",
            says: html! {
                p { "Every job of queue " (shown(&queue)) ", its job schedulers, limits and events are removed and cannot be brought back." }
                p.note { "The queue must be paused. It is not paused any more afterwards." }
            },
            fields: html! {
                p { label { input type="checkbox" name="force"; " Also what is active, " (count(details.active, "job")) ": its workers lose it" } }
            },
            button: "Remove everything",
            action: "obliterate",
        },
    ))
}

pub async fn obliterate(
    State(d): State<Dashboard>,
    visitor: Visitor,
    Segments(queue): Segments<QueueName>,
    form: Form,
) -> Done {
    let active = if form.ticked("force") { ActiveJobs::Remove } else { ActiveJobs::Refuse };
    ended(&visitor, &queue, d.admin.obliterate(&queue, active).await, |_| "obliterated".to_owned())
}
