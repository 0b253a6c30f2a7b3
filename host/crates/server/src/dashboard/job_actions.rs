//! The actions on a job.

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
use super::text::{job_path, queue_path, shown};
use super::visitor::Visitor;
use toril_bullmq::admin::{AdminError, Children, JobDetails, Order, RetryAttempts};
use toril_job::{JobId, QueueName};

/// How long a cancelled job may take to end. A plugin that does not stop by itself is interrupted after 5 seconds.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(15);

type Done = Result<Response, Failure>;
type Job = Segments<(QueueName, JobId)>;

/// The actions that are possible in the job's state.
pub fn buttons(visitor: &Visitor, job: &JobDetails) -> Markup {
    let path = job_path(&job.queue, &job.id);
    let ended = matches!(job.state.as_str(), "completed" | "failed");
    let active = job.state == "active";
    html! {
        div.actions role="group" aria-label="Actions" data-part="actions" {
            @if ended {
                form method="post" action={ (path) "/retry" } {
                    (visitor.csrf_field())
                    label { input type="checkbox" name="reset" checked; " with all attempts" }
                    button.primary type="submit" { "Retry" }
                }
            }
            @if job.state == "delayed" {
                form method="post" action={ (path) "/promote" } { (visitor.csrf_field()) button.primary type="submit" { "Run now" } }
                form method="post" action={ (path) "/delay" } {
                    (visitor.csrf_field())
                    label for="delay" { "Delay" }
                    input.short id="delay" name="delay" value="5m" required;
                    button type="submit" { "Change" }
                }
            }
            @if !ended && !active && job.state != "unknown" {
                form method="post" action={ (path) "/priority" } {
                    (visitor.csrf_field())
                    label for="priority" { "Priority" }
                    input.short id="priority" name="priority" type="number" min="0" max="2097151" value=(job.priority) required;
                    button type="submit" { "Change" }
                }
            }
            @if active { a.button href={ (path) "/cancel" } { "Cancel" } }
            @else { a.button href={ (path) "/remove" } { "Remove" } }
        }
    }
}

/// The message about the last action, for the page that is shown next.
pub fn notice(done: &str) -> Option<Markup> {
    Some(match done {
        "added" => html! { "The job is added." },
        "retried" => html! { "The job waits again." },
        "promoted" => html! { "The job can be claimed now." },
        "priority" => html! { "The job has another priority." },
        "delay" => html! { "The job has another delay." },
        "cancelled" => html! { "The job does not run any more." },
        "cancelling" => {
            html! { "The job was asked to end and still runs: its plugin takes its time, or no host of this namespace has it." }
        }
        _ => return None,
    })
}

/// Redirects to the job's page with a message about the action after a success, and otherwise shows an error page.
fn ended<T>(
    visitor: &Visitor,
    (queue, id): (&QueueName, &JobId),
    outcome: Result<T, AdminError>,
    done: impl FnOnce(T) -> &'static str,
) -> Done {
    let path = job_path(queue, id);
    match outcome {
        Ok(outcome) => Ok(Redirect::to(&format!("{path}?done={}", done(outcome))).into_response()),
        Err(error) => Err(Failure::from(error).back_to(path, visitor)),
    }
}

fn invalid(visitor: &Visitor, queue: &QueueName, id: &JobId, why: String) -> Failure {
    Failure::new(StatusCode::UNPROCESSABLE_ENTITY, why).back_to(job_path(queue, id), visitor)
}

pub async fn retry(State(d): State<Dashboard>, visitor: Visitor, Segments((queue, id)): Job, form: Form) -> Done {
    let attempts = if form.ticked("reset") { RetryAttempts::All } else { RetryAttempts::One };
    let done = d.admin.retry(&queue, &id, attempts).await;
    ended(&visitor, (&queue, &id), done, |()| "retried")
}

pub async fn promote(State(d): State<Dashboard>, visitor: Visitor, Segments((queue, id)): Job, _: Form) -> Done {
    let done = d.admin.promote(&queue, &id).await;
    ended(&visitor, (&queue, &id), done, |()| "promoted")
}

