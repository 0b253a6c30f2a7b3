//! Access to the HTTP server: sessions in the API, cookies behind TLS, and names that look like path segments.

use serde_json::json;
use toril_tests::{RedisServer, Toril, http, node};

const TOKEN: &str = "a-token-for-tests-0123456789";
const WORK: &str = "[queues.work]\nplugin = \"basics\"\n[queues.\"..\"]\nplugin = \"basics\"\n";

async fn host(redis: &RedisServer, token: Option<&str>) -> Toril {
    let mut toril = Toril::new().redis(redis.url()).plugin("basics").config(WORK);
    if let Some(token) = token {
        toril = toril.env("TORIL_ADMIN_TOKEN", token);
    }
    let mut toril = toril.spawn_run();
    toril.wait_ready().await;
    toril
}

/// Logs in with these headers. Returns the session cookie, and its attributes.
async fn enter(toril: &Toril, headers: &[(&str, &str)]) -> (String, String) {
    let mut all = vec![("content-type", "application/x-www-form-urlencoded")];
    all.extend_from_slice(headers);
    let entered = http::request("POST", &toril.url("/login"), &all, &format!("token={TOKEN}")).await;
    let set = entered.expect("an answer").header("set-cookie").expect("a cookie").to_owned();
    (set.split(';').next().expect("a cookie").to_owned(), set)
}

#[tokio::test]
async fn a_session_can_read_the_api_but_not_change_anything() {
    let redis = RedisServer::start().await;
    let toril = host(&redis, Some(TOKEN)).await;
    let (cookie, _) = enter(&toril, &[]).await;
    let ask = async |method: &str, path: &str, cookie: &str| {
        let headers = [("cookie", cookie), ("sec-fetch-site", "same-origin"), ("content-type", "application/json")];
        http::request(method, &toril.url(path), &headers, "{}").await.expect("an answer").status
    };

    for path in ["/api/v1/openapi.json", "/api/v1/queues", "/api/v1/queues/work/jobs?state=waiting"] {
        assert_eq!(ask("GET", path, &cookie).await, 200, "{path}");
        assert_eq!(ask("GET", path, "toril-session-1=x").await, 401, "{path}");
    }
    for (method, path) in
        [("POST", "/api/v1/queues/work/pause"), ("DELETE", "/api/v1/queues/work/jobs/1"), ("PUT", "/api/v1/host/log")]
    {
        assert_eq!(ask(method, path, &cookie).await, 401, "{method} {path}");
    }
    let bearer = format!("Bearer {TOKEN}");
    let queue = http::request("GET", &toril.url("/api/v1/queues/work"), &[("authorization", &bearer)], "").await;
    assert_eq!(queue.expect("an answer").json()["paused"], false);
}

#[tokio::test]
async fn a_session_over_tls_has_a_cookie_that_is_only_sent_over_tls() {
    let redis = RedisServer::start().await;
    let toril = host(&redis, Some(TOKEN)).await;
    for headers in [[("x-forwarded-proto", "https")], [("origin", &*toril.url("").replace("http", "https"))]] {
        let (cookie, set) = enter(&toril, &headers).await;
        assert!(set.starts_with("__Host-") && set.contains("; Secure;") && set.contains("; Path=/;"), "{set}");
        let page = http::request("GET", &toril.url("/"), &[("cookie", &cookie)], "").await.expect("an answer");
        assert_eq!(page.status, 200);
        let kind = ("content-type", "application/x-www-form-urlencoded");
        let csrf = page.body.split("name=\"csrf\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
        let form = format!("csrf={}", csrf.expect("a CSRF token"));
        let all = [kind, ("cookie", &*cookie), headers[0]];
        let left = http::request("POST", &toril.url("/logout"), &all, &form).await.expect("an answer");
        let set = left.header("set-cookie").expect("a cookie that ends");
        assert!(set.starts_with("__Host-") && set.contains("Max-Age=0") && set.contains("; Secure;"), "{set}");
    }
    let (_, plain) = enter(&toril, &[("origin", &toril.url(""))]).await;
    assert!(!plain.contains("Secure") && !plain.contains("__Host-"), "{plain}");
}

#[tokio::test]
async fn jobs_and_queues_whose_names_look_like_path_segments_are_reachable() {
    let redis = RedisServer::start().await;
    let toril = host(&redis, None).await;
    node::run("manage", json!({ "redis": redis.url(), "queue": "work", "steps": [{ "do": "pause" }] })).await;
    let ids = [".", "..", "~.", "~"];
    let jobs: Vec<_> =
        ids.iter().map(|id| json!({ "name": format!("job {id}"), "data": {}, "opts": { "jobId": id } })).collect();
    node::run("add", json!({ "redis": redis.url(), "queue": "work", "jobs": jobs })).await;

    let list = http::get(&toril.url("/queues/work?state=waiting")).await.expect("an answer").body;
    for (id, path) in ids.iter().zip(["~.", "~..", "~~.", "~"]) {
        let link = format!("/queues/work/jobs/{path}");
        assert!(list.contains(&format!("href=\"{link}\"")), "{link}: {list}");
        let page = http::get(&toril.url(&link)).await.expect("an answer").body;
        assert!(page.contains(&format!("<bdi>job {id}</bdi>")), "{link}: {page}");
        let job = http::get(&toril.url(&format!("/api/v1{link}"))).await.expect("an answer").json();
        assert_eq!(job["id"], json!(id));
    }
    let overview = http::get(&toril.url("/")).await.expect("an answer").body;
    assert!(overview.contains("href=\"/queues/~..\""), "{overview}");
    assert_eq!(http::get(&toril.url("/queues/~..")).await.expect("an answer").status, 200);
}
