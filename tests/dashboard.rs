//! The dashboard in a real browser: every page and action, on a desktop and on a phone, with and without scripts.

use serde_json::{Value, json};
use toril_tests::wait::LONG;
use toril_tests::{RedisServer, Toril, browser, http, node, wait_until};

const TOKEN: &str = "a-token-for-tests-0123456789";
const CONFIG: &str = r#"
[queues.work]
plugin = "basics"
concurrency = 4
timeout = "1h"
dead_letter = "work-dead"

[queues.work.schedules.nightly]
pattern = "0 3 * * *"
tz = "Europe/Madrid"
name = "echo"

[queues.numbers]
plugin = "double"

[queues.parcels]
plugin = "forms"

[queues.agents]
plugin = "agent-commands"

[plugins.agent-commands]
http = ["http://localhost:8800"]
config = { agent-url = "http://localhost:8800" }
secrets = { token = "env:AGENT_TOKEN" }
"#;
const SECRET: &str = "s3cret-of-the-environment";

fn prepared(redis: &RedisServer) -> Toril {
    let toril = Toril::new().redis(redis.url()).env("AGENT_TOKEN", SECRET).config(CONFIG);
    toril.plugin("basics").plugin("double").plugin("forms").plugin("agent-commands")
}

async fn started(toril: Toril) -> Toril {
    let mut toril = toril.spawn_run();
    toril.wait_ready().await;
    toril
}

async fn add(redis: &RedisServer, queue: &str, jobs: Value) -> Vec<String> {
    let added = node::run("add", json!({ "redis": redis.url(), "queue": queue, "jobs": jobs })).await;
    serde_json::from_value(added["ids"].clone()).expect("ids")
}

/// Waits until a job is in a state, as the API tells it.
async fn wait_for(toril: &Toril, queue: &str, id: &str, state: &str) {
    let url = toril.url(&format!("/api/v1/queues/{queue}/jobs/{id}"));
    wait_until(&format!("job {id} to be {state}"), LONG, async || {
        http::get(&url).await.is_ok_and(|answer| answer.status == 200 && answer.json()["state"] == state)
    })
    .await;
}

/// Jobs of every kind in queue `work`, and a plugin whose newest file is refused.
async fn filled(redis: &RedisServer, toril: &mut Toril) {
    let jobs = json!([
        { "name": "echo", "data": { "user": "Ada", "password": "hunter2" } },
        { "name": "fatal", "data": { "order": 17 } },
        { "name": "fail-times", "data": { "times": 2 }, "opts": { "attempts": 3 } },
        { "name": "panic", "data": {} },
        { "name": "echo", "data": {}, "opts": { "delay": 3_600_000 } },
        { "name": "progress", "data": {} },
        { "name": "sleep-until-cancelled", "data": {} },
    ]);
    let ids = add(redis, "work", jobs).await;
    for (place, state) in
        [(0, "completed"), (1, "failed"), (2, "completed"), (3, "failed"), (5, "completed"), (6, "active")]
    {
        wait_for(toril, "work", &ids[place], state).await;
    }
    let child = |id: &str| json!({ "name": "echo", "queueName": "work", "data": {}, "opts": { "jobId": id } });
    let flow = json!({ "name": "dependencies", "queueName": "work", "data": {}, "opts": { "jobId": "parent" },
        "children": [child("child-1"), child("child-2")] });
    node::run("flow", json!({ "redis": redis.url(), "flow": flow })).await;
    toril.replace_plugin("double", b"\0asm\x01\0\0\0");
    toril.wait_for_log("plugin not reloaded", LONG).await;
}

/// Every page must be there, fit the screen, and be without what axe or the browser complain of.
fn assert_fine(seen: &Value) {
    let pages = seen["pages"].as_array().expect("pages");
    assert!(!pages.is_empty());
    for page in pages {
        assert_eq!(page["status"], 200, "{page}");
        assert_eq!(page["axe"], json!([]), "{page}");
        assert_eq!(page["complaints"], json!([]), "{page}");
        assert!(page["overflow"].as_i64().is_some_and(|pixels| pixels <= 0), "{page}");
    }
}

