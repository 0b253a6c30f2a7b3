//! The grants of a plugin's entry, and the error without one, which names the line to add.

use serde_json::{Value, json};
use toril_tests::certificates::Certificates;
use toril_tests::tls_front::TlsFront;
use toril_tests::{RedisServer, Toril, agent};

/// A host whose plugin `basics` has these grants.
async fn host(redis: &RedisServer, entry: &str) -> Toril {
    let config = format!("[queues.work]\nplugin = \"basics\"\n[plugins.basics]\n{entry}\n");
    let mut toril = Toril::new().redis(redis.url()).plugin("basics").config(config).spawn_run();
    toril.wait_ready().await;
    toril
}

async fn run(toril: &Toril, name: &str, data: Value) -> Value {
    toril.cli(["add", "work", name, "--data", &data.to_string(), "--wait"]).await.succeeded().json()
}

async fn denied(toril: &Toril, name: &str, data: Value) -> String {
    toril.cli(["add", "work", name, "--data", &data.to_string(), "--wait"]).await.exited(1).stderr
}

#[tokio::test]
async fn key_value_data_is_kept_between_jobs_under_the_plugins_own_prefix() {
    let redis = RedisServer::start().await;
    let toril = host(&redis, "keyvalue = true").await;

    assert_eq!(run(&toril, "kv", json!({ "key": "visits" })).await["value"], 1);
    assert_eq!(run(&toril, "kv", json!({ "key": "visits" })).await["value"], 2);

    let mut connection = redis.connection().await;
    let key = "toril:plugin:basics:visits";
    let held: String = redis::cmd("GET").arg(key).query_async(&mut connection).await.expect("GET");
    let ttl: i64 = redis::cmd("TTL").arg(key).query_async(&mut connection).await.expect("TTL");
    assert_eq!((held.as_str(), ttl), ("2", -1));
}

#[tokio::test]
async fn key_value_data_is_set_read_listed_and_deleted() {
    let redis = RedisServer::start().await;
    let toril = host(&redis, "keyvalue = true").await;

    let result = run(&toril, "kv-roundtrip", json!({ "key": "a:*[x]", "value": { "n": 1 } })).await;

    assert_eq!(result["read"], json!({ "n": 1 }), "{result}");
    assert!(result["listed"].to_string().contains("a:*[x]"), "{result}");
    assert_eq!(result["exists_after"], false, "{result}");
}

#[tokio::test]
async fn a_plugin_does_not_see_the_data_of_another() {
    let redis = RedisServer::start().await;
    let config = "[queues.one]\nplugin = \"one\"\n[queues.two]\nplugin = \"two\"\n[plugins.one]\nkeyvalue = true\n[plugins.two]\nkeyvalue = true\n";
    let toril = Toril::new().redis(redis.url()).plugin_as("basics", "one").plugin_as("basics", "two").config(config);
    let mut toril = toril.spawn_run();
    toril.wait_ready().await;
    let count = async |queue: &str| {
        let output = toril.cli(["add", queue, "kv", "--data", "{\"key\":\"same\"}", "--wait"]).await;
        output.succeeded().json()["value"].clone()
    };

    assert_eq!((count("one").await, count("one").await), (json!(1), json!(2)));
    assert_eq!(count("two").await, 1);
}

#[tokio::test]
async fn key_value_data_has_the_time_to_live_of_its_entry() {
    let redis = RedisServer::start().await;
    let toril = host(&redis, "keyvalue = { ttl = \"1h\" }").await;

    run(&toril, "kv", json!({ "key": "visits" })).await;

    let mut connection = redis.connection().await;
    let ttl: i64 = redis::cmd("TTL").arg("toril:plugin:basics:visits").query_async(&mut connection).await.expect("TTL");
    assert!((3500..=3600).contains(&ttl), "{ttl}");
}

