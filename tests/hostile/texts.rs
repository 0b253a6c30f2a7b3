//! Plugins whose texts attack a terminal, a parser or a decoder.

use serde_json::{Value, json};
use toril_tests::toril::component;

use crate::case::Case;
use crate::forged;
use crate::ring::Ring;

fn log(job: &Value) -> String {
    job["logs"].as_array().expect("a log").iter().filter_map(Value::as_str).collect::<Vec<_>>().join("\n")
}

/// Whether the text has no terminal escape sequences.
fn is_plain(text: &str) -> bool {
    text.chars().all(|c| !c.is_control() || c == '\n')
}

pub async fn orders_to_a_terminal(case: &Case) {
    let ring = Ring::open("flood", "").await;
    let waited = ring.toril.cli(["add", "hostile", "orders", "--data", "0", "--wait"]).await.exited(1);
    let shown = ring.toril.cli(["job", "hostile", "1"]).await.succeeded();
    let listed = ring.toril.cli(["jobs", "hostile", "--state", "failed"]).await.succeeded();
    for text in [&waited.stderr, &shown.stdout, &listed.stdout, &ring.toril.logs()] {
        assert!(is_plain(text), "{text:?}");
    }
    case.was_seen(waited.stderr.trim_end());
    ring.assert_unaffected().await;
}

pub async fn orders_in_what_it_describes(case: &Case) {
    let ring = Ring::open("flood", "[plugins.hostile]\nconfig = { describe = \"orders\" }").await;
    let checked = ring.toril.cli(["check"]).await.succeeded();
    assert!(is_plain(&checked.stdout) && is_plain(&ring.toril.logs()), "{:?}", checked.stdout);
    let line = checked.stdout.lines().find(|line| line.starts_with("plugin hostile ")).unwrap_or_default();
    case.was_seen(line);
    ring.assert_unaffected().await;
}

pub async fn orders_in_the_names_of_exports(case: &Case) {
    let mut ring = Ring::open("basics", "").await;
    let forged = forged::exporting_components(&["\u{1b}[31mred"]);
    let refused = ring.refusal(&forged).await;
    ring.toril.replace_plugin("hostile", &forged);
    let checked = ring.toril.cli(["check"]).await.exited(2);
    for text in [&checked.stderr, &ring.toril.logs()] {
        assert!(is_plain(text), "{text:?}");
    }
    case.was_seen(&refused);
    ring.assert_unaffected().await;
}

pub async fn bytes_that_are_no_text(case: &Case) {
    let mut ring = Ring::open("flood", "").await;
    case.was_seen(&ring.failure("no-utf-8", json!(0)).await);
    ring.assert_unaffected().await;
}

pub async fn printed_bytes_that_are_no_text(case: &Case) {
    let mut ring = Ring::open("flood", "").await;
    let job = ring.job("print-no-utf-8", json!(0)).await;
    case.was_seen(&log(&job));
    ring.assert_unaffected().await;
}

pub async fn a_result_that_is_no_json(case: &Case) {
    let mut ring = Ring::open("flood", "").await;
    case.was_seen(&ring.failure("no-json", json!(0)).await);
    ring.assert_unaffected().await;
}

/// A recursive parser would overflow the host's stack.
pub async fn a_deep_result(case: &Case) {
    let mut ring = Ring::open("flood", "").await;
    let job = ring.job("nested", json!(500_000)).await;
    case.was_seen(job["state"].as_str().unwrap_or_default());
    ring.assert_unaffected().await;
}

pub async fn a_schema_that_is_itself(case: &Case) {
    let mut ring = Ring::open("flood", "[plugins.hostile]\nconfig = { describe = \"itself\" }").await;
    case.was_seen(&ring.failure("any", json!({ "a": [1, 2, 3] })).await);
    ring.assert_unaffected().await;
}

pub async fn a_schema_that_doubles(case: &Case) {
    let mut ring =
        Ring::open("flood", "timeout = \"2s\"\n[plugins.hostile]\nconfig = { describe = \"doubling\" }").await;
    case.was_seen(&ring.failure("any", json!(0)).await);
    ring.assert_unaffected().await;
}

pub async fn a_schema_that_is_a_chain(case: &Case) {
    let mut ring = Ring::open("flood", "[plugins.hostile]\nconfig = { describe = \"chain\" }").await;
    case.was_seen(&ring.failure("any", json!(0)).await);
    ring.assert_unaffected().await;
}

/// Compilation must not expand all of them, either: `toril check` and the host accept the plugin at once.
pub async fn unevaluated_fields_of_a_schema_that_doubles(case: &Case) {
    let mut ring = Ring::open("flood", "[plugins.hostile]\nconfig = { describe = \"unevaluated\" }").await;
    ring.toril.cli(["check"]).await.succeeded();
    case.was_seen(&ring.failure("any", json!({ "a": 1 })).await);
    ring.assert_unaffected().await;
}

pub async fn a_schema_of_much_for_each_item(case: &Case) {
    let mut ring = Ring::open("flood", "[plugins.hostile]\nconfig = { describe = \"every-item\" }").await;
    case.was_seen(&ring.failure("any", json!(vec![0; 1_000])).await);
    ring.assert_unaffected().await;
}

/// So much data that the check takes long, if the timeout allows it.
pub async fn a_schema_of_much_for_very_many_items(case: &Case) {
    let config = "timeout = \"1s\"\n[plugins.hostile]\nconfig = { describe = \"every-item\" }";
    let mut ring = Ring::open("flood", config).await;
    case.was_seen(&ring.failure("any", json!(vec![0; 1_000_000])).await);
    ring.assert_unaffected().await;
}

pub async fn a_schema_of_large_patterns(case: &Case) {
    let mut ring = Ring::open("flood", "").await;
    ring.configure("[plugins.hostile]\nconfig = { describe = \"patterns\" }\n").await;
    case.was_seen(&ring.refusal(&forged::with_padding(&component("flood"), 30)).await);
    let checked = ring.toril.cli(["check"]).await.exited(2);
    assert!(checked.stderr.contains("all expressions of the plugin together"), "{}", checked.stderr);
    ring.assert_unaffected().await;
}

pub async fn a_schema_from_elsewhere(case: &Case) {
    let mut ring = Ring::open("flood", "").await;
    ring.configure("[plugins.hostile]\nconfig = { describe = \"elsewhere\" }\n").await;
    case.was_seen(&ring.refusal(&forged::with_padding(&component("flood"), 10)).await);
    ring.assert_unaffected().await;
}

pub async fn a_pattern_that_never_comes_to_an_end(case: &Case) {
    let mut ring = Ring::open("flood", "[plugins.hostile]\nconfig = { describe = \"pattern\" }").await;
    case.was_seen(&ring.failure("any", json!("a".repeat(2000))).await);
    ring.assert_unaffected().await;
}

pub async fn many_kinds_of_job(case: &Case) {
    let mut ring = Ring::open("flood", "").await;
    ring.configure("[plugins.hostile]\nconfig = { describe = \"many\" }\n").await;
    case.was_seen(&ring.refusal(&forged::with_padding(&component("flood"), 20)).await);
    ring.assert_unaffected().await;
}