#[tokio::test]
async fn every_page_is_accessible_and_fits_a_phone_in_light_and_dark() {
    let redis = RedisServer::start().await;
    let mut toril = started(prepared(&redis)).await;
    filled(&redis, &mut toril).await;

    let pages = json!({
        "overview": "/", "queue": "/queues/work", "queue-failed": "/queues/work?state=failed",
        "queue-delayed": "/queues/work?state=delayed", "queue-completed": "/queues/work?state=completed&order=oldest",
        "job-failed": "/queues/work/jobs/3", "job-retried": "/queues/work/jobs/4", "job-delayed": "/queues/work/jobs/6",
        "job-active": "/queues/work/jobs/8", "job-parent": "/queues/work/jobs/parent", "flow": "/queues/work/jobs/parent/flow", "add-json": "/queues/work/add", "add-fields": "/queues/agents/add", "add-parcel": "/queues/parcels/add?name=send", "add-which": "/queues/parcels/add",
        "retry": "/queues/work/retry-failed", "drain": "/queues/work/drain", "clean": "/queues/work/clean",
        "remove": "/queues/work/jobs/3/remove", "cancel": "/queues/work/jobs/8/cancel", "plugins": "/plugins",
        "hosts": "/hosts", "schedulers": "/schedulers", "queue-schedulers": "/queues/work/schedulers",
        "remove-scheduler": "/queues/work/schedulers/nightly/remove",
    });
    assert_fine(&browser::run("pages", &toril, json!({ "pages": pages })).await);
}

/// What the pages said after each action.
fn assert_done(seen: &Value) {
    let said = &seen["said"];
    for (what, says) in [
        ("paused", "no job of it is claimed"),
        ("resumed", "not paused any more"),
        ("wrong", "this is not JSON"),
        ("added", "The job is added"),
        ("job", "Job one/1"),
        ("data", "[redacted]"),
        ("delay", "another delay"),
        ("promoted", "can be claimed now"),
        ("priority", "another priority"),
        ("state", "prioritized"),
        ("removed", "The job is removed"),
        ("cleaned", "1 job removed"),
        ("drained", "What waited is removed"),
        ("empty", "No job here is waiting"),
        ("retried", "The job waits again"),
        ("allRetried", "1 job to run again"),
        ("cancelled", "does not run any more"),
        ("reason", "by the test"),
        ("scheduler", "The job scheduler is removed"),
    ] {
        assert!(said[what].as_str().is_some_and(|text| text.contains(says)), "{what}: {}", said[what]);
    }
    assert!(said["data"].as_str().is_some_and(|data| !data.contains("hunter2")));
    assert_eq!(seen["axe"], json!([]));
}

async fn everything_is_done(size: &str, script: bool) -> Value {
    let redis = RedisServer::start().await;
    let toril = started(prepared(&redis)).await;
    let jobs = json!([{ "name": "fatal", "data": {}, "opts": { "jobId": "bad" } }, { "name": "sleep-until-cancelled", "data": {}, "opts": { "jobId": "long" } }]);
    add(&redis, "work", jobs).await;
    wait_for(&toril, "work", "bad", "failed").await;
    wait_for(&toril, "work", "long", "active").await;
    // The dead letter of the first.
    node::run(
        "manage",
        json!({ "redis": redis.url(), "queue": "work-dead", "steps": [{ "do": "remove", "id": "1" }] }),
    )
    .await;
    let more = json!({ "idle": "work-dead", "busy": "work", "failed": "bad", "running": "long", "size": size, "script": script });
    browser::run("actions", &toril, more).await
}

#[tokio::test]
async fn every_action_is_done_on_a_phone() {
    assert_done(&everything_is_done("phone", true).await);
}

#[tokio::test]
async fn every_action_is_done_without_a_script() {
    assert_done(&everything_is_done("wide", false).await);
}

#[tokio::test]
async fn everything_is_reached_by_the_keyboard_and_the_focus_is_seen() {
    let redis = RedisServer::start().await;
    let toril = started(prepared(&redis)).await;
    add(&redis, "work-dead", json!([{ "name": "echo", "data": {}, "opts": { "jobId": "one" } }])).await;
    let pages = ["/", "/queues/work-dead", "/queues/work-dead/jobs/one", "/queues/parcels/add?name=send"];
    let seen = browser::run("keyboard", &toril, json!({ "pages": pages })).await;
    for page in seen["pages"].as_array().expect("pages") {
        assert_eq!((&page["first"], &page["skipped"]), (&json!("Skip to the content"), &json!("main")), "{page}");
        assert_eq!((&page["missed"], &page["unseen"]), (&json!([]), &json!([])), "{page}");
    }
}

