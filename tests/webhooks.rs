//! `/webhooks/NAME`: signed requests add jobs.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use toril_tests::github::case::{Case, HELLO};
use toril_tests::github::description::Description;
use toril_tests::http::{self, Response};
use toril_tests::signed::{self, Delivery};
use toril_tests::wait::LONG;
use toril_tests::{RedisServer, Toril, repository, wait_until};

const SECRET: &str = "a-secret-of-25-characters";
const KEY: &[u8] = b"twenty-four bytes of key";
const QUEUE: &str = "[queues.work]\nplugin = \"basics\"\nattempts = 2\nbackoff = \"1h\"\n";
const HOOK: &str =
    "[webhooks.hook]\nqueue = \"work\"\nname = \"echo\"\nsignature = \"github\"\nsecret = \"env:HOOK\"\n";

/// A host whose webhook `hook` has these further lines. There is no administration over HTTP.
async fn host(redis: &RedisServer, lines: &str) -> Toril {
    started(toril(redis, lines).host("admin = \"off\"")).await
}

fn toril(redis: &RedisServer, lines: &str) -> Toril {
    let toril = Toril::new().redis(redis.url()).plugin("basics").config(format!("{QUEUE}{HOOK}{lines}\n"));
    toril.env("HOOK", SECRET).env("STANDARD", signed::standard_secret(KEY))
}

async fn started(toril: Toril) -> Toril {
    let mut toril = toril.spawn_run();
    toril.wait_ready().await;
    toril
}

async fn push(toril: &Toril, id: &str, body: &Value) -> Response {
    signed::github(toril, "hook", SECRET, Delivery { event: "push", id }, &body.to_string()).await
}

async fn job(toril: &Toril, id: &str) -> Value {
    toril.cli(["job", "work", id, "--json"]).await.succeeded().json()
}

async fn wait_for(toril: &Toril, id: &str, state: &str) -> Value {
    let there = async || {
        let found = toril.cli(["job", "work", id, "--json"]).await;
        (found.code == Some(0)).then(|| found.json()).filter(|job| job["state"] == state)
    };
    wait_until(&format!("job {id} to be {state}"), LONG, there).await
}

/// How many jobs the queue has, in all states together.
async fn jobs(toril: &Toril) -> u64 {
    let queues = toril.cli(["queues", "--json"]).await.succeeded().json();
    let states = ["waiting", "active", "delayed", "prioritized", "completed", "failed"];
    states.iter().map(|state| queues[0][*state].as_u64().unwrap_or_else(|| panic!("no {state}: {queues}"))).sum()
}

/// Checks the status and that it is a problem, and returns what it says.
fn problem(answer: &Response, status: u16) -> String {
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (status, Some("application/problem+json")),
        "{answer:?}"
    );
    answer.json()["detail"].as_str().expect("a detail").to_owned()
}

#[tokio::test]
async fn a_push_to_a_repository_at_github_syncs_it() {
    let hook = "[webhooks.github]\nqueue = \"github-sync\"\nname = \"sync\"\nsignature = \"github\"\n\
                secret = \"env:THE_SECRET\"\nevents = [\"push\", \"issues\"]\n\
                data = { repo = \"/repository/full_name\" }\nconstants = { resources = [\"issues\"] }\n\
                deduplication = \"/repository/full_name\"\n";
    let case = Case::with("", hook).await;
    let body = std::fs::read_to_string(repository().join("tests/github/push.json")).expect("a push");
    let id = "0b989ba4-242f-11e5-81e1-c7b6966d2516";

    let delivery = Delivery { event: "push", id };
    let added = signed::github(&case.toril, "github", "hunter2", delivery, &body).await;

    let id = format!("github-{id}");
    assert_eq!((added.status, added.json()), (201, json!({ "queue": "github-sync", "id": id })));
    let job = case.completed(&id).await;
    assert_eq!(job["data"], json!({ "repo": HELLO, "resources": ["issues"] }));
    assert_eq!(job["returnvalue"]["repo"], HELLO, "{job}");
}

