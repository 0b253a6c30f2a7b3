//! The table of jobs.

use maud::{Markup, html};

use super::layout::table;
use super::text::{ago, job_path, shown, span};
use toril_bullmq::admin::{JobSummary, State};
use toril_job::QueueName;

/// The jobs of one page. The columns depend on the state.
pub fn list(queue: &QueueName, state: State, jobs: &[JobSummary]) -> Markup {
    let ended = matches!(state, State::Completed | State::Failed);
    let failed = state == State::Failed;
    html! {
        @if jobs.is_empty() {
            p.empty { "No job here is " (state) "." }
        } @else {
            (table("Table of jobs", html! {
                table {
                    thead {
                        tr {
                            th scope="col" { "Job" }
                            @match state {
                                State::Delayed => th scope="col" { "Runs" },
                                State::Active => th scope="col" { "Runs since" },
                                _ if ended => th scope="col" { "Ended" },
                                _ => th scope="col" { "Added" },
                            }
                            @if failed { th scope="col" { "Reason" } }
                            @if state == State::Completed { th.wide scope="col" { "Took" } }
                            @if matches!(state, State::Prioritized) { th scope="col" { "Priority" } }
                            th.wide scope="col" { "Attempts" }
                        }
                    }
                    tbody {
                        @for job in jobs {
                            tr {
                                th scope="row" { a href=(job_path(queue, &job.id)) { (shown(&job.id)) } " " span.note { (shown(&job.name)) } }
                                td { (time(state, job)) }
                                @if failed { td.reason { (shown(job.failed_reason.as_deref().unwrap_or_default())) } }
                                @if state == State::Completed { td.wide { (took(job)) } }
                                @if matches!(state, State::Prioritized) { td { (job.priority) } }
                                td.wide { (job.attempts_made) }
                            }
                        }
                    }
                }
            }))
        }
    }
}

fn time(state: State, job: &JobSummary) -> Markup {
    let at = match state {
        State::Delayed => job.timestamp.saturating_add(job.delay),
        State::Active => job.processed_on.unwrap_or(job.timestamp),
        State::Completed | State::Failed => job.finished_on.unwrap_or(job.timestamp),
        _ => job.timestamp,
    };
    ago(at)
}

fn took(job: &JobSummary) -> String {
    match (job.processed_on, job.finished_on) {
        (Some(from), Some(to)) => span(to.saturating_sub(from)),
        _ => String::new(),
    }
}
