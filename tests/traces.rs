//! Traces, as a collector receives them.

use serde_json::{Value, json};
use toril_tests::otlp::Collector;
use toril_tests::postgres::PASSWORD;
use toril_tests::{PostgresServer, RedisServer, Toril, agent, node};

/// A host that sends its spans to a collector. `grants`: lines of the plugin's entry.
async fn host(redis: &RedisServer, collector: &Collector, grants: &str) -> Toril {
    let config = format!("[queues.work]\nplugin = \"basics\"\n[plugins.basics]\n{grants}\n");
    traced(Toril::new().redis(redis.url()).plugin("basics").config(config), collector).await
}

/// Starts a host that sends its spans to a collector.
async fn traced(toril: Toril, collector: &Collector) -> Toril {
    let toril = toril.env("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url()).env("OTEL_BSP_SCHEDULE_DELAY", "50");
    let mut toril = toril.spawn_run();
    toril.wait_ready().await;
    toril
}

async fn add(toril: &Toril, name: &str, data: Value) {
    toril.cli(["add", "work", name, "--data", &data.to_string(), "--wait"]).await;
}

#[tokio::test]
async fn an_attempt_is_a_span_with_its_job_and_plugin() {
    let (redis, collector) = (RedisServer::start().await, Collector::start().await);
    let toril = host(&redis, &collector, "").await;

    add(&toril, "echo", json!(1)).await;

    let attempt = collector.span("process work").await;
    let said = ["bullmq.job.id", "bullmq.job.name", "toril.plugin", "toril.outcome"].map(|key| attempt.attribute(key));
    assert_eq!(said.map(Option::unwrap_or_default), ["1", "echo", "basics", "completed"]);
    assert_eq!(attempt.service, "toril");
}

#[tokio::test]
async fn starting_the_pen_running_the_guest_and_settling_are_parts_of_the_attempt() {
    let (redis, collector) = (RedisServer::start().await, Collector::start().await);
    let toril = host(&redis, &collector, "").await;

    add(&toril, "echo", json!(1)).await;

    let attempt = collector.span("process work").await;
    for part in ["pen start", "guest", "settle"] {
        let part = collector.span(part).await;
        assert_eq!((part.trace_id(), part.parent_id()), (attempt.trace_id(), attempt.id()), "{part:?}");
    }
}

#[tokio::test]
async fn a_failed_span_has_the_kind_of_failure() {
    let (redis, collector) = (RedisServer::start().await, Collector::start().await);
    let toril = host(&redis, &collector, "").await;

    add(&toril, "panic", json!(1)).await;

    let attempt = collector.span("process work").await;
    assert_eq!(attempt.attribute("error.type").as_deref(), Some("trap"));
}

#[tokio::test]
async fn the_span_of_a_node_producer_is_the_parent() {
    let (redis, collector) = (RedisServer::start().await, Collector::start().await);
    let _toril = host(&redis, &collector, "").await;

    let job = json!({ "redis": redis.url(), "queue": "work", "name": "echo", "data": 1 });
    let added = node::run("add-traced", job).await;

    let attempt = collector.span("process work").await;
    assert_eq!(attempt.trace_id(), added["traceId"].as_str().unwrap_or_default());
    assert_ne!(attempt.parent_id(), "");
}

#[tokio::test]
async fn the_trace_context_continues_in_the_plugins_requests() {
    let (redis, collector, agent) = (RedisServer::start().await, Collector::start().await, agent::serve().await);
    let toril = host(&redis, &collector, &format!("http = [{:?}]", agent.url())).await;

    add(&toril, "fetch", json!({ "url": format!("{}/path?secret", agent.url()) })).await;

    let request = collector.span("GET").await;
    let sent = agent.requests()[0].header("traceparent").unwrap_or_default().to_owned();
    assert_eq!(sent, format!("00-{}-{}-01", request.trace_id(), request.id()));
    assert_eq!(request.parent_id(), collector.span("process work").await.id());
}

#[tokio::test]
async fn the_trace_context_continues_in_the_jobs_that_a_plugin_adds() {
    let (redis, collector) = (RedisServer::start().await, Collector::start().await);
    let toril = host(&redis, &collector, "add_to = [\"other\"]").await;

    add(&toril, "add", json!({ "queue": "other", "name": "echo", "data": {} })).await;

    let attempt = collector.span("process work").await;
    let job = node::run("job", json!({ "redis": redis.url(), "queue": "other", "id": "1" })).await;
    let carrier: Value =
        serde_json::from_str(job["opts"]["telemetry"]["metadata"].as_str().unwrap_or("null")).expect("JSON");
    assert_eq!(carrier["traceparent"], format!("00-{}-{}-01", attempt.trace_id(), attempt.id()), "{job}");
}

#[tokio::test]
async fn a_call_on_postgresql_is_a_span_with_its_pool_and_result_and_without_its_statement() {
    let (redis, collector) = (RedisServer::start().await, Collector::start().await);
    let server = PostgresServer::start().await;
    let config = "[queues.work]\nplugin = \"postgres\"\n[plugins.postgres.postgres.main]\nurl = \"env:DATABASE_URL\"\n";
    let toril = Toril::new().redis(redis.url()).plugin("postgres").env("DATABASE_URL", server.url()).config(config);
    let toril = traced(toril, &collector).await;

    add(&toril, "batch", json!({ "sql": "select 'hunter2'; select 'hunter2'" })).await;
    add(&toril, "query", json!({ "sql": "select 'hunter2'::int" })).await;

    let (batch, query) = (collector.span("batch").await, collector.span("query").await);
    for span in [&batch, &query] {
        let said = ["db.system.name", "toril.postgres.pool"].map(|key| span.attribute(key).unwrap_or_default());
        assert_eq!(said, ["postgresql", "main"]);
    }
    assert_eq!(batch.attribute("db.response.returned_rows").as_deref(), Some("2"));
    let failed = ["db.response.status_code", "error.type"].map(|key| query.attribute(key).unwrap_or_default());
    assert_eq!(failed, ["22P02", "database"]);
    let spans = format!("{:?}", collector.spans());
    assert!(!spans.contains("hunter2") && !spans.contains(PASSWORD), "{spans}");
}

#[tokio::test]
async fn no_span_has_the_content_of_a_job_or_a_request() {
    let (redis, collector, agent) = (RedisServer::start().await, Collector::start().await, agent::serve().await);
    let toril = host(&redis, &collector, &format!("http = [{:?}]", agent.url())).await;

    add(&toril, "fetch", json!({ "url": format!("{}/hunter2?hunter2", agent.url()), "more": "hunter2" })).await;
    add(&toril, "config", json!({ "key": "hunter2" })).await;

    collector.span("GET").await;
    let spans = format!("{:?}", collector.spans());
    assert!(!spans.contains("hunter2"), "{spans}");
}