pub async fn priority(State(d): State<Dashboard>, visitor: Visitor, Segments((queue, id)): Job, form: Form) -> Done {
    let priority = form.number("priority", "The priority").map_err(|why| invalid(&visitor, &queue, &id, why))?;
    let priority = u32::try_from(priority.unwrap_or(0)).unwrap_or(u32::MAX);
    let done = d.admin.change_priority(&queue, &id, priority, Order::Fifo).await;
    ended(&visitor, (&queue, &id), done, |()| "priority")
}

pub async fn delay(State(d): State<Dashboard>, visitor: Visitor, Segments((queue, id)): Job, form: Form) -> Done {
    let delay = form.span("delay", "The delay").map_err(|why| invalid(&visitor, &queue, &id, why))?;
    let delay = delay.ok_or_else(|| invalid(&visitor, &queue, &id, "The delay is needed".to_owned()))?;
    let done = d.admin.change_delay(&queue, &id, delay).await;
    ended(&visitor, (&queue, &id), done, |()| "delay")
}

/// The job, or an error page if it does not exist.
async fn existing(d: &Dashboard, visitor: &Visitor, queue: &QueueName, id: &JobId) -> Result<JobDetails, Failure> {
    let details = d.admin.job_details(queue, id).await;
    details.map_err(|error| Failure::from(error).back_to(queue_path(queue), visitor))
}

pub async fn ask_remove(State(d): State<Dashboard>, visitor: Visitor, Segments((queue, id)): Job) -> Done {
    let job = existing(&d, &visitor, &queue, &id).await?;
    let counts = job.children;
    let children = counts.unprocessed + counts.processed + counts.ignored + counts.failed;
    let path = job_path(&queue, &id);
    Ok(ask(
        &visitor,
        Question {
            title: "Remove the job?",
            says: html! { p { "Job " (shown(&id)) " of queue " (shown(&queue)) ", which is " (job.state) ", is removed and cannot be brought back." } },
            fields: html! {
                @if children > 0 { p { label { input type="checkbox" name="children" checked; " Also its " (children) " children" } } }
            },
            button: "Remove it",
            action: format!("{path}/remove"),
            back: path,
            above: &format!("Job {id}"),
        },
    ))
}

pub async fn remove(State(d): State<Dashboard>, visitor: Visitor, Segments((queue, id)): Job, form: Form) -> Done {
    let children = if form.ticked("children") { Children::Remove } else { Children::Keep };
    let done = d.admin.remove(&queue, &id, children).await;
    done.map_err(|error| Failure::from(error).back_to(job_path(&queue, &id), &visitor))?;
    Ok(Redirect::to(&format!("{}?done=removed", queue_path(&queue))).into_response())
}

pub async fn ask_cancel(State(d): State<Dashboard>, visitor: Visitor, Segments((queue, id)): Job) -> Done {
    let job = existing(&d, &visitor, &queue, &id).await?;
    let path = job_path(&queue, &id);
    Ok(ask(
        &visitor,
        Question {
            title: "Cancel the job?",
            says: html! {
                p { "Job " (shown(&id)) " of queue " (shown(&queue)) ", which is " (job.state) ", is asked to end." }
                p.note { "A plugin that does not end by itself is interrupted after 5 seconds." }
            },
            fields: html! {
                p.field { label for="reason" { "Reason" } input id="reason" name="reason" maxlength="500" value="cancelled by hand" required; }
            },
            button: "Cancel it",
            action: format!("{path}/cancel"),
            back: path,
            above: &format!("Job {id}"),
        },
    ))
}

pub async fn cancel(State(d): State<Dashboard>, visitor: Visitor, Segments((queue, id)): Job, form: Form) -> Done {
    let reason = form.text("reason").unwrap_or("cancelled by hand");
    let state = d.admin.cancel(&queue, &id, reason, CANCEL_TIMEOUT).await;
    ended(&visitor, (&queue, &id), state, |state| if state.is_some() { "cancelled" } else { "cancelling" })
}
