//! A small server with the shape of GitHub's REST API: a few repositories, its headers, its errors.

use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router, routing};
use serde_json::{Value, json};

use crate::scripted::ScriptedServer;

const LIMIT: u32 = 5000;

/// The repositories that there are: owner, name, language, stars, topics.
const REPOSITORIES: [(&str, &str, &str, u32, &[&str]); 3] = [
    ("octo-org", "hello-world", "Rust", 80, &["octocat", "api"]),
    ("octo-org", "octo-repo", "TypeScript", 1296, &[]),
    ("octocat", "spoon-knife", "HTML", 12_700, &["fork", "example"]),
];

/// A running server. What a test can make it do is in [`ScriptedServer`], which this is one of.
#[derive(Debug)]
pub struct GithubServer(ScriptedServer);

impl Deref for GithubServer {
    type Target = ScriptedServer;

    fn deref(&self) -> &ScriptedServer {
        &self.0
    }
}

/// Serves on a free port of 127.0.0.1.
pub async fn serve() -> GithubServer {
    let server = serve_at((Ipv4Addr::LOCALHOST, 0).into()).await;
    server.unwrap_or_else(|error| panic!("no GitHub for this test: {error:#}"))
}

/// Serves at an address.
pub async fn serve_at(address: SocketAddr) -> Result<GithubServer> {
    let used = Arc::new(AtomicU32::new(0));
    let routes = Router::new()
        .route("/repos/{owner}/{name}", routing::get(repository))
        .fallback(async || not_found())
        .with_state(used);
    ScriptedServer::start(address, routes).await.map(GithubServer)
}

async fn repository(
    State(used): State<Arc<AtomicU32>>,
    Path((owner, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    // As GitHub does: a client that does not say who it is gets nothing.
    if !headers.contains_key(header::USER_AGENT) {
        let message =
            "Request forbidden by administrative rules. Please make sure your request has a User-Agent header.";
        return (StatusCode::FORBIDDEN, message).into_response();
    }
    let limits = rate_limit(used.fetch_add(1, Ordering::Relaxed) + 1);
    let Some((id, known)) = (1..).zip(REPOSITORIES).find(|(_, known)| known.0 == owner && known.1 == name) else {
        return (limits, not_found()).into_response();
    };
    let etag = format!("W/\"{id:064x}\"");
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == etag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, limits, [(header::ETAG, etag)]).into_response();
    }
    let caching = [
        (header::ETAG, etag),
        (header::CACHE_CONTROL, "private, max-age=60, s-maxage=60".to_owned()),
        (header::LAST_MODIFIED, "Thu, 01 May 2025 10:20:30 GMT".to_owned()),
    ];
    (limits, caching, Json(document(id, known))).into_response()
}

/// The headers that tell a client how many requests it has left in this hour.
fn rate_limit(used: u32) -> [(HeaderName, String); 5] {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let headers = [
        ("x-ratelimit-limit", LIMIT.to_string()),
        ("x-ratelimit-remaining", LIMIT.saturating_sub(used).to_string()),
        ("x-ratelimit-used", used.to_string()),
        ("x-ratelimit-reset", (now - now % 3600 + 3600).to_string()),
        ("x-ratelimit-resource", "core".to_owned()),
    ];
    headers.map(|(name, value)| (HeaderName::from_static(name), value))
}

fn not_found() -> (StatusCode, Json<Value>) {
    let body = json!({
        "message": "Not Found",
        "documentation_url": "https://docs.github.com/rest/repos/repos#get-a-repository",
        "status": "404",
    });
    (StatusCode::NOT_FOUND, Json(body))
}

fn document(id: u32, (owner, name, language, stars, topics): (&str, &str, &str, u32, &[&str])) -> Value {
    let api = format!("https://api.github.com/repos/{owner}/{name}");
    let page = format!("https://github.com/{owner}/{name}");
    let kind = if owner.ends_with("-org") { "Organization" } else { "User" };
    json!({
        "id": 1_296_268 + id,
        "node_id": format!("R_kgDO{id:08}"),
        "name": name,
        "full_name": format!("{owner}/{name}"),
        "private": false,
        "owner": {
            "login": owner,
            "id": 583_230 + id,
            "type": kind,
            "site_admin": false,
            "url": format!("https://api.github.com/users/{owner}"),
            "html_url": format!("https://github.com/{owner}"),
        },
        "html_url": page,
        "description": format!("{name}, a repository for tests"),
        "fork": false,
        "url": api,
        "created_at": "2011-01-26T19:01:12Z",
        "updated_at": "2025-05-01T10:20:30Z",
        "pushed_at": "2025-04-30T09:08:07Z",
        "clone_url": format!("{page}.git"),
        "homepage": null,
        "size": 108,
        "stargazers_count": stars,
        "watchers_count": stars,
        "language": language,
        "forks_count": stars / 10,
        "archived": false,
        "disabled": false,
        "open_issues_count": id,
        "license": { "key": "mit", "name": "MIT License", "spdx_id": "MIT", "node_id": "MDc6TGljZW5zZTEz" },
        "topics": topics,
        "visibility": "public",
        "forks": stars / 10,
        "open_issues": id,
        "watchers": stars,
        "default_branch": "main",
        "network_count": stars / 10,
        "subscribers_count": stars / 4,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{Response, request};

    async fn get(github: &GithubServer, path: &str, headers: &[(&str, &str)]) -> Result<Response> {
        request("GET", &format!("{}{path}", github.url()), headers, "").await
    }

    #[tokio::test]
    async fn a_repository_is_served_with_its_limits_and_not_twice_to_who_has_it() -> Result<()> {
        let github = serve().await;
        let first = get(&github, "/repos/octo-org/hello-world", &[]).await?;
        assert_eq!((first.status, &first.json()["full_name"]), (200, &json!("octo-org/hello-world")));
        assert_eq!(first.header("x-ratelimit-remaining"), Some("4999"));

        let etag = first.header("etag").unwrap_or_default();
        let second = get(&github, "/repos/octo-org/hello-world", &[("if-none-match", etag)]).await?;
        assert_eq!((second.status, second.body.as_str()), (304, ""));
        assert_eq!(get(&github, "/repos/octo-org/none", &[]).await?.status, 404);
        Ok(())
    }

    #[tokio::test]
    async fn the_next_answer_is_what_the_test_says_and_requests_are_remembered() -> Result<()> {
        let github = serve().await;
        github.respond_next(429, &[("retry-after", "7")], "slow down");
        let limited = get(&github, "/repos/octo-org/hello-world?page=1", &[("authorization", "Bearer t")]).await?;
        assert_eq!((limited.status, limited.header("retry-after")), (429, Some("7")));
        assert_eq!(get(&github, "/repos/octo-org/hello-world", &[]).await?.status, 200);

        let requests = github.requests();
        assert_eq!(requests.len(), 2);
        assert_eq!(requests[0].path, "/repos/octo-org/hello-world?page=1");
        assert_eq!(requests[0].header("authorization"), Some("Bearer t"));
        Ok(())
    }
}
