//! The start page: all queues with their numbers and charts.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};

use super::chart::{self, MINUTES};
use super::failure::Failure;
use super::layout::{Page, Section};
use super::state::Dashboard;
use super::text::{self, encoded, number, queue_path, shown};
use super::visitor::Visitor;
use toril_bullmq::admin::{Minutes, QueueDetails};

pub async fn show(State(dashboard): State<Dashboard>, visitor: Visitor) -> Result<Response, Failure> {
    let now = text::now();
    let failed = |error| Failure::from(error).of(&visitor);
    let queues = dashboard.admin.queues().await.map_err(failed)?;
    let names: Vec<_> = queues.iter().map(|queue| queue.name.clone()).collect();
    let minutes = dashboard.admin.minutes(&names, MINUTES, now).await.map_err(failed)?;
    let page = Page::new(&visitor, Section::Queues, "Queues").live(None, None);
    Ok(page.show(html! {
        @if queues.is_empty() { p { "The configuration names no queue." } }
        div.cards data-part="queues" {
            @for (queue, minutes) in queues.iter().zip(&minutes) { (card(&dashboard, queue, minutes, now)) }
        }
    }))
}

fn card(dashboard: &Dashboard, queue: &QueueDetails, minutes: &Minutes, now: u64) -> Markup {
    let samples = dashboard.inside.samples(&queue.name);
    let plugin = dashboard.inside.handler(&queue.name).map(|(plugin, _)| plugin);
    html! {
        article.card {
            h2 {
                a href=(queue_path(&queue.name)) { (shown(&queue.name)) }
                @if queue.paused { " " span.badge.warning { "paused" } }
            }
            p.note {
                @match plugin {
                    Some(plugin) => { "run by plugin " a href={ "/plugins#" (encoded(&plugin)) } { (shown(&plugin)) } }
                    None => "not worked on by this host",
                }
            }
            (counts(queue))
            div.charts { (chart::rate(minutes)) (chart::waits(&samples, now)) (chart::failures(minutes)) }
        }
    }
}

/// The number of jobs in each state, each with a link to them.
pub fn counts(queue: &QueueDetails) -> Markup {
    html! {
        dl.counts {
            @for (state, count) in by_state(queue) {
                div.count {
                    dt { (state) }
                    dd { a class=[(state == "failed" && count > 0).then_some("bad")] href={ (queue_path(&queue.name)) "?state=" (state) } aria-label={ (number(count)) " " (state) } { (number(count)) } }
                }
            }
        }
    }
}

/// The counts with BullMQ's names of the states.
pub fn by_state(queue: &QueueDetails) -> [(&'static str, u64); 7] {
    [
        ("waiting", queue.waiting),
        ("active", queue.active),
        ("delayed", queue.delayed),
        ("prioritized", queue.prioritized),
        ("waiting-children", queue.waiting_children),
        ("completed", queue.completed),
        ("failed", queue.failed),
    ]
}
