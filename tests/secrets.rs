//! Searches for secrets of every kind in all output of a host: pages, API, metrics, debug logs, traces, output of
//! commands, and its own data in Redis.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use toril_tests::otlp::Collector;
use toril_tests::signed::{self, Delivery};
use toril_tests::wait::{LONG, wait_until};
use toril_tests::{RedisServer, Toril, http, node};

const REDIS: &str = "word-of-redis-5f1c";
const TOKEN: &str = "word-of-the-admin-2b7e";
const ENVIRONMENT: &str = "word-of-the-environment-9a3d";
const FILE: &str = "word-of-a-file-77c0";
const SENT: &str = "word-that-is-only-sent-1d9f";
const HOOKS: &str = "word-of-webhooks-and-callbacks-83d0";
const COLLECTOR: &str = "word-of-the-collector-e4f8";
const DATA: &str = "word-in-a-job-c51d";
const SCHEDULE: &str = "word-in-a-schedule-08ab";
const WRONG: &str = "wrong-word-at-the-door-6d2e";
/// Visible where the host shows jobs, and nowhere else.
const VALUE: &str = "word-of-no-hidden-field-31b6";
const ALL: [&str; 10] = [REDIS, TOKEN, ENVIRONMENT, FILE, SENT, HOOKS, COLLECTOR, DATA, SCHEDULE, WRONG];

const WITH_VALUE: [&str; 11] = [REDIS, TOKEN, ENVIRONMENT, FILE, SENT, HOOKS, COLLECTOR, DATA, SCHEDULE, WRONG, VALUE];

/// The maximum number of pages to follow.
const PAGES: usize = 300;

fn config() -> String {
    format!(
        r#"
[queues.work]
plugin = "basics"
dead_letter = "dead"
[queues.work.schedules.nightly]
pattern = "0 3 * * *"
name = "echo"
data = {{ token = "{SCHEDULE}" }}
[queues.numbers]
plugin = "double"
[webhooks.hook]
queue = "work"
name = "echo"
signature = "github"
secret = "env:HOOKS_WORD"
data = {{ password = "/word" }}
[callbacks]
secret = "env:HOOKS_WORD"
[plugins.basics]
config = {{ api-url = "https://api.test" }}
secrets = {{ token = "env:SECRET_WORD", key = "file:word" }}
http = ["https://api.test"]
send_secrets = {{ sent = {{ secret = "env:SENT_WORD", origin = "https://api.test" }} }}
"#
    )
}

struct Scene {
    redis: RedisServer,
    toril: Toril,
    collector: Collector,
}

async fn scene() -> Scene {
    // A user with a password. The test itself uses the one without.
    let redis = RedisServer::start().await;
    let mut user = redis::cmd("ACL");
    user.arg(&["SETUSER", "toril", "on", &format!(">{REDIS}"), "~*", "&*", "+@all"]);
    user.query_async::<()>(&mut redis.connection().await).await.expect("the user");
    let collector = Collector::start().await;
    let url = redis.url().replace("redis://", &format!("redis://toril:{REDIS}@"));
    let toril = Toril::new().redis(url).plugin("basics").plugin("double").config(config());
    fs::write(toril.folder().join("word"), FILE).expect("the secret's file");
    let mut toril = toril
        .env("SECRET_WORD", ENVIRONMENT)
        .env("SENT_WORD", SENT)
        .env("HOOKS_WORD", HOOKS)
        .env("TORIL_ADMIN_TOKEN", TOKEN)
        .env("TORIL_LOG", "trace")
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url())
        .env("OTEL_EXPORTER_OTLP_HEADERS", format!("authorization={COLLECTOR}"))
        .env("OTEL_BSP_SCHEDULE_DELAY", "50")
        .spawn_run();
    toril.wait_ready().await;
    Scene { redis, toril, collector }
}

impl Scene {
    /// Jobs that end in every way, each with the word in a field that must be hidden.
    async fn work(&self) {
        let hidden =
            json!({ "password": DATA, "deep": [{ "X-Api-Key": DATA }], "times": 1, "ms": 1, "key": "api-url" });
        let again = json!({ "attempts": 2, "backoff": 5 });
        let jobs: Vec<_> = ["echo", "fail-times", "fatal", "panic", "bad-json", "config", "no-such"]
            .iter()
            .map(|name| json!({ "name": name, "data": hidden, "opts": again }))
            .collect();
        node::run("add", json!({ "redis": self.redis.url(), "queue": "work", "jobs": jobs, "wait": true })).await;
        // It does not fit the schema. The error names the field, but not its value.
        let wrong = json!([{ "name": "double", "data": { "n": VALUE, "password": DATA } }]);
        node::run("add", json!({ "redis": self.redis.url(), "queue": "numbers", "jobs": wrong, "wait": true })).await;
        let later =
            json!([{ "name": "echo", "data": { "password": DATA }, "opts": { "delay": 3_600_000, "jobId": "later" } }]);
        node::run("add", json!({ "redis": self.redis.url(), "queue": "work", "jobs": later })).await;
        self.call_from_outside().await;
    }

