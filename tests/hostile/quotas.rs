//! Plugins that exceed the quotas of their entry. The plugin is the guest `basics`, which does what its job says.

use serde_json::json;
use toril_tests::agent;

use crate::case::Case;
use crate::ring::Ring;

pub async fn an_id_that_is_a_key(case: &Case) {
    let mut ring = Ring::open("basics", "[plugins.hostile]\nadd_to = [\"work\"]").await;
    for id in ["wait", "active", "meta", "limiter", "events", "stalled", "marker"] {
        let reason = ring.failure("add", json!({ "queue": "work", "name": "echo", "id": id })).await;
        case.was_seen(&reason.replace(&format!("{id:?}"), "\"wait\""));
    }
    ring.assert_unaffected().await;
}

pub async fn endless_jobs(case: &Case) {
    let mut ring = Ring::open("basics", "[plugins.hostile]\nadd_to = [\"others\"]\nmax_added_jobs = 100").await;
    case.was_seen(&ring.failure("add-many", json!({ "queue": "others", "count": 1_000_000 })).await);
    assert_eq!(ring.count("LLEN", "bull:others:wait").await, 100);
    ring.assert_unaffected().await;
}

pub async fn endless_keys(case: &Case) {
    let mut ring = Ring::open("basics", "[plugins.hostile]\nkeyvalue = { max_keys = 100 }").await;
    case.was_seen(&ring.failure("kv-fill", json!({ "keys": 1_000_000, "bytes": 1 })).await);
    assert_eq!(ring.count("HLEN", "toril:quota:hostile:sizes").await, 100);
    ring.assert_unaffected().await;
}

pub async fn endless_values(case: &Case) {
    let mut ring = Ring::open("basics", "[plugins.hostile]\nkeyvalue = { max_bytes = \"4MiB\" }").await;
    case.was_seen(&ring.failure("kv-fill", json!({ "keys": 1_000_000, "bytes": 1 << 20 })).await);
    assert_eq!(ring.count("HLEN", "toril:quota:hostile:sizes").await, 3);
    ring.assert_unaffected().await;
}

pub async fn endless_requests(case: &Case) {
    let agent = agent::serve().await;
    let entry = format!("[plugins.hostile]\nhttp = [{:?}]\nhttp_rate = {{ max = 5, per = \"1h\" }}", agent.url());
    let mut ring = Ring::open("basics", &entry).await;
    let url = format!("{}/", agent.url());
    case.was_seen(&ring.failure("fetch-many", json!({ "url": url, "count": 1_000_000 })).await);
    assert_eq!(agent.requests().len(), 5);
    ring.assert_unaffected().await;
}

pub async fn a_secret_for_another(case: &Case) {
    let (agent, other) = (agent::serve().await, agent::serve().await);
    let entry = format!(
        "[plugins.hostile]\nhttp = [{0:?}, {1:?}]\nsend_secrets = {{ api = {{ secret = \"env:API_KEY\", origin = {0:?} }} }}",
        agent.url(),
        other.url()
    );
    let bytes = toril_tests::toril::component("basics");
    let mut ring = Ring::with(&bytes, &entry, |toril| toril.env("API_KEY", "hunter2")).await;
    for (url, header) in [(other.url(), "authorization"), (agent.url(), "cookie")] {
        let data = json!({ "key": "api", "url": format!("{url}/"), "headers": [[header, "{}"]], "body": "{}" });
        case.was_seen(&ring.failure("send", data).await);
    }
    assert_eq!((agent.requests().len(), other.requests().len()), (0, 0));
    ring.assert_unaffected().await;
}

pub async fn large_results_of_children(case: &Case) {
    let mut ring = Ring::open("basics", "").await;
    let value = format!("\"{}\"", "x".repeat((1 << 20) - 2));
    // As much as 200 children could return: 200 results of 1 MiB. Written directly, because no command line is that long.
    let mut connection = ring.connection().await;
    for n in 0..200 {
        let mut set = redis::cmd("HSET");
        set.arg("bull:hostile:parent:processed").arg(format!("bull:others:{n}")).arg(&value);
        set.query_async::<()>(&mut connection).await.expect("HSET");
    }
    let add = ["add", "hostile", "children", "--id", "parent"];
    ring.toril.cli(add).await.succeeded();
    let job = ring.ended("parent").await;
    case.was_seen(job["failedReason"].as_str().unwrap_or_default());
    ring.assert_unaffected().await;
}
