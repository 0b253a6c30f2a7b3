//! The page of the hosts that share the queues.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};

use super::failure::Failure;
use super::layout::{Page, Section};
use super::state::Dashboard;
use super::text::{ago, moment, number, queue_path, shown};
use super::visitor::Visitor;
use toril_bullmq::admin::HostStatus;

pub async fn show(State(dashboard): State<Dashboard>, visitor: Visitor) -> Result<Response, Failure> {
    let hosts = dashboard.admin.hosts().await.map_err(|error| Failure::from(error).of(&visitor))?;
    Ok(Page::new(&visitor, Section::Hosts, "Hosts").live(None, None).show(html! {
        p.note { "Hosts of the same Redis and namespace. One that is killed is shown for some 20 seconds more." }
        @if hosts.is_empty() { p.empty { "No host has said yet that it is there." } }
        div.cards data-part="hosts" { @for host in &hosts { (card(&dashboard, host)) } }
    }))
}

fn card(dashboard: &Dashboard, host: &HostStatus) -> Markup {
    html! {
        article.card {
            h2 { (shown(&host.machine)) " " span.note { "process " (host.pid) } }
            @if host.id == dashboard.inside.id() { p { span.badge { "this host" } } }
            dl.facts {
                div { dt { "Version" } dd { (shown(&host.version)) } }
                div { dt { "Started" } dd { (moment(host.started)) } }
                div { dt { "Seen" } dd { (ago(host.seen)) } }
                div { dt { "Plugins" } dd {
                    @for (plugin, version) in &host.plugins { (shown(plugin)) " " code { (shown(version)) } br; }
                } }
            }
            table {
                caption { "Queues" }
                thead { tr { th scope="col" { "Queue" } th scope="col" { "Running" } th scope="col" { "At most" } } }
                tbody {
                    @for (queue, at) in &host.queues {
                        tr {
                            th scope="row" { a href=(queue_path(queue)) { (shown(queue)) } }
                            td { (number(at.running)) }
                            td { (number(at.concurrency)) }
                        }
                    }
                }
            }
        }
    }
}