    /// Webhooks and callbacks that are taken, and that are not.
    async fn call_from_outside(&self) {
        let body = json!({ "word": DATA }).to_string();
        for (secret, id, body, status) in
            [(HOOKS, "one", &*body, 201), (HOOKS, "two", VALUE, 400), (WRONG, "three", &*body, 401)]
        {
            let answer = signed::github(&self.toril, "hook", secret, Delivery { event: "push", id }, body).await;
            assert_eq!(answer.status, status, "{answer:?}");
        }
        for (secret, id, status) in [(HOOKS, "no-such-job", 404), (WRONG, "later", 401)] {
            let token = signed::token(secret, "work", id);
            let path = format!("/callbacks/work/{id}");
            let answer = signed::post(&self.toril, &path, &[("x-a2a-notification-token", &token)], VALUE).await;
            assert_eq!(answer.status, status, "{answer:?}");
        }
    }

    async fn ask(&self, path: &str) -> http::Response {
        let bearer = format!("Bearer {TOKEN}");
        let asked = http::request("GET", &self.toril.url(path), &[("authorization", &bearer)], "").await;
        asked.unwrap_or_else(|error| panic!("{path}: {error:#}"))
    }

    /// Every page that links lead to, from the first one on.
    async fn pages(&self) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        let mut seen = BTreeSet::from(["/".to_owned()]);
        let mut next = VecDeque::from(["/".to_owned()]);
        while let Some(path) = next.pop_front() {
            let page = self.ask(&path).await;
            assert_eq!(page.status, 200, "{path}: {}", page.body);
            for link in page.body.split("href=\"").skip(1).filter_map(|rest| rest.split(['"', '#']).next()) {
                let link = link.replace("&amp;", "&");
                if link.starts_with('/') && seen.len() < PAGES && seen.insert(link.clone()) {
                    next.push_back(link);
                }
            }
            found.insert(path, page.body);
        }
        found
    }

    /// The responses to all read requests of the API's description.
    async fn answers(&self) -> BTreeMap<String, String> {
        let description = self.ask("/api/v1/openapi.json").await.json();
        let paths = description["paths"].as_object().expect("paths").clone();
        let mut found = BTreeMap::new();
        for (path, _) in paths.iter().filter(|(path, item)| item["get"].is_object() && !path.ends_with("/events")) {
            for id in ["1", "2", "3", "later", "nightly"] {
                let path = path.replace("{queue}", "work").replace("{id}", id);
                let states: &[&str] = if path.ends_with("/jobs") {
                    &["?state=completed", "?state=failed", "?state=delayed"]
                } else {
                    &[""]
                };
                for state in states {
                    let path = format!("/api/v1{path}{state}");
                    let answer = self.ask(&path).await;
                    assert!(answer.status == 200 || answer.status == 404, "{path}: {}", answer.body);
                    found.insert(path, answer.body);
                }
            }
        }
        found.insert("events".to_owned(), self.events().await);
        found
    }

    /// The events of the queue, as the API streams them.
    async fn events(&self) -> String {
        let mut stream = TcpStream::connect(self.toril.listen()).await.expect("a connection");
        let request = format!(
            "GET /api/v1/queues/work/events?after=0-0 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.expect("it is sent");
        let mut read = Vec::new();
        let enough = async {
            // The last event: a job that runs later is added.
            while !String::from_utf8_lossy(&read).contains("later") {
                assert!(stream.read_buf(&mut read).await.expect("events") > 0, "the events ended");
            }
        };
        tokio::time::timeout(LONG, enough).await.expect("the events of the queue");
        String::from_utf8_lossy(&read).into_owned()
    }

    async fn commands(&self) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        for line in [
            "check",
            "queues",
            "jobs work --state completed",
            "jobs work --state failed",
            "job work 1",
            "job work 3",
            "flow work 1",
            "schedulers list work",
            "dead-letters return dead",
        ] {
            for json in [false, true] {
                let arguments = line.split(' ').chain(json.then_some("--json"));
                let output = self.toril.cli(arguments).await;
                found.insert(format!("toril {line} {json}"), format!("{}{}", output.stdout, output.stderr));
            }
        }
        found
    }

    /// Every key that belongs to Toril itself.
    async fn own_keys(&self) -> BTreeMap<String, String> {
        let mut connection = self.redis.connection().await;
        let keys: Vec<String> = redis::cmd("KEYS").arg("*").query_async(&mut connection).await.expect("keys");
        let mut found = BTreeMap::new();
        for key in keys.into_iter().filter(|key| !key.starts_with("bull:")) {
            let kind: String = redis::cmd("TYPE").arg(&key).query_async(&mut connection).await.expect("a type");
            let read = match kind.as_str() {
                "string" => redis::cmd("GET").arg(&key).clone(),
                "list" => redis::cmd("LRANGE").arg(&key).arg(0).arg(-1).clone(),
                "hash" => redis::cmd("HGETALL").arg(&key).clone(),
                "zset" => redis::cmd("ZRANGE").arg(&key).arg(0).arg(-1).clone(),
                other => panic!("{key} is a {other}, an unexpected type"),
            };
            let value: redis::Value = read.query_async(&mut connection).await.expect("a value");
            found.insert(key, format!("{value:?}"));
        }
        found
    }
}

