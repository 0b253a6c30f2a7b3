//! A job and its children, as a tree.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};

use super::failure::Failure;
use super::layout::{Page, Section, state};
use super::segments::Segments;
use super::state::Dashboard;
use super::text::{job_path, number, plain, queue_path, shown};
use super::visitor::Visitor;
use toril_bullmq::admin::{FlowNode, FlowRequest};
use toril_job::{JobId, QueueName};

pub async fn show(
    State(dashboard): State<Dashboard>,
    visitor: Visitor,
    Segments((queue, id)): Segments<(QueueName, JobId)>,
) -> Result<Response, Failure> {
    let tree = dashboard.admin.flow(&queue, &id, FlowRequest::default()).await;
    let tree = tree.map_err(|error| Failure::from(error).back_to(queue_path(&queue), &visitor))?;
    let page = Page::new(&visitor, Section::Queues, plain(&format!("Flow of job {id}")))
        .below("Queues", "/".to_owned())
        .below(queue.as_str(), queue_path(&queue))
        .below(&format!("Job {id}"), job_path(&queue, &id));
    Ok(page.show(html! { ul.tree { (node(&tree)) } }))
}

/// The descendants of a job, as nested lists.
pub fn children(tree: &FlowNode) -> Markup {
    let counts = tree.counts;
    let all = counts.unprocessed + counts.processed + counts.ignored + counts.failed;
    let more = all.saturating_sub(tree.children.len() as u64);
    html! {
        ul.tree {
            @for child in &tree.children { (node(child)) }
            @if tree.truncated && more > 0 { li.note { "and " (number(more)) " more" } }
        }
    }
}

fn node(tree: &FlowNode) -> Markup {
    html! {
        li {
            a href=(job_path(&tree.queue, &tree.id)) { (shown(&tree.queue)) " / " (shown(&tree.id)) }
            " " @match &tree.name { Some(name) => (shown(name)), None => span.note { "removed" } }
            " " (state(&tree.state))
            @if let (true, Some(reason)) = (tree.state == "failed", &tree.failed_reason) { " " span.reason { (shown(reason)) } }
            @if !tree.children.is_empty() || tree.truncated { (children(tree)) }
        }
    }
}