#[tokio::test]
async fn many_keys_are_set_read_and_deleted_in_one_call_each() {
    let redis = RedisServer::start().await;
    let toril = host(&redis, "keyvalue = { ttl = \"1h\" }").await;

    let data = json!({ "set": [["a", "1"], ["b", "2"], ["c", "3"]], "delete": ["b", "none"], "get": ["c", "b", "a"] });
    assert_eq!(run(&toril, "kv-batch", data).await["read"], json!(["3", null, "1"]));
    assert_eq!(run(&toril, "kv-batch", json!({})).await["read"], json!([]));

    let mut connection = redis.connection().await;
    let ttl: i64 = redis::cmd("TTL").arg("toril:plugin:basics:c").query_async(&mut connection).await.expect("TTL");
    assert!((3500..=3600).contains(&ttl), "{ttl}");
}

#[tokio::test]
async fn no_key_of_a_batch_escapes_the_plugins_own_prefix() {
    let redis = RedisServer::start().await;
    let toril = host(&redis, "keyvalue = true").await;
    let mut connection = redis.connection().await;
    let other = "toril:plugin:other:secret";
    let _: () = redis::cmd("SET").arg(other).arg("hunter2").query_async(&mut connection).await.expect("SET");
    let hostile = ["", "../other:secret", other, "*", "\0:other:secret", "x\r\nDEL toril:plugin:other:secret\r\n"];

    let set: Vec<_> = hostile.iter().map(|key| (key, "mine")).collect();
    let read = run(&toril, "kv-batch", json!({ "set": set, "get": hostile })).await;
    assert_eq!(read["read"], json!(["mine", "mine", "mine", "mine", "mine", "mine"]));
    let of_plugins =
        redis::cmd("KEYS").arg("*plugin:*").query_async::<Vec<String>>(&mut connection).await.expect("KEYS");
    let outside: Vec<_> = of_plugins.iter().filter(|key| !key.starts_with("toril:plugin:basics:")).collect();
    assert_eq!(outside, [other]);

    let read = run(&toril, "kv-batch", json!({ "delete": hostile, "get": hostile })).await;
    assert_eq!(read["read"], json!([null, null, null, null, null, null]));
    let secret: String = redis::cmd("GET").arg(other).query_async(&mut connection).await.expect("GET");
    assert_eq!(secret, "hunter2");
}

#[tokio::test]
async fn a_batch_with_one_value_that_is_too_large_sets_nothing() {
    let redis = RedisServer::start().await;
    let toril = host(&redis, "keyvalue = true").await;

    let error = denied(&toril, "kv-too-large", json!({})).await;

    assert!(error.contains("the value has 1048577 bytes and may have 1048576"), "{error}");
    assert_eq!(run(&toril, "kv-batch", json!({ "get": ["small", "large"] })).await["read"], json!([null, null]));
}

#[tokio::test]
async fn a_batch_has_bounds() {
    let redis = RedisServer::start().await;
    let toril = host(&redis, "keyvalue = true").await;

    let keys: Vec<_> = (0..1001).map(|n| n.to_string()).collect();
    let many = denied(&toril, "kv-batch", json!({ "get": keys })).await;
    let long = denied(&toril, "kv-batch", json!({ "delete": ["x".repeat(1025)] })).await;
    let large = denied(&toril, "kv-fill", json!({ "keys": 9, "bytes": 1024 * 1024 })).await;

    assert!(many.contains("the call names 1001 keys and may name 1000"), "{many}");
    assert!(long.contains("the key has 1025 bytes and may have 1024"), "{long}");
    assert!(large.contains("9437184 bytes in total, and one call may have 8388608"), "{large}");
}

#[tokio::test]
async fn key_value_data_that_was_not_granted_is_denied() {
    let redis = RedisServer::start().await;
    let toril = host(&redis, "").await;

    let error = denied(&toril, "kv", json!({ "key": "visits" })).await;

    assert!(error.contains("add `keyvalue = true` under [plugins.basics]"), "{error}");
}

