//! The page of one job.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::Value;

use super::failure::Failure;
use super::layout::{Page, Section, pager, state};
use super::segments::Segments;
use super::state::Dashboard;
use super::text::{job_path, json, moment, number, path, plain, queue_path, shown, span};
use super::visitor::Visitor;
use super::{attempts, flow, job_actions};
use toril_bullmq::admin::{FlowRequest, JobDetails, LogPage};
use toril_job::{JobId, QueueName};

/// The number of log lines on one page.
const LINES: u64 = 100;
/// The number of children on the page. The page of the flow shows more.
const CHILDREN: u32 = 25;

/// The query parameters of the page.
#[derive(Debug, Deserialize)]
pub struct Shown {
    #[serde(default)]
    log: Option<u64>,
    #[serde(default)]
    done: Option<String>,
}

pub async fn show(
    State(dashboard): State<Dashboard>,
    visitor: Visitor,
    Segments((queue, id)): Segments<(QueueName, JobId)>,
    query: Result<Query<Shown>, QueryRejection>,
) -> Result<Response, Failure> {
    let failed = |error| Failure::from(error).back_to(queue_path(&queue), &visitor);
    let wrong = |error: QueryRejection| Failure::new(error.status(), error.body_text()).of(&visitor);
    let Query(asked) = query.map_err(wrong)?;
    let job = dashboard.admin.job_details(&queue, &id).await.map_err(failed)?;
    let page = asked.log.unwrap_or(1).clamp(1, u64::MAX / LINES / 2);
    let log = match page {
        1 => LogPage { start: 0, total: job.logs_total, lines: job.logs.clone() },
        _ => {
            let start = (page - 1) * LINES;
            dashboard.admin.job_logs(&queue, &id, start, start + LINES - 1).await.map_err(failed)?
        }
    };
    let counts = job.children;
    let children = counts.unprocessed + counts.processed + counts.ignored + counts.failed;
    let tree = match children {
        0 => None,
        _ => {
            let request = FlowRequest { depth: 1, max_children: CHILDREN };
            Some(dashboard.admin.flow(&queue, &id, request).await.map_err(failed)?)
        }
    };
    let title = format!("Job {id}");
    let shown_page = Page::new(&visitor, Section::Queues, plain(&title))
        .below("Queues", "/".to_owned())
        .below(queue.as_str(), queue_path(&queue))
        .live(Some(&queue), Some(&id))
        .notice(asked.done.as_deref().and_then(job_actions::notice));
    Ok(shown_page.show(html! {
        (facts(&job))
        @if !visitor.read_only { (job_actions::buttons(&visitor, &job)) }
        (attempts::table(&job))
        (failure(&job))
        div.columns {
            section aria-labelledby="data" data-part="data" { h2 id="data" { "Data" } (json(&job.data)) }
            @if job.state == "completed" || !job.returnvalue.is_null() {
                section aria-labelledby="result" data-part="result" { h2 id="result" { "Result" } (json(&job.returnvalue)) }
            }
            section aria-labelledby="options" { h2 id="options" { "Options" } (json(&job.opts)) }
        }
        @if let Some(tree) = tree {
            section aria-labelledby="children" data-part="children" {
                h2 id="children" { "Children" }
                p {
                    (number(counts.processed)) " completed, " (number(counts.failed + counts.ignored)) " failed, "
                    (number(counts.unprocessed)) " not done yet. "
                    a href={ (job_path(&queue, &id)) "/flow" } { "The whole flow" }
                }
                (flow::children(&tree))
            }
        }
        (lines(&job, &log, page))
    }))
}

fn facts(job: &JobDetails) -> Markup {
    let most = job.opts.get("attempts").and_then(Value::as_u64).unwrap_or(1).max(1);
    html! {
        dl.facts data-part="facts" {
            div { dt { "State" } dd { (state(&job.state)) } }
            div { dt { "Name" } dd { (shown(&job.name)) } }
            div { dt { "Queue" } dd { a href=(queue_path(&job.queue)) { (shown(&job.queue)) } } }
            div { dt { "Attempts" } dd { (job.attempts_made) " of " (most) @if job.attempts_started > job.attempts_made { ", " (job.attempts_started) " started" } } }
            div { dt { "Added" } dd { (moment(job.timestamp)) } }
            @if job.state == "delayed" { div { dt { "Runs" } dd { (moment(job.timestamp.saturating_add(job.delay))) } } }
            @if let Some(at) = job.processed_on { div { dt { "Claimed" } dd { (moment(at)) } } }
            @if let Some(at) = job.finished_on { div { dt { "Ended" } dd { (moment(at)) } } }
            @if let (Some(from), Some(to)) = (job.processed_on, job.finished_on) {
                div { dt { "Took" } dd { (span(to.saturating_sub(from))) } }
            }
            @if job.priority > 0 { div { dt { "Priority" } dd { (job.priority) } } }
            @if job.stalled_counter > 0 { div { dt { "Lost its worker" } dd { (job.stalled_counter) " times" } } }
            @if let Some(by) = &job.processed_by { div { dt { "Claimed by" } dd { (shown(by)) } } }
            (attempts::last(job))
            @if let Some(parent) = &job.parent {
                div { dt { "Parent" } dd { a href=(job_path(&parent.queue, &parent.id)) { (shown(&parent.queue)) " / " (shown(&parent.id)) } } }
            }
            @if let Some(scheduler) = &job.scheduler {
                div { dt { "Scheduler" } dd { a href=(path(&["queues", job.queue.as_str(), "schedulers"])) { (shown(scheduler)) } } }
            }
            @if let Some(id) = &job.deduplication_id { div { dt { "Deduplication id" } dd { (shown(id)) } } }
            @if has_progress(&job.progress) { div { dt { "Progress" } dd { (shown(job.progress.to_string())) } } }
        }
    }
}

fn has_progress(progress: &Value) -> bool {
    !(progress.is_null() || progress == &Value::from(0))
}

fn failure(job: &JobDetails) -> Markup {
    let stacks: Vec<&str> = match &job.stacktrace {
        Value::Array(stacks) => stacks.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    // A successful attempt has no stack trace. After a retry, BullMQ counts attempts from the start, so the count
    // says nothing about older stack traces.
    let failed = job.attempts_made.saturating_sub(u64::from(job.state == "completed"));
    let first = failed.checked_sub(stacks.len() as u64);
    html! {
        @if job.failed_reason.is_some() || !stacks.is_empty() {
            section aria-labelledby="errors" data-part="errors" {
                h2 id="errors" { "Errors" }
                @if let Some(reason) = &job.failed_reason { div.problem { p { (shown(reason)) } } }
                @for (place, stack) in stacks.iter().enumerate().rev() {
                    details id={ "stack-" (place) } open[place + 1 == stacks.len()] {
                        summary {
                            @match first { Some(first) => { "Attempt " (first + place as u64 + 1) } None => { "Failure " (place + 1) } }
                        }
                        pre tabindex="0" { code { (shown(stack)) } }
                    }
                }
            }
        }
    }
}

fn lines(job: &JobDetails, log: &LogPage, page: u64) -> Markup {
    let here = job_path(&job.queue, &job.id);
    html! {
        section aria-labelledby="log" data-part="log" {
            h2 id="log" { "Log" }
            @if log.lines.is_empty() {
                p.empty { "No lines." }
            } @else {
                ol.log tabindex="0" start=(log.start + 1) { @for line in &log.lines { li { (shown(line)) } } }
            }
            (pager("the log", page, log.total.div_ceil(LINES), &format!("{here}?log=")))
        }
    }
}
