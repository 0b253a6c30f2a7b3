//! Plugins that compute without end, or take what they can.

use serde_json::json;
use toril_tests::toril::component;

use crate::case::Case;
use crate::forged;
use crate::ring::Ring;

pub async fn in_handle(case: &Case) {
    let mut ring = Ring::open("spin", "timeout = \"1s\"").await;
    case.was_seen(&ring.failure("any", json!(0)).await);
    ring.unnoticed().await;
}

pub async fn in_describe(case: &Case) {
    let mut ring = Ring::open("basics", "").await;
    case.was_seen(&ring.refusal(&component("spin-describe")).await);
    ring.unnoticed().await;
}

pub async fn at_the_start_of_a_new_version(case: &Case) {
    let mut ring = Ring::open("basics", "").await;
    case.was_seen(&ring.refusal(&forged::with_started(&component("basics"), &forged::endless())).await);
    ring.unnoticed().await;
}

/// Its instances have started well until now: what they do is decided by a setting, which needs no new version.
pub async fn at_the_start_of_an_attempt(case: &Case) {
    let mut ring = Ring::open("flood", "timeout = \"1s\"").await;
    ring.configure("timeout = \"1s\"\n[plugins.hostile]\nconfig = { start-up = \"endless\" }\n").await;
    case.was_seen(&ring.failure("any", json!(0)).await);
    ring.unnoticed().await;
}

pub async fn in_host_calls(case: &Case) {
    let mut ring = Ring::open("flood", "timeout = \"1s\"").await;
    case.was_seen(&ring.failure("host-calls", json!(0)).await);
    ring.unnoticed().await;
}

pub async fn recursion(case: &Case) {
    let mut ring = Ring::open("allocate", "").await;
    case.was_seen(&ring.failure("recurse", json!(0)).await);
    ring.unnoticed().await;
}

pub async fn memory(case: &Case) {
    let mut ring = Ring::open("allocate", "").await;
    case.was_seen(&ring.failure("any", json!(0)).await);
    ring.unnoticed().await;
}

pub async fn many_large_tables(case: &Case) {
    let mut ring = Ring::open("basics", "").await;
    // One in each module: a module may not have more.
    let plugin = (0..6).fold(component("basics"), |plugin, _| forged::with_started(&plugin, &forged::table(19_000)));
    case.was_seen(&ring.refusal(&plugin).await);
    ring.unnoticed().await;
}

pub async fn a_growing_table(case: &Case) {
    let mut ring = Ring::open("basics", "").await;
    case.was_seen(&ring.refusal(&forged::with_started(&component("basics"), &forged::growing_table())).await);
    ring.unnoticed().await;
}

pub async fn handles(case: &Case) {
    let mut ring = Ring::open("flood", "").await;
    case.was_seen(&ring.failure("handles", json!(1_000_000)).await);
    ring.unnoticed().await;
}