#[tokio::test]
async fn a_queue_that_was_not_granted_is_denied_and_nothing_is_added() {
    let redis = RedisServer::start().await;
    let toril = host(&redis, "add_to = [\"other\"]").await;

    let error = denied(&toril, "add", json!({ "queue": "work", "name": "echo", "data": {} })).await;

    assert!(error.contains("add it to `add_to` under [plugins.basics]"), "{error}");
    assert_eq!(toril.cli(["queues", "--json"]).await.json()[0]["completed"], 0);
}

#[tokio::test]
async fn a_granted_origin_is_reachable() {
    let (redis, agent) = (RedisServer::start().await, agent::serve().await);
    let toril = host(&redis, &format!("http = [{:?}]", agent.url())).await;

    let answer = run(&toril, "fetch", json!({ "url": format!("{}/.well-known/agent-card.json", agent.url()) })).await;

    assert_eq!(answer["status"], 200);
}

#[tokio::test]
async fn another_port_of_a_granted_host_is_denied() {
    let (redis, agent) = (RedisServer::start().await, agent::serve().await);
    let toril = host(&redis, &format!("http = [{:?}]", agent.url())).await;

    let error = denied(&toril, "fetch", json!({ "url": "http://127.0.0.1:1/" })).await;

    assert!(error.contains("add \"http://127.0.0.1:1\" to `http`"), "{error}");
}

#[tokio::test]
async fn localhost_is_reachable_if_it_is_granted_by_name() {
    let (redis, agent) = (RedisServer::start().await, agent::serve().await);
    let named = agent.url().replace("127.0.0.1", "localhost");
    let toril = host(&redis, &format!("http = [{named:?}]")).await;

    let answer = run(&toril, "fetch", json!({ "url": format!("{named}/.well-known/agent-card.json") })).await;

    assert_eq!(answer["status"], 200);
}

#[tokio::test]
async fn a_redirect_is_returned_and_not_followed() {
    let (redis, agent) = (RedisServer::start().await, agent::serve().await);
    let toril = host(&redis, &format!("http = [{:?}]", agent.url())).await;
    agent.respond_next(302, &[("location", "/.well-known/agent-card.json")], "elsewhere");

    let answer = run(&toril, "fetch", json!({ "url": format!("{}/moved", agent.url()) })).await;

    assert_eq!(answer, json!({ "status": 302, "body": "elsewhere" }));
    assert_eq!(agent.requests().len(), 1);
}

#[tokio::test]
async fn a_response_with_an_enormous_head_is_rejected_and_the_host_continues() {
    let (redis, agent) = (RedisServer::start().await, agent::serve().await);
    let toril = host(&redis, &format!("http = [{:?}]", agent.url())).await;
    agent.respond_next(200, &[("x-enormous", &"x".repeat(256 * 1024))], "");

    denied(&toril, "fetch", json!({ "url": format!("{}/", agent.url()) })).await;

    let answer = run(&toril, "fetch", json!({ "url": format!("{}/.well-known/agent-card.json", agent.url()) })).await;
    assert_eq!(answer["status"], 200);
}

/// An agent behind TLS, whose certificate the test's own CA has signed.
struct HttpsAgent {
    origin: String,
    ca: String,
    _running: (agent::AgentServer, TlsFront, tempfile::TempDir),
}

impl HttpsAgent {
    async fn start() -> Self {
        let (agent, folder) = (agent::serve().await, tempfile::tempdir().expect("a folder"));
        let certificates = Certificates::create(folder.path()).expect("certificates");
        let port = agent.url().rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
        let front = TlsFront::start(&certificates, port).await.expect("it listens");
        let (origin, ca) = (format!("https://localhost:{}", front.port()), certificates.ca.display().to_string());
        Self { origin, ca, _running: (agent, front, folder) }
    }
}

#[tokio::test]
async fn https_is_verified_with_a_custom_certificate_authority() {
    let (redis, agent) = (RedisServer::start().await, HttpsAgent::start().await);
    let toril = host(&redis, &format!("http = [{:?}]\nca = {:?}", agent.origin, agent.ca)).await;

    let url = format!("{}/.well-known/agent-card.json", agent.origin);
    let answer = run(&toril, "fetch", json!({ "url": url })).await;

    assert_eq!(answer["status"], 200);
}

