//! The page of this host's plugins.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};

use super::inside::PluginDetails;
use super::layout::{Page, Section, table};
use super::state::Dashboard;
use super::text::{ago, encoded, json, millis, moment, number, queue_path, shown};
use super::visitor::Visitor;

pub async fn show(State(dashboard): State<Dashboard>, visitor: Visitor) -> Response {
    let plugins = dashboard.inside.plugins();
    Page::new(&visitor, Section::Plugins, "Plugins").live(None, None).show(html! {
        p.note { "Those of this host, " (shown(dashboard.inside.id())) ". " a href="/hosts" { "Other hosts" } " may use other versions." }
        @if plugins.is_empty() { p.empty { "No plugin is in use." } }
        @for plugin in &plugins { (one(plugin)) }
    })
}

fn one(plugin: &PluginDetails) -> Markup {
    let PluginDetails { status, queues, version, .. } = plugin;
    let name = &status.plugin;
    html! {
        section.panel id=(encoded(name)) aria-labelledby={ (encoded(name)) "-title" } data-part={ "plugin-" (name) } {
            h2 id={ (encoded(name)) "-title" } { (shown(name)) }
            @if !version.jobs.description.is_empty() { p { (shown(&version.jobs.description)) } }
            @if let Some(reason) = &status.refused {
                div.problem { p { strong { "The newest file is refused, and the version before stays." } } p { (shown(reason)) } }
            }
            dl.facts {
                div { dt { "Version" } dd { code { (status.version) } } }
                div { dt { "Interface" } dd { (status.interface) } }
                div { dt { "In use since" } dd { (moment(millis(status.since))) } }
                div { dt { "Queues" } dd { @for queue in queues { a href=(queue_path(queue)) { (shown(queue)) } " " } } }
            }
            h3 { "Granted" }
            (granted(plugin))
            h3 { "Job types" }
            (types(plugin))
            h3 { "Files" }
            (history(plugin))
        }
    }
}

/// The grants of the plugin's entry. Of configuration values and secrets, only the names are shown.
fn granted(plugin: &PluginDetails) -> Markup {
    let granted = &plugin.granted;
    let names = |names: Vec<String>| html! { @if names.is_empty() { span.note { "nothing" } } @else { @for name in &names { code { (shown(name)) } " " } } };
    html! {
        dl.facts {
            div { dt { "Requests to" } dd { (names(granted.http.iter().map(ToString::to_string).collect())) } }
            @if !granted.tcp.is_empty() {
                div { dt { "TCP to" } dd { (names(granted.tcp.iter().map(ToString::to_string).collect())) } }
            }
            @if !granted.tls.is_empty() {
                div { dt { "TLS to" } dd { (names(granted.tls.iter().map(ToString::to_string).collect())) } }
            }
            @if !granted.private_addresses.is_empty() {
                div { dt { "Private addresses" } dd { (names(granted.private_addresses.iter().map(ToString::to_string).collect())) } }
            }
            div { dt { "Adds jobs to" } dd { (names(granted.add_to.iter().map(ToString::to_string).collect())) } }
            div { dt { "Settings" } dd { (names(granted.config.keys().cloned().collect())) } }
            div { dt { "Secrets" } dd { (names(granted.secrets.keys().cloned().collect())) } }
            @if !granted.env.is_empty() {
                div { dt { "Environment" } dd { (names(granted.env.keys().cloned().collect())) } }
            }
            div { dt { "Key-value data" } dd {
                @match &granted.keyvalue {
                    None => span.note { "none" },
                    Some(kept) => @match kept.ttl { Some(ttl) => { "kept for " (humantime::format_duration(ttl)) } None => "kept for ever" },
                }
            } }
            @if !granted.postgres.is_empty() { div { dt { "PostgreSQL" } dd { (pools(plugin)) } } }
            div { dt { "Memory" } dd { (number(granted.memory >> 20)) " MiB" } }
            div { dt { "Fuel" } dd { @match granted.fuel { Some(fuel) => (number(fuel.get())), None => span.note { "no bound" } } } }
        }
    }
}

/// The pools of the entry, and their connections on this host. Their addresses are part of a secret, and not shown.
fn pools(plugin: &PluginDetails) -> Markup {
    html! {
        @for (name, pool) in &plugin.granted.postgres {
            @let status = plugin.status.pools.iter().find(|status| status.name == *name);
            div {
                code { (shown(name)) } " "
                span.note {
                    @if pool.read_only { "read-only, " }
                    @if let Some(status) = status {
                        (number(status.open as u64)) " of " (number(status.max as u64)) " connections open, "
                        (number(status.idle as u64)) " idle"
                        @if status.waiting > 0 { ", " (number(status.waiting as u64)) " attempts wait" }
                    } @else {
                        "up to " (number(u64::from(pool.connections.get()))) " connections"
                    }
                }
            }
        }
    }
}

fn types(plugin: &PluginDetails) -> Markup {
    let types = plugin.version.jobs.sorted();
    html! {
        @if types.is_empty() { p.note { "It takes jobs of any name." } }
        @for (place, (name, kind)) in types.iter().enumerate() {
            details id={ "type-" (encoded(&plugin.status.plugin)) "-" (place) } {
                summary { strong { (shown(name)) } @if !kind.description.is_empty() { " " span.note { (shown(&kind.description)) } } }
                @match &kind.schema { Some(schema) => { p { "Data:" } (json(schema)) } None => p.note { "It has no schema." } }
                @if let Some(result) = &kind.result { p { "Result:" } (json(result)) }
            }
        }
    }
}

fn history(plugin: &PluginDetails) -> Markup {
    table(
        &format!("Files of {}", plugin.status.plugin),
        html! {
            table {
                thead { tr { th scope="col" { "When" } th scope="col" { "What became of it" } } }
                tbody {
                    @for record in &plugin.status.reloads {
                        tr {
                            td { (ago(millis(record.at))) }
                            @match &record.result {
                                Ok(version) => td { "in use as " code { (version) } },
                                Err(reason) => td.reason { strong { "refused: " } (shown(reason)) },
                            }
                        }
                    }
                }
            }
        },
    )
}