#[tokio::test]
async fn changes_are_seen_without_loading_a_page_again() {
    let redis = RedisServer::start().await;
    let toril = started(prepared(&redis)).await;
    let seen = browser::run("live", &toril, json!({ "redis": redis.url(), "queue": "work-dead" })).await;
    assert_eq!(seen, json!({ "focus": "Clean", "complaints": [] }));
}

#[tokio::test]
async fn the_token_opens_a_session_that_no_script_and_no_other_site_can_use() {
    let redis = RedisServer::start().await;
    let toril = started(prepared(&redis).env("TORIL_ADMIN_TOKEN", TOKEN)).await;
    let seen = browser::run("login", &toril, json!({ "token": TOKEN, "queue": "work" })).await;

    assert_eq!(seen["sentTo"], "/login");
    assert_eq!(
        (&seen["axe"], &seen["wrong"], &seen["stranger"]),
        (&json!([]), &json!("That is not the token."), &json!(0))
    );
    assert_eq!((&seen["focused"], &seen["cameTo"]), (&json!("Log in"), &json!("/queues/work?state=failed")));
    assert_eq!(seen["cookie"], json!({ "httpOnly": true, "sameSite": "Strict", "isToken": false }));
    assert_eq!(seen["scriptSees"], "");
    assert!(seen["paused"].as_str().is_some_and(|text| text.contains("paused")), "{seen}");
    assert_eq!(seen["forged"], json!([403, 403]));
    assert_eq!((&seen["wentTo"], &seen["oldCookie"]), (&json!("/login"), &json!("/login")));
}

#[tokio::test]
async fn a_form_made_from_a_schema_tells_what_is_wrong_at_its_field() {
    let redis = RedisServer::start().await;
    let toril = started(prepared(&redis)).await;
    let seen =
        browser::run("form", &toril, json!({ "message": "agents", "number": "numbers", "parcel": "parcels" })).await;

    assert!(seen["messageWrong"].as_str().is_some_and(|wrong| wrong.starts_with("true: ")), "{seen}");
    assert!(seen["metadataWrong"].as_str().is_some_and(|wrong| wrong.starts_with("true: ")), "{seen}");
    assert_eq!((&seen["kept"], &seen["axe"]), (&json!("[1]"), &json!([])));
    let message = json!({ "message": "Hello, \"you\" & <b>all</b>", "metadata": { "deep": { "a": [1, 2] } } });
    assert_eq!(seen["message"], message);
    assert_eq!(seen["numberWrong"], "true: this is not a number");
    assert_eq!(seen["number"], json!({ "n": 2.5 }));
    assert!(seen["jsonWrong"].as_str().is_some_and(|wrong| wrong.contains("/n")), "{seen}");

    assert_eq!(
        (&seen["types"], &seen["pieces"], &seen["keptName"]),
        (&json!(["send", "weigh"]), &json!("1"), &json!("Ada"))
    );
    assert_eq!((&seen["choices"], &seen["parcelAxe"]), (&json!(["not given", "slow", "fast"]), &json!([])));
    assert_eq!(seen["speedWrong"], "true: this field is needed");
    assert!(seen["piecesWrong"].as_str().is_some_and(|wrong| wrong.contains("255")), "{seen}");
    let parcel = json!({ "to": { "name": "Ada" }, "speed": "fast", "weight": 2.5, "pieces": 3, "signature": true, "labels": { "fragile": "very" } });
    assert_eq!(seen["parcel"], parcel);
}

