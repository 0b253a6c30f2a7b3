//! Plugins that compute endlessly, or use up resources.

use serde_json::json;
use toril_tests::toril::component;
use toril_tests::wait::LONG;
use toril_tests::wait_until;

use crate::case::Case;
use crate::forged;
use crate::ring::Ring;

pub async fn in_handle(case: &Case) {
    let mut ring = Ring::open("spin", "timeout = \"1s\"").await;
    case.was_seen(&ring.failure("any", json!(0)).await);
    ring.assert_unaffected().await;
}

pub async fn in_describe(case: &Case) {
    let mut ring = Ring::open("basics", "").await;
    case.was_seen(&ring.refusal(&component("spin-describe")).await);
    ring.assert_unaffected().await;
}

pub async fn at_the_start_of_a_new_version(case: &Case) {
    let mut ring = Ring::open("basics", "").await;
    case.was_seen(&ring.refusal(&forged::with_started(&component("basics"), &forged::endless())).await);
    ring.assert_unaffected().await;
}

/// Its instances start normally at first. A setting switches the attack on, so that no new version is needed.
pub async fn at_the_start_of_an_attempt(case: &Case) {
    let mut ring = Ring::open("flood", "timeout = \"1s\"").await;
    ring.configure("timeout = \"1s\"\n[plugins.hostile]\nconfig = { start-up = \"endless\" }\n").await;
    case.was_seen(&ring.failure("any", json!(0)).await);
    ring.assert_unaffected().await;
}

pub async fn a_call_as_a_supertype_in_describe(case: &Case) {
    let mut ring = Ring::open("basics", "").await;
    case.was_seen(&ring.refusal(&forged::with_started(&component("basics"), &forged::call_as_a_supertype(None))).await);
    ring.assert_unaffected().await;
}

/// Its instances start normally for `describe`. A setting switches the call on.
pub async fn a_call_as_a_supertype_in_handle(case: &Case) {
    let mut ring = Ring::open("flood", "").await;
    let module = forged::call_as_a_supertype(Some("misbehaves_at_the_start"));
    case.was_seen(&ring.refusal(&forged::with_started_beside(&component("flood"), &module)).await);
    ring.assert_unaffected().await;
}

/// A good component, which has one memory, with this many more.
fn with_memories(name: &str, more: usize) -> Vec<u8> {
    (0..more).fold(component(name), |plugin, _| forged::with_started(&plugin, &forged::memory()))
}

pub async fn many_memories(case: &Case) {
    let mut ring = Ring::open("basics", "").await;
    case.was_seen(&ring.refusal(&with_memories("basics", 7)).await);
    ring.assert_unaffected().await;
}

/// Fills the queue of the plugin with pens that have the maximum number of memories each. One slot of `max_pens` is
/// left.
pub async fn all_that_pens_may_hold(case: &Case) {
    let plugin = with_memories("flood", 3);
    let queue = "timeout = \"10m\"\nconcurrency = 3";
    let ring = Ring::with(&plugin, queue, |toril| toril.host("max_pens = 4")).await;
    for _ in 0..3 {
        ring.toril.cli(["add", "hostile", "sleep", "--data", "0"]).await.succeeded();
    }
    wait_until("three attempts to run", LONG, async || {
        (ring.count("LLEN", "bull:hostile:active").await == 3).then_some(())
    })
    .await;
    for _ in 0..3 {
        ring.run_other_job().await;
    }
    let running = ring.count("LLEN", "bull:hostile:active").await;
    case.was_seen(&format!("{running} attempts run, and jobs of the other queue complete"));
    ring.assert_unaffected().await;
}

pub async fn in_host_calls(case: &Case) {
    let mut ring = Ring::open("flood", "timeout = \"1s\"").await;
    case.was_seen(&ring.failure("host-calls", json!(0)).await);
    ring.assert_unaffected().await;
}

pub async fn recursion(case: &Case) {
    let mut ring = Ring::open("allocate", "").await;
    case.was_seen(&ring.failure("recurse", json!(0)).await);
    ring.assert_unaffected().await;
}

pub async fn memory(case: &Case) {
    let mut ring = Ring::open("allocate", "").await;
    case.was_seen(&ring.failure("any", json!(0)).await);
    ring.assert_unaffected().await;
}

pub async fn many_large_tables(case: &Case) {
    let mut ring = Ring::open("basics", "").await;
    // One table in each module, because a module may not have more.
    let plugin = (0..6).fold(component("basics"), |plugin, _| forged::with_started(&plugin, &forged::table(19_000)));
    case.was_seen(&ring.refusal(&plugin).await);
    ring.assert_unaffected().await;
}

pub async fn a_growing_table(case: &Case) {
    let mut ring = Ring::open("basics", "").await;
    case.was_seen(&ring.refusal(&forged::with_started(&component("basics"), &forged::growing_table())).await);
    ring.assert_unaffected().await;
}

pub async fn handles(case: &Case) {
    let mut ring = Ring::open("flood", "").await;
    case.was_seen(&ring.failure("handles", json!(1_000_000)).await);
    ring.assert_unaffected().await;
}

pub async fn waiting_for_ever(case: &Case) {
    let mut ring = Ring::open("flood", "timeout = \"1s\"").await;
    case.was_seen(&ring.failure("sleep", json!(0)).await);
    ring.assert_unaffected().await;
}

/// The outcome of a job whose attempt ends in a wait: its state, and the delay in milliseconds.
async fn waits(name: &str) -> String {
    let mut ring = Ring::open("flood", "").await;
    ring.toril.cli(["add", "hostile", name, "--data", "0"]).await.succeeded();
    ring.toril.wait_for_log("attempt ended", LONG).await;
    let job = wait_until("the job to wait", LONG, async || {
        ring.run_other_job().await;
        let job = ring.toril.cli(["job", "hostile", "1", "--json"]).await.succeeded().json();
        (job["state"] != "active").then_some(job)
    });
    let job = job.await;
    let limited = ring.count("PTTL", "bull:hostile:limiter").await;
    ring.assert_unaffected().await;
    format!("state {}, delay {}, limit {limited}", job["state"], job["delay"])
}

pub async fn deferred_for_ever(case: &Case) {
    case.was_seen(&waits("defer").await);
}

pub async fn limited_for_ever(case: &Case) {
    case.was_seen(&waits("rate-limited").await);
}

pub async fn a_job_for_never(case: &Case) {
    let mut ring = Ring::open("flood", "[plugins.hostile]\nadd_to = [\"hostile\"]").await;
    case.was_seen(&ring.failure("add", json!(0)).await);
    ring.assert_unaffected().await;
}