#[test]
fn the_push_of_the_tests_is_what_github_describes() {
    let text = std::fs::read_to_string(repository().join("tests/github/push.json")).expect("a push");
    let push: Value = serde_json::from_str(&text).expect("JSON");
    let schema = jsonschema::validator_for(&Description::read().event("push")).expect("a schema");
    let wrong: Vec<_> = schema.iter_errors(&push).map(|error| error.to_string()).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn a_job_of_a_webhook_has_the_options_of_its_queue_and_its_own() {
    let redis = RedisServer::start().await;
    let toril = host(&redis, "delay = \"1h\"\npriority = 7").await;
    let body = json!({ "any": ["thing"] });

    assert_eq!(push(&toril, "one", &body).await.status, 201);

    let job = job(&toril, "hook-one").await;
    assert_eq!((&job["name"], &job["data"], &job["state"]), (&json!("echo"), &body, &json!("delayed")));
    let opts = json!({ "attempts": 2, "backoff": { "type": "fixed", "delay": 3_600_000 } });
    assert_eq!((&job["opts"]["attempts"], &job["opts"]["backoff"]), (&opts["attempts"], &opts["backoff"]), "{job}");
    assert_eq!((&job["delay"], &job["opts"]["priority"]), (&json!(3_600_000), &json!(7)), "{job}");
}

#[tokio::test]
async fn what_is_not_signed_adds_nothing_and_learns_nothing() {
    let redis = RedisServer::start().await;
    let toril = host(&redis, "").await;
    let body = json!({ "word": "of-the-payload" }).to_string();
    let mut details = Vec::new();

    let other = Delivery { event: "push", id: "one" };
    details.push(problem(&signed::github(&toril, "hook", "another-secret", other, &body).await, 401));
    for signature in ["", "sha256=", "sha256=00", "sha1=8b4e3c1f", &format!("sha256={}", "0".repeat(64))] {
        let headers = [("x-hub-signature-256", signature), ("x-github-event", "push")];
        details.push(problem(&signed::post(&toril, "/webhooks/hook", &headers, &body).await, 401));
    }
    details.push(problem(&signed::post(&toril, "/webhooks/hook", &[], &body).await, 401));

    details.dedup();
    assert_eq!(details, ["the request is not signed with this webhook's secret"]);
    assert_eq!(jobs(&toril).await, 0);
    assert!(!toril.logs().contains("of-the-payload") && !toril.logs().contains(SECRET), "{}", toril.logs());
}

#[tokio::test]
async fn requests_that_are_not_signed_do_not_fill_the_log() {
    let redis = RedisServer::start().await;
    let toril = host(&redis, "").await;
    for _ in 0..50 {
        assert_eq!(signed::post(&toril, "/webhooks/hook", &[], "{}").await.status, 401);
    }
    let lines = toril.logs().lines().filter(|line| line.contains("webhook or callback request refused")).count();
    // Two minutes, if one ends meanwhile.
    assert!((1..=20).contains(&lines), "{lines} lines");
}

#[tokio::test]
async fn a_standard_webhook_is_accepted_for_five_minutes() {
    let redis = RedisServer::start().await;
    let hook = "[webhooks.shop]\nqueue = \"work\"\nname = \"echo\"\nsignature = \"standard\"\nsecret = \"env:STANDARD\"\n\
                events = [\"order.made\"]\ndata = { order = \"/data/id\" }\n";
    let toril = host(&redis, hook).await;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time").as_secs();
    let body = json!({ "type": "order.made", "data": { "id": 17 } }).to_string();
    let send = async |id: &str, time: u64, body: &str| signed::standard(&toril, "shop", KEY, id, time, body).await;

    assert_eq!(send("msg_1", now, &body).await.json()["id"], "shop-msg_1");
    assert_eq!(wait_for(&toril, "shop-msg_1", "completed").await["data"], json!({ "order": 17 }));
    problem(&send("msg_2", now - 600, &body).await, 401);
    problem(&send("msg_3", now + 600, &body).await, 401);
    assert_eq!(send("msg_4", now, &json!({ "type": "order.gone" }).to_string()).await.status, 204);
    problem(&send("msg_5", now, "{}").await, 422);
    let other = signed::standard(&toril, "shop", b"another key of the same size", "msg_6", now, &body).await;
    problem(&other, 401);
    assert_eq!(jobs(&toril).await, 1);
}

#[tokio::test]
async fn only_events_that_are_wanted_add_jobs() {
    let redis = RedisServer::start().await;
    let toril = host(&redis, "events = [\"push\"]").await;
    let send = async |event, id| signed::github(&toril, "hook", SECRET, Delivery { event, id }, "{}").await.status;

    assert_eq!((send("ping", "1").await, send("issues", "2").await, send("push", "3").await), (204, 204, 201));
    assert_eq!(send("", "4").await, 204);
    assert_eq!(jobs(&toril).await, 1);
}

#[tokio::test]
async fn a_delivery_that_is_sent_again_adds_no_second_job() {
    let redis = RedisServer::start().await;
    let toril = host(&redis, "").await;

    let first = push(&toril, "one", &json!({})).await;
    wait_for(&toril, "hook-one", "completed").await;
    let again = push(&toril, "one", &json!({})).await;

    assert_eq!((first.json(), again.status), (again.json(), 201));
    assert_eq!(jobs(&toril).await, 1);
    assert_eq!(push(&toril, "another", &json!({})).await.json()["id"], "hook-another");
}

#[tokio::test]
async fn what_cannot_be_a_job_is_answered_with_the_reason_and_without_the_payload() {
    let redis = RedisServer::start().await;
    let lines = "max_body = \"1KiB\"\ndata = { repo = \"/repository/full_name\" }\ndeduplication = \"/sender/id\"";
    let toril = host(&redis, lines).await;
    let send = async |body: &str| {
        let delivery = Delivery { event: "push", id: "one" };
        signed::github(&toril, "hook", SECRET, delivery, body).await
    };
    let word = "of-the-payload";

    let missing = problem(&send(&json!({ "sender": { "id": 1 }, "word": word }).to_string()).await, 422);
    assert_eq!(missing, "the body has no value at \"/repository/full_name\", to which `data.repo` points");
    let odd = json!({ "sender": { "id": [word] }, "repository": { "full_name": word } });
    let odd = problem(&send(&odd.to_string()).await, 422);
    assert_eq!(odd, "the value at \"/sender/id\", to which `deduplication` points, is not text, a number or a boolean");
    problem(&send(word).await, 400);
    problem(&send(&"x".repeat(1025)).await, 413);
    let got = http::get(&toril.url("/webhooks/hook")).await.expect("an answer");
    problem(&got, 405);
    assert_eq!(got.header("allow"), Some("POST"));
    assert_eq!(jobs(&toril).await, 0);
    assert!(!toril.logs().contains(word), "{}", toril.logs());
}

#[tokio::test]
async fn a_form_of_github_is_accepted_like_json() {
    let redis = RedisServer::start().await;
    let toril = host(&redis, "data = { n = \"/n\" }").await;
    let body = "payload=%7B%22n%22%3A7%7D";
    let signature = signed::github_signature(SECRET, body);
    let form = "application/x-www-form-urlencoded";
    let headers = [("content-type", form), ("x-hub-signature-256", &*signature), ("x-github-delivery", "one")];

    assert_eq!(signed::post(&toril, "/webhooks/hook", &headers, body).await.status, 201);

    assert_eq!(job(&toril, "hook-one").await["data"], json!({ "n": 7 }));
}

/// A host whose webhook adds jobs that are the same for one `/repo`, with this behaviour.
async fn host_of_bursts(redis: &RedisServer, behaviour: &str, data: &str) -> Toril {
    let hook = HOOK.replace("echo", behaviour);
    let config = format!("{QUEUE}{hook}data = {data}\ndeduplication = \"/repo\"\n");
    started(toril(redis, "").config(config)).await
}

#[tokio::test]
async fn a_burst_before_a_job_starts_is_one_job() {
    let redis = RedisServer::start().await;
    let toril = host_of_bursts(&redis, "echo", "{ n = \"/n\" }").await;
    toril.cli(["pause", "work"]).await.succeeded();

    let first = push(&toril, "1", &json!({ "repo": "a", "n": 1 })).await;
    let second = push(&toril, "2", &json!({ "repo": "a", "n": 2 })).await;
    let other = push(&toril, "3", &json!({ "repo": "b", "n": 3 })).await;

    assert_eq!((first.status, second.status, other.status), (201, 200, 201));
    assert_eq!((&second.json()["id"], jobs(&toril).await), (&json!("hook-1"), 2));
}

#[tokio::test]
async fn a_burst_while_a_job_runs_ends_with_one_more_job_that_has_the_last_data() {
    let redis = RedisServer::start().await;
    let toril = host_of_bursts(&redis, "sleep-until-cancelled", "{ n = \"/n\" }").await;
    push(&toril, "1", &json!({ "repo": "a", "n": 1 })).await;
    wait_for(&toril, "hook-1", "active").await;

    for n in 2..=5 {
        assert_eq!(push(&toril, &n.to_string(), &json!({ "repo": "a", "n": n })).await.status, 200);
    }
    toril.cli(["cancel", "work", "hook-1"]).await.succeeded();

    let last = wait_for(&toril, "hook-5", "active").await;
    assert_eq!((&last["data"], jobs(&toril).await), (&json!({ "n": 5 }), 2));
}

#[tokio::test]
async fn an_event_while_a_started_job_waits_for_its_next_attempt_has_a_job_of_its_own() {
    let redis = RedisServer::start().await;
    let toril = host_of_bursts(&redis, "fail-times", "{ times = \"/times\" }").await;
    push(&toril, "1", &json!({ "repo": "a", "times": 1 })).await;
    wait_for(&toril, "hook-1", "delayed").await;

    assert_eq!(push(&toril, "2", &json!({ "repo": "a", "times": 0 })).await.json()["id"], "hook-1");
    toril.cli(["promote", "work", "hook-1"]).await.succeeded();

    let first = wait_for(&toril, "hook-1", "completed").await;
    let second = wait_for(&toril, "hook-2", "completed").await;
    assert!(second["processedOn"].as_u64() >= first["finishedOn"].as_u64(), "{first} {second}");
    // Nothing is left that would hold back the next event.
    assert_eq!(push(&toril, "3", &json!({ "repo": "a", "times": 0 })).await.status, 201);
}

#[tokio::test]
async fn requests_are_counted_by_webhook_and_result() {
    let redis = RedisServer::start().await;
    let toril = host(&redis, "events = [\"push\"]").await;
    push(&toril, "one", &json!({})).await;
    signed::github(&toril, "hook", SECRET, Delivery { event: "ping", id: "two" }, "{}").await;
    signed::post(&toril, "/webhooks/hook", &[], "{}").await;
    signed::post(&toril, "/webhooks/no-such-hook", &[], "{}").await;

    let page = http::get(&toril.url("/metrics")).await.expect("an answer").body;

    for result in ["added", "ignored", "unauthorized"] {
        let line = format!("webhook_requests_total{{webhook=\"hook\",result=\"{result}\"}} 1");
        assert!(page.contains(&line), "{line} is not in\n{page}");
    }
    assert!(!page.contains("no-such-hook"), "{page}");
}

#[tokio::test]
async fn there_are_no_webhooks_until_the_configuration_has_them() {
    let redis = RedisServer::start().await;
    let mut toril = started(toril(&redis, "").config(QUEUE).env("TORIL_ADMIN_TOKEN", "a-token-of-23-characters")).await;
    let answers = async |toril: &Toril, status: u16| {
        let found = push(toril, "one", &json!({})).await.status == status;
        found.then_some(())
    };
    problem(&push(&toril, "one", &json!({})).await, 404);

    toril.rewrite_config(format!("{QUEUE}{HOOK}"));
    wait_until("the webhook to be on", LONG, async || answers(&toril, 201).await).await;
    problem(&push_to(&toril, "another").await, 404);
    toril.rewrite_config(QUEUE);
    wait_until("the webhook to be off", LONG, async || answers(&toril, 404).await).await;
}

async fn push_to(toril: &Toril, webhook: &str) -> Response {
    signed::github(toril, webhook, SECRET, Delivery { event: "push", id: "one" }, "{}").await
}

#[tokio::test]
async fn a_redis_that_is_away_is_a_reason_to_try_again() {
    let mut redis = RedisServer::start().await;
    let toril = host(&redis, "").await;
    redis.kill();

    let answer = push(&toril, "one", &json!({})).await;

    problem(&answer, 503);
    assert!(answer.header("retry-after").is_some_and(|after| after.parse::<u64>().is_ok()), "{answer:?}");
}

#[tokio::test]
async fn a_webhook_is_called_by_a_name_of_the_server() {
    let redis = RedisServer::start().await;
    let toril = started(toril(&redis, "").host("allowed_hosts = [\"hooks.test\"]")).await;
    let send = async |host: &str, id: &str| {
        let signature = signed::github_signature(SECRET, "{}");
        let headers = [("host", host), ("x-hub-signature-256", &*signature), ("x-github-delivery", id)];
        signed::post(&toril, "/webhooks/hook", &headers, "{}").await.status
    };
    assert_eq!((send("evil.test", "1").await, send("hooks.test", "2").await), (403, 201));
}

#[tokio::test]
async fn a_body_that_is_sent_slowly_keeps_out_no_other_request() {
    use tokio::io::AsyncWriteExt;
    let redis = RedisServer::start().await;
    let toril = host(&redis, "").await;
    let mut slow = Vec::new();
    for _ in 0..100 {
        let mut stream = tokio::net::TcpStream::connect(toril.listen()).await.expect("a connection");
        let head = format!(
            "POST /webhooks/hook HTTP/1.1\r\nHost: {}\r\nX-Hub-Signature-256: sha256=00\r\nContent-Length: 8000000\r\n\r\n{{",
            toril.listen()
        );
        stream.write_all(head.as_bytes()).await.expect("sent");
        slow.push(stream);
    }
    assert_eq!(push(&toril, "one", &json!({})).await.status, 201);
}

#[tokio::test]
async fn an_invalid_webhook_is_reported_with_its_line() {
    let wrong = "[queues.work]\nplugin = \"basics\"\n[webhooks.hook]\nqueue = \"wrok\"\nname = \"echo\"\n\
                 signature = \"github\"\nsecret = \"env:NOT_SET_ANYWHERE\"\ndata = { repo = \"repository\" }\n\
                 [callbacks]\nsecret = \"env:SHORT\"\n";
    let toril = Toril::new().redis("redis://127.0.0.1:1").plugin("basics").config(wrong).env("SHORT", "hunter2");

    let said = toril.cli(["check"]).await.exited(2).stderr;

    let document = std::fs::read_to_string(toril.config_path()).expect("the configuration");
    for (line, says) in [
        ("queue = \"wrok\"", "did you mean \"work\"?"),
        ("secret = \"env:NOT_SET_ANYWHERE\"", "NOT_SET_ANYWHERE, which is not set"),
        ("data = { repo = \"repository\" }", "is not a JSON pointer"),
        ("secret = \"env:SHORT\"", "has 7 characters, and needs 16"),
    ] {
        let number = document.lines().position(|found| found == line).expect("the line") + 1;
        let place = format!("queues.toml:{number}:");
        assert!(said.contains(says) && said.contains(&place), "{says:?} at {place} is not in\n{said}");
    }
    assert!(!said.contains("hunter2"), "{said}");
}