#[tokio::test]
async fn what_a_hostile_job_holds_is_shown_and_does_nothing() {
    let redis = RedisServer::start().await;
    let toril = started(prepared(&redis)).await;
    let evil =
        "<script>globalThis.pwned=1</script>\"'><img src=x onerror=\"globalThis.pwned=1\"><b>\u{1b}[31mred\u{202e}txt";
    let mut connection = redis.connection().await;
    // Written past every client, as somebody may do who has Redis.
    let key = |more: &str| format!("bull:work-dead:{evil}{more}");
    let mut pipe = redis::pipe();
    pipe.cmd("HSET").arg(key("")).arg("name").arg(evil).arg("data").arg(json!({ evil: evil }).to_string());
    pipe.arg("opts").arg(json!({ "attempts": 1, "x": evil }).to_string()).arg("timestamp").arg("1700000000000");
    pipe.arg("failedReason")
        .arg(evil)
        .arg("stacktrace")
        .arg(json!([evil]).to_string())
        .arg("finishedOn")
        .arg("1700000000001");
    pipe.arg("rjk").arg(evil).arg("pb").arg(evil).arg("deid").arg(evil).arg("parentKey").arg(key("-parent"));
    pipe.arg("progress").arg(json!(evil).to_string()).arg("returnvalue").arg(json!(evil).to_string());
    pipe.cmd("RPUSH").arg(key(":logs")).arg(evil).arg(evil);
    pipe.cmd("SADD").arg(key(":dependencies")).arg(key("-child"));
    pipe.cmd("ZADD").arg("bull:work-dead:failed").arg(1_700_000_000_001_u64).arg(evil);
    pipe.cmd("ZADD").arg("bull:work-dead:repeat").arg(4_000_000_000_000_u64).arg(evil);
    pipe.cmd("HSET")
        .arg(format!("bull:work-dead:repeat:{evil}"))
        .arg("name")
        .arg(evil)
        .arg("pattern")
        .arg(evil)
        .arg("tz")
        .arg(evil);
    let _: Vec<redis::Value> = pipe.query_async(&mut connection).await.expect("written");

    let id: String = evil.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let pages = [
        "/queues/work-dead?state=failed".to_owned(),
        format!("/queues/work-dead/jobs/{id}"),
        format!("/queues/work-dead/jobs/{id}/flow"),
        format!("/queues/work-dead/jobs/{id}/remove"),
        format!("/queues/work-dead/add?name={id}"),
        "/schedulers".to_owned(),
        format!("/queues/work-dead/schedulers/{id}/remove"),
        "/".to_owned(),
    ];
    let seen = browser::run("hostile", &toril, json!({ "pages": pages })).await;
    assert_fine(&seen);
    for page in seen["pages"].as_array().expect("pages") {
        assert_eq!((&page["brought"], &page["ran"]), (&json!(0), &json!(false)), "{page}");
        let text = page["text"].as_str().unwrap_or_default();
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
    }
    let text = seen["pages"][1]["text"].as_str().unwrap_or_default();
    assert!(text.contains("<script>globalThis.pwned=1</script>") && text.contains("\\u{1b}[31mred\\u{202e}"), "{text}");
}

#[tokio::test]
async fn read_only_pages_show_no_action_and_take_none() {
    let redis = RedisServer::start().await;
    let toril = started(prepared(&redis).host("admin = \"read-only\"")).await;
    let ids = add(&redis, "work-dead", json!([{ "name": "echo", "data": {} }])).await;
    for path in ["/queues/work-dead".to_owned(), format!("/queues/work-dead/jobs/{}", ids[0]), "/schedulers".to_owned()]
    {
        let page = http::get(&toril.url(&path)).await.expect("an answer");
        assert_eq!(page.status, 200);
        assert!(
            page.body.contains("read-only") && !page.body.contains("<form") && !page.body.contains("/remove"),
            "{}",
            page.body
        );
    }
    assert_eq!(http::get(&toril.url("/queues/work-dead/drain")).await.expect("an answer").status, 403);
    let refused = http::request("POST", &toril.url("/queues/work-dead/pause"), &[], "").await.expect("an answer");
    assert_eq!(refused.status, 403);
    let show = http::get(&toril.url("/api/v1/queues/work-dead")).await.expect("an answer");
    assert_eq!(show.json()["paused"], false);
}

#[tokio::test]
async fn read_only_pages_with_a_token_are_logged_in_to_and_out_of() {
    let redis = RedisServer::start().await;
    let toril = started(prepared(&redis).host("admin = \"read-only\"").env("TORIL_ADMIN_TOKEN", TOKEN)).await;
    let kind = ("content-type", "application/x-www-form-urlencoded");
    let form = format!("token={TOKEN}");
    let entered = http::request("POST", &toril.url("/login"), &[kind], &form).await.expect("an answer");
    let cookie = entered.header("set-cookie").and_then(|cookie| cookie.split(';').next()).expect("a cookie").to_owned();
    let look =
        async || http::request("GET", &toril.url("/"), &[("cookie", &cookie)], "").await.expect("an answer").status;
    assert_eq!(look().await, 200);
    let left = http::request("POST", &toril.url("/logout"), &[kind, ("cookie", &cookie)], "").await.expect("an answer");
    assert_eq!((left.status, look().await), (303, 303));
}