/// The words that any of these texts contain.
fn leaks(what: &str, texts: &BTreeMap<String, String>, words: &[&str]) -> Vec<String> {
    let found = texts.iter().flat_map(|(place, text)| {
        words.iter().filter(|word| text.contains(**word)).map(move |word| format!("{what}, {place}: {word}"))
    });
    found.collect()
}

#[tokio::test]
async fn no_output_of_a_host_contains_a_secret() {
    let scene = scene().await;
    scene.work().await;
    let kind = ("content-type", "application/x-www-form-urlencoded");
    let refused = http::request("POST", &scene.toril.url("/login"), &[kind], &format!("token={WRONG}")).await;
    assert_eq!(refused.expect("an answer").status, 401);
    let bearer = ("authorization", &*format!("Bearer {WRONG}"));
    let refused = http::request("GET", &scene.toril.url("/api/v1/queues"), &[bearer], "").await;
    assert_eq!(refused.expect("an answer").status, 401);
    // Ten attempts in queue `work` that reach the plugin.
    wait_until("the spans", LONG, async || {
        scene.collector.spans().iter().filter(|span| span.span.name == "process work").count() >= 10
    })
    .await;

    let mut found = Vec::new();
    let pages = scene.pages().await;
    assert!(pages.len() > 25 && pages.keys().any(|path| path.contains("/jobs/later")), "{:?}", pages.keys());
    found.extend(leaks("page", &pages, &ALL));
    let answers = scene.answers().await;
    assert!(answers.values().any(|answer| answer.contains("[redacted]")), "no field was redacted");
    found.extend(leaks("API", &answers, &ALL));
    let mut open = BTreeMap::new();
    for path in ["/metrics", "/healthz", "/readyz"] {
        open.insert(path.to_owned(), scene.ask(path).await.body);
    }
    assert!(open["/metrics"].contains("jobs_failed_total"));
    found.extend(leaks("for everybody", &open, &WITH_VALUE));
    found.extend(leaks("command", &scene.commands().await, &ALL));
    let spans = BTreeMap::from([("all".to_owned(), format!("{:?}", scene.collector.spans()))]);
    found.extend(leaks("spans", &spans, &WITH_VALUE));
    let own = scene.own_keys().await;
    assert!(own.keys().any(|key| key.contains("attempts:")), "{:?}", own.keys());
    // BullMQ's keys hold the data of jobs. Toril's own keys must contain no secret.
    found.extend(leaks("key", &own, &WITH_VALUE));
    let Scene { mut toril, .. } = scene;
    assert_eq!(toril.end().await, Some(0));
    let logs = toril.logs();
    assert!(logs.contains("DEBUG") && logs.contains("attempt ended"), "the log has no debug lines");
    let lines = logs.lines().enumerate().map(|(n, line)| (format!("{n}: {line}"), line.to_owned()));
    let lines: BTreeMap<_, _> = lines.collect();
    found.extend(leaks("log", &lines, &WITH_VALUE));
    assert!(found.is_empty(), "{found:#?}");
}

#[tokio::test]
async fn the_data_of_a_job_is_shown_on_explicit_request() {
    let scene = scene().await;
    scene.work().await;
    let shown = scene.toril.cli(["job", "work", "later", "--reveal", "--json"]).await.succeeded().json();
    assert_eq!(shown["data"]["password"], Value::from(DATA));
}