#[tokio::test]
async fn an_untrusted_https_server_is_rejected() {
    let (redis, agent) = (RedisServer::start().await, HttpsAgent::start().await);
    let toril = host(&redis, &format!("http = [{:?}]", agent.origin)).await;

    let error = denied(&toril, "fetch", json!({ "url": format!("{}/", agent.origin) })).await;

    assert!(error.to_lowercase().contains("tls") || error.contains("certificate"), "{error}");
}

#[tokio::test]
async fn check_reports_an_unreadable_certificate_authority() {
    let config = "[queues.work]\nplugin = \"basics\"\n[plugins.basics]\nca = \"nowhere.pem\"\n";
    let output = Toril::new().plugin("basics").config(config).cli(["check"]).await.exited(2);
    assert!(output.stderr.contains("nowhere.pem, which cannot be read"), "{}", output.stderr);
}

#[tokio::test]
async fn the_error_of_a_denied_request_has_no_credentials() {
    let redis = RedisServer::start().await;
    let toril = host(&redis, "").await;

    let error = denied(&toril, "fetch", json!({ "url": "http://me:hunter2@127.0.0.1:9/" })).await;

    assert!(!error.contains("hunter2") && !toril.logs().contains("hunter2"), "{error}");
}

#[tokio::test]
async fn configuration_and_secrets_are_read_and_missing_ones_are_none() {
    let redis = RedisServer::start().await;
    let toril = host(&redis, "config = { region = \"eu\" }").await;

    assert_eq!(run(&toril, "config", json!({ "key": "region" })).await["value"], "eu");
    assert_eq!(run(&toril, "config", json!({ "key": "other" })).await["value"], Value::Null);
}

/// A host of the guest `reach`, which has no grants, and the result of one of its jobs.
async fn reach(what: &str) -> (Value, Value) {
    let redis = RedisServer::start().await;
    let toril = Toril::new().redis(redis.url()).plugin("reach").config("[queues.work]\nplugin = \"reach\"\n");
    let mut toril = toril.env("A_SECRET", "hunter2").spawn_run();
    toril.wait_ready().await;
    let got = toril.cli(["add", "work", what, "--wait"]).await.succeeded().json()["got"].clone();
    (got, toril.cli(["job", "work", "1", "--json"]).await.succeeded().json())
}

#[tokio::test]
async fn a_plugin_cannot_access_files() {
    assert_eq!(reach("files").await.0, json!([]));
}

#[tokio::test]
async fn a_plugin_sees_no_environment_and_no_arguments() {
    assert_eq!(reach("environment").await.0, json!([]));
    assert_eq!(reach("arguments").await.0, json!([]));
}

#[tokio::test]
async fn a_plugin_gets_no_socket() {
    let got = reach("socket").await.0;
    assert!(got.as_str().is_some_and(|got| got.starts_with("no ")), "{got}");
}

#[tokio::test]
async fn a_plugin_cannot_resolve_names() {
    let got = reach("lookup").await.0;
    assert!(got.as_str().is_some_and(|got| got.starts_with("no name")), "{got}");
}

#[tokio::test]
async fn the_output_of_a_plugin_is_in_its_jobs_log() {
    let job = reach("print").await.1;
    let mut lines: Vec<_> = job["logs"].as_array().expect("a log").iter().filter_map(Value::as_str).collect();
    // The two streams have no common order.
    lines.sort_unstable();
    assert_eq!(lines, ["[warn] something odd", "first line", "no end", "second line"]);
}

/// The host holds at most 1,000 resources for an attempt.
#[tokio::test]
async fn the_number_of_requests_with_timeouts_in_one_attempt_is_not_limited_by_their_options() {
    let redis = RedisServer::start().await;
    let config = "[queues.work]\nplugin = \"reach\"\n";
    let mut toril = Toril::new().redis(redis.url()).plugin("reach").config(config).spawn_run();
    toril.wait_ready().await;

    assert_eq!(run(&toril, "timeouts", json!(null)).await, json!({ "got": 1_100 }));
}