#[tokio::test]
async fn a_paused_queue_is_obliterated_by_its_page_and_its_active_jobs_only_if_that_is_ticked() {
    let redis = RedisServer::start().await;
    let toril = started(prepared(&redis)).await;
    let page = async |path: &str| http::get(&toril.url(path)).await.expect("an answer");
    let kind = ("content-type", "application/x-www-form-urlencoded");
    let send =
        async |path: &str, form: &str| http::request("POST", &toril.url(path), &[kind], form).await.expect("an answer");
    let obliterate = "/queues/work/obliterate";
    let jobs = json!([{ "name": "sleep-until-cancelled", "data": {} }, { "name": "echo", "data": {}, "opts": { "delay": 3_600_000 } }]);
    let ids = add(&redis, "work", jobs).await;
    wait_for(&toril, "work", &ids[0], "active").await;

    assert!(!page("/queues/work").await.body.contains(obliterate), "a queue that is not paused has the button");
    let running = send(obliterate, "force=on").await;
    assert!(running.status == 409 && running.body.contains("pause"), "{}: {}", running.status, running.body);

    assert_eq!(send("/queues/work/pause", "").await.status, 303);
    assert!(page("/queues/work").await.body.contains(obliterate), "a paused queue has no button");
    let question = page(obliterate).await;
    assert!(question.body.contains("Also what is active, 1 job"), "{}", question.body);
    assert_eq!(send(obliterate, "").await.status, 409);
    assert_eq!(page(&format!("/queues/work/jobs/{}", ids[1])).await.status, 200);

    let done = send(obliterate, "force=on").await;
    assert_eq!(done.status, 303, "{}", done.body);
    let after = page(done.header("location").expect("the next page")).await;
    assert!(after.body.contains("Everything in the queue is removed"), "{}", after.body);
    for id in &ids {
        assert_eq!(page(&format!("/queues/work/jobs/{id}")).await.status, 404, "{id}");
    }
}

#[tokio::test]
async fn a_page_of_another_site_changes_nothing() {
    let redis = RedisServer::start().await;
    let toril = started(prepared(&redis)).await;
    let pause = toril.url("/queues/work/pause");
    for header in [("sec-fetch-site", "cross-site"), ("origin", "http://evil.example"), ("origin", "null")] {
        let refused = http::request("POST", &pause, &[header], "").await.expect("an answer");
        assert_eq!(refused.status, 403, "{header:?}");
    }
    let show = async || http::get(&toril.url("/api/v1/queues/work")).await.expect("an answer").json()["paused"].clone();
    assert_eq!(show().await, false);
    let done = http::request("POST", &pause, &[("sec-fetch-site", "same-origin")], "").await.expect("an answer");
    assert_eq!((done.status, show().await), (303, json!(true)));
    assert_eq!(done.header("location"), Some("/queues/work?done=paused"));
}

