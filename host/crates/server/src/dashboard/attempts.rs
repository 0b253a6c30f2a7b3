//! The attempts of a job, for its page.

use maud::{Markup, html};

use super::layout;
use super::text::{ago, encoded, shown, span};
use toril_bullmq::admin::{JobDetails, PastAttempt};

/// The number of attempts that the page shows; the last ones.
const MOST: usize = 100;

/// What ran the last attempt, for the list of facts.
pub fn last(job: &JobDetails) -> Markup {
    html! { @if let Some(plugin) = job.attempts.last().and_then(ran_with) { div { dt { "Ran with" } dd { (plugin) } } } }
}

/// The table of attempts.
pub fn table(job: &JobDetails) -> Markup {
    let attempts = &job.attempts[job.attempts.len().saturating_sub(MOST)..];
    html! {
        @if !attempts.is_empty() {
            section aria-labelledby="attempts" data-part="attempts" {
                h2 id="attempts" { "Attempts" }
                (layout::table("What ran each attempt", html! {
                    table {
                        thead { tr {
                            th scope="col" { "Attempt" } th scope="col" { "Began" } th scope="col" { "Took" }
                            th scope="col" { "Outcome" } th scope="col" { "Plugin" } th scope="col" { "Host" }
                        } }
                        tbody { @for attempt in attempts { (row(attempt)) } }
                    }
                }))
            }
        }
    }
}

fn row(attempt: &PastAttempt) -> Markup {
    html! {
        tr {
            th scope="row" { (attempt.attempt) }
            td { (ago(attempt.started_on)) }
            td { (span(attempt.duration)) }
            td { (shown(&attempt.outcome)) @if let Some(kind) = &attempt.failure { ", " (shown(kind)) } }
            td { @if let Some(plugin) = ran_with(attempt) { (plugin) } }
            td { (shown(&attempt.host)) }
        }
    }
}

fn ran_with(attempt: &PastAttempt) -> Option<Markup> {
    let plugin = attempt.plugin.as_ref()?;
    let anchor = format!("/plugins#{}", encoded(plugin));
    Some(
        html! { a href=(anchor) { (shown(plugin)) } @if let Some(version) = &attempt.version { " " code { (shown(version)) } } },
    )
}
