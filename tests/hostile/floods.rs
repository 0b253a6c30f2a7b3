//! Plugins that flood the host.

use serde_json::json;
use toril_tests::toril::component;

use crate::case::Case;
use crate::forged;
use crate::ring::Ring;

const MB: usize = 1_000_000;

pub async fn lines(case: &Case) {
    let mut ring = Ring::open("flood", "").await;
    let job = ring.job("lines", json!(1_000_000)).await;
    assert_eq!(job["state"], "completed", "{job}");
    let log = ring.log(&job).await;
    assert_eq!(log.len(), 1001);
    case.was_seen(&log[1000]);
    ring.assert_unaffected().await;
}

pub async fn printed_lines(case: &Case) {
    let mut ring = Ring::open("flood", "").await;
    let job = ring.job("print", json!(100_000)).await;
    assert_eq!(job["state"], "completed", "{job}");
    let log = ring.log(&job).await;
    assert_eq!(log.len(), 1001);
    case.was_seen(&log[1000]);
    ring.assert_unaffected().await;
}

pub async fn a_huge_line(case: &Case) {
    let mut ring = Ring::open("flood", "[plugins.hostile]\nmemory = \"256MiB\"").await;
    case.was_seen(&ring.failure("line", json!(100 * MB)).await);
    ring.assert_unaffected().await;
}

pub async fn a_long_line(case: &Case) {
    let mut ring = Ring::open("flood", "").await;
    let job = ring.job("line", json!(10 * MB)).await;
    let log = ring.log(&job).await;
    assert_eq!((log.len(), log[0].chars().count()), (1, 8 * 1024 + 1));
    case.was_seen(&log[0]);
    ring.assert_unaffected().await;
}

pub async fn progress(case: &Case) {
    let mut ring = Ring::open("flood", "timeout = \"2s\"").await;
    case.was_seen(&ring.failure("progress", json!(60_000)).await);
    // Redis trims its streams approximately.
    let events = ring.count("XLEN", "bull:hostile:events").await;
    assert!(events < 20_000, "{events} events");
    ring.assert_unaffected().await;
}

pub async fn a_result(case: &Case) {
    let mut ring = Ring::open("flood", "[plugins.hostile]\nmemory = \"512MiB\"").await;
    case.was_seen(&ring.failure("result", json!(100 * MB)).await);
    ring.assert_unaffected().await;
}

pub async fn a_large_result(case: &Case) {
    let mut ring = Ring::open("flood", "").await;
    case.was_seen(&ring.failure("result", json!(10 * MB)).await);
    ring.assert_unaffected().await;
}

pub async fn a_reason(case: &Case) {
    let mut ring = Ring::open("flood", "").await;
    let reason = ring.failure("reason", json!(10 * MB)).await;
    assert!(reason.len() <= 64 * 1024 + 3, "{}", reason.len());
    case.was_seen(&reason);
    ring.assert_unaffected().await;
}

pub async fn random(case: &Case) {
    let mut ring = Ring::open("flood", "").await;
    case.was_seen(&ring.failure("random", json!(4_000_000_000_u32)).await);
    ring.assert_unaffected().await;
}

/// More data than the plugin has memory. Here, a producer attacks the plugin.
pub async fn data(case: &Case) {
    let mut ring = Ring::open("flood", "[plugins.hostile]\nmemory = \"2MiB\"").await;
    case.was_seen(&ring.failure("any", json!("x".repeat(10 * MB))).await);
    ring.assert_unaffected().await;
}

pub async fn bodies(case: &Case) {
    let mut ring = Ring::open("flood", "").await;
    case.was_seen(&ring.failure("bodies", json!(1_000)).await);
    ring.assert_unaffected().await;
}

/// A setting decides what `describe` does. A new version makes the host call it again.
pub async fn bodies_in_describe(case: &Case) {
    let mut ring = Ring::open("flood", "").await;
    ring.configure("[plugins.hostile]\nconfig = { describe = \"bodies\" }\n").await;
    case.was_seen(&ring.refusal(&forged::with_padding(&component("flood"), 10)).await);
    ring.assert_unaffected().await;
}

pub async fn requests(case: &Case) {
    let mut ring = Ring::open("flood", "").await;
    case.was_seen(&ring.failure("requests", json!(1_000)).await);
    ring.assert_unaffected().await;
}

/// The method and the authority of a request, which the host stores with it.
pub async fn parts_of_a_request(case: &Case) {
    let mut ring = Ring::open("flood", "").await;
    let method = ring.failure("method", json!(10 * MB)).await;
    assert_eq!(ring.failure("authority", json!(10 * MB)).await, method);
    case.was_seen(&method);
    ring.assert_unaffected().await;
}