#[tokio::test]
async fn pages_allow_their_own_files_alone_and_files_are_kept() {
    let redis = RedisServer::start().await;
    let toril = started(prepared(&redis)).await;
    let page = http::get(&toril.url("/")).await.expect("an answer");
    let policy = page.header("content-security-policy").unwrap_or_default();
    assert!(policy.contains("default-src 'none'") && policy.contains("script-src 'self'"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!((page.header("cache-control"), page.header("x-frame-options")), (Some("no-store"), Some("DENY")));
    assert!(!page.body.contains("<style") && !page.body.contains(" style=") && !page.body.contains("<script>"));
    let paths: Vec<_> = page.body.split('"').filter(|part| part.starts_with("/assets/")).collect();
    assert_eq!(paths.len(), 3, "{paths:?}");
    for path in paths {
        let file = http::get(&toril.url(path)).await.expect("an answer");
        assert_eq!((file.status, file.header("cache-control")), (200, Some("public, max-age=31536000, immutable")));
    }
    assert_eq!(http::get(&toril.url("/assets/dashboard-0.css")).await.expect("an answer").status, 404);
}

#[tokio::test]
async fn no_page_shows_a_secret() {
    let redis = RedisServer::start().await;
    let mut toril = started(prepared(&redis).env("TORIL_ADMIN_TOKEN", TOKEN)).await;
    let bearer = format!("Bearer {TOKEN}");
    let jobs = json!([{ "name": "echo", "data": { "password": "hunter2", "deep": [{ "X-Api-Key": "hunter2" }] } }]);
    add(&redis, "work", jobs).await;
    toril.wait_for_log("attempt ended", LONG).await;
    for path in [
        "/",
        "/queues/work?state=completed",
        "/queues/work/jobs/2",
        "/plugins",
        "/hosts",
        "/schedulers",
        "/queues/agents/add",
    ] {
        let page = http::request("GET", &toril.url(path), &[("authorization", &bearer)], "").await.expect("an answer");
        assert_eq!(page.status, 200, "{path}");
        for secret in ["hunter2", SECRET, TOKEN] {
            assert!(!page.body.contains(secret), "{path} shows {secret}");
        }
    }
    for secret in ["hunter2", SECRET, TOKEN] {
        assert!(!toril.logs().contains(secret), "the log shows {secret}");
    }
}

#[tokio::test]
async fn every_host_is_shown_with_its_queues_until_it_ends() {
    let redis = RedisServer::start().await;
    let first = started(prepared(&redis)).await;
    let mut second = Toril::new()
        .redis(redis.url())
        .plugin("double")
        .config("[queues.numbers]\nplugin = \"double\"\nconcurrency = 7\n");
    second = started(second).await;
    let hosts = async || http::get(&first.url("/hosts")).await.expect("an answer").body.matches("<article").count();
    wait_until("both hosts to be shown", LONG, async || hosts().await == 2).await;
    assert!(http::get(&second.url("/hosts")).await.expect("an answer").body.contains("<td>7</td>"));
    assert_eq!(second.end().await, Some(0));
    wait_until("the host that has ended to be gone", LONG, async || hosts().await == 1).await;
}

#[tokio::test]
async fn the_history_of_a_plugin_tells_what_was_refused_and_what_ran_a_job() {
    let redis = RedisServer::start().await;
    let mut toril = started(prepared(&redis)).await;
    toril.replace_plugin("double", b"\0asm\x01\0\0\0");
    toril.wait_for_log("plugin not reloaded", LONG).await;
    let page = http::get(&toril.url("/plugins")).await.expect("an answer").body;
    assert!(page.contains("The newest file is refused") && page.contains("is a core WebAssembly module"), "{page}");

    let ids = add(&redis, "numbers", json!([{ "name": "double", "data": { "n": 1 } }])).await;
    wait_for(&toril, "numbers", &ids[0], "completed").await;
    let job = toril.url(&format!("/queues/numbers/jobs/{}", ids[0]));
    wait_until("the page to tell what ran the job", LONG, async || {
        let page = http::get(&job).await.expect("an answer").body;
        page.contains("<dt>Ran with</dt><dd><a href=\"/plugins#double\">")
    })
    .await;
}

#[tokio::test]
async fn the_page_of_plugins_shows_pools_of_postgresql_and_not_their_connection_strings() {
    let redis = RedisServer::start().await;
    let config = "[queues.numbers]\nplugin = \"double\"\n[plugins.double.postgres.ledger]\nurl = \"env:DATABASE_URL\"\n\
                  connections = 3\nread_only = true\n";
    // No attempt uses the pool, so the host does not connect.
    let toril =
        Toril::new().redis(redis.url()).plugin("double").env("DATABASE_URL", "postgres://me:hunter2@127.0.0.1:1/shop");
    let mut toril = toril.config(config).spawn_run();
    toril.wait_ready().await;

    let page = http::get(&toril.url("/plugins")).await.expect("an answer").body;

    assert!(
        page.contains("<bdi>ledger</bdi>") && page.contains("read-only, 0 of 3 connections open, 0 idle"),
        "{page}"
    );
    assert!(!page.contains("hunter2") && !page.contains("127.0.0.1:1/"), "{page}");
}
