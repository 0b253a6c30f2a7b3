//! Plugins that give the host more than it can want.

use serde_json::{Value, json};

use crate::case::Case;
use crate::ring::Ring;

const MB: usize = 1_000_000;

/// The lines of a job's log.
fn log(job: &Value) -> Vec<&str> {
    job["logs"].as_array().expect("a log").iter().filter_map(Value::as_str).collect()
}

pub async fn lines(case: &Case) {
    let mut ring = Ring::open("flood", "").await;
    let job = ring.job("lines", json!(1_000_000)).await;
    let log = log(&job);
    assert_eq!((&job["state"], log.len()), (&json!("completed"), 1001), "{:?}", log.last());
    case.was_seen(log[1000]);
    ring.unnoticed().await;
}

pub async fn printed_lines(case: &Case) {
    let mut ring = Ring::open("flood", "").await;
    let job = ring.job("print", json!(100_000)).await;
    let log = log(&job);
    assert_eq!((&job["state"], log.len()), (&json!("completed"), 1001), "{:?}", log.last());
    case.was_seen(log[1000]);
    ring.unnoticed().await;
}

pub async fn a_huge_line(case: &Case) {
    let mut ring = Ring::open("flood", "[plugins.hostile]\nmemory = \"256MiB\"").await;
    case.was_seen(&ring.failure("line", json!(100 * MB)).await);
    ring.unnoticed().await;
}

pub async fn a_long_line(case: &Case) {
    let mut ring = Ring::open("flood", "").await;
    let job = ring.job("line", json!(10 * MB)).await;
    let log = log(&job);
    assert_eq!((log.len(), log[0].chars().count()), (1, 8 * 1024 + 1));
    case.was_seen(log[0]);
    ring.unnoticed().await;
}

pub async fn progress(case: &Case) {
    let mut ring = Ring::open("flood", "timeout = \"20s\"").await;
    case.was_seen(&ring.failure("progress", json!(60_000)).await);
    ring.unnoticed().await;
}

pub async fn a_result(case: &Case) {
    let mut ring = Ring::open("flood", "[plugins.hostile]\nmemory = \"512MiB\"").await;
    case.was_seen(&ring.failure("result", json!(100 * MB)).await);
    ring.unnoticed().await;
}

pub async fn a_large_result(case: &Case) {
    let mut ring = Ring::open("flood", "").await;
    case.was_seen(&ring.failure("result", json!(10 * MB)).await);
    ring.unnoticed().await;
}

pub async fn a_reason(case: &Case) {
    let mut ring = Ring::open("flood", "").await;
    let reason = ring.failure("reason", json!(10 * MB)).await;
    assert!(reason.len() <= 64 * 1024 + 3, "{}", reason.len());
    case.was_seen(&reason);
    ring.unnoticed().await;
}

pub async fn random(case: &Case) {
    let mut ring = Ring::open("flood", "").await;
    case.was_seen(&ring.failure("random", json!(4_000_000_000_u32)).await);
    ring.unnoticed().await;
}

/// More than the plugin has room for: what a producer does to it, and not the other way round.
pub async fn data(case: &Case) {
    let mut ring = Ring::open("flood", "[plugins.hostile]\nmemory = \"2MiB\"").await;
    case.was_seen(&ring.failure("any", json!("x".repeat(10 * MB))).await);
    ring.unnoticed().await;
}
