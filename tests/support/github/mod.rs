//! A small server with the shape of GitHub's REST API: a few repositories and what is in them, pages, ETags, limits, errors.
//! `tests/github_api.rs` holds it against GitHub's own description.

pub mod case;
pub mod description;
mod documents;
pub mod recorded;
mod routes;
mod world;

use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Result;

use crate::scripted::ScriptedServer;
use world::World;

/// A running server. What a test can make it do beside what is here is in [`ScriptedServer`], which this is one of.
#[derive(Debug)]
pub struct GithubServer {
    server: ScriptedServer,
    world: Shared,
}

type Shared = Arc<Mutex<World>>;

impl Deref for GithubServer {
    type Target = ScriptedServer;

    fn deref(&self) -> &ScriptedServer {
        &self.server
    }
}

/// Serves on a free port of 127.0.0.1.
pub async fn serve() -> GithubServer {
    let server = serve_at((Ipv4Addr::LOCALHOST, 0).into()).await;
    server.unwrap_or_else(|error| panic!("no GitHub for this test: {error:#}"))
}

/// Serves at an address.
pub async fn serve_at(address: SocketAddr) -> Result<GithubServer> {
    let world = Shared::default();
    let server = ScriptedServer::start(address, routes::routes(world.clone())).await?;
    Ok(GithubServer { server, world })
}

impl GithubServer {
    /// Adds a repository with one of everything.
    pub fn add_repository(&self, owner: &str, name: &str) {
        self.world().add(owner, name);
    }

    /// Opens issues, and returns the numbers that the repository's issues then have.
    pub fn add_issues(&self, repo: &str, count: usize) -> Vec<u64> {
        let mut world = self.world();
        let repository = world.existing(repo);
        for _ in 0..count {
            repository.open_issue(false);
        }
        repository.issues.iter().map(|issue| issue.number).collect()
    }

    /// Gives an issue another title, which makes it the one that was changed last.
    pub fn retitle_issue(&self, repo: &str, number: u64, title: &str) {
        self.world().existing(repo).retitle(number, title);
    }

    /// Deletes an issue, which changes no other.
    pub fn delete_issue(&self, repo: &str, number: u64) {
        self.world().existing(repo).issues.retain(|issue| issue.number != number);
    }

    /// Adds a label.
    pub fn add_label(&self, repo: &str, name: &str) {
        self.world().existing(repo).add_label(name);
    }

    /// Deletes a label.
    pub fn delete_label(&self, repo: &str, name: &str) {
        self.world().existing(repo).labels.retain(|(_, known)| known != name);
    }

    /// Adds a commit to the default branch.
    pub fn push(&self, repo: &str) {
        self.world().existing(repo).commit();
    }

    /// Takes away all commits: GitHub answers for an empty repository with 409.
    pub fn empty(&self, repo: &str) {
        self.world().existing(repo).commits.clear();
    }

    /// Gives a repository another name. The old one leads to it from then on.
    pub fn rename(&self, repo: &str, name: &str) {
        self.world().rename(repo, name);
    }

    /// Takes a repository away.
    pub fn delete_repository(&self, repo: &str) {
        self.world().repositories.retain(|known| known.full_name() != repo);
    }

    /// Refuses every token from now on.
    pub fn revoke_tokens(&self) {
        self.world().revoked = true;
    }

    /// Allows this many requests more, and further ones only when this time has passed since the last of them.
    pub fn allow(&self, requests: u32, then: Duration) {
        self.world().allow(requests, then);
    }

    /// Takes this long for every answer.
    pub fn slow_down(&self, latency: Duration) {
        self.world().latency = latency;
    }

    /// How many requests were refused since the limit was reached.
    pub fn refused(&self) -> u32 {
        self.world().refused
    }

    fn world(&self) -> MutexGuard<'_, World> {
        lock(&self.world)
    }
}

fn lock(world: &Shared) -> MutexGuard<'_, World> {
    world.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::http::{Response, request};

    async fn get(github: &GithubServer, path: &str, headers: &[(&str, &str)]) -> Result<Response> {
        request("GET", &format!("{}{path}", github.url()), headers, "").await
    }

    #[tokio::test]
    async fn a_repository_is_served_with_its_limits_and_not_twice_to_who_has_it() -> Result<()> {
        let github = serve().await;
        let agent = ("user-agent", "test");
        let first = get(&github, "/repos/octo-org/hello-world", &[agent]).await?;
        assert_eq!((first.status, &first.json()["full_name"]), (200, &json!("octo-org/hello-world")));
        assert_eq!(first.header("x-ratelimit-remaining"), Some("4999"));

        let etag = first.header("etag").unwrap_or_default();
        let second = get(&github, "/repos/octo-org/hello-world", &[agent, ("if-none-match", etag)]).await?;
        assert_eq!((second.status, second.body.as_str()), (304, ""));
        assert_eq!(second.header("x-ratelimit-remaining"), Some("4999"), "it costs nothing");
        assert_eq!(get(&github, "/repos/octo-org/none", &[agent]).await?.status, 404);
        Ok(())
    }

    #[tokio::test]
    async fn the_next_answer_is_what_the_test_says_and_requests_are_remembered() -> Result<()> {
        let github = serve().await;
        github.respond_next(429, &[("retry-after", "7")], "slow down");
        let limited = get(&github, "/repos/octo-org/hello-world?page=1", &[("authorization", "Bearer t")]).await?;
        assert_eq!((limited.status, limited.header("retry-after")), (429, Some("7")));
        assert_eq!(get(&github, "/repos/octo-org/hello-world", &[("user-agent", "test")]).await?.status, 200);

        let requests = github.requests();
        assert_eq!(requests.len(), 2);
        assert_eq!(requests[0].path, "/repos/octo-org/hello-world?page=1");
        assert_eq!(requests[0].header("authorization"), Some("Bearer t"));
        Ok(())
    }

    #[tokio::test]
    async fn a_page_is_turned_where_its_link_says_and_a_change_changes_its_etag() -> Result<()> {
        let github = serve().await;
        github.add_issues("octo-org/hello-world", 5);
        let list = "/repos/octo-org/hello-world/issues?state=all&sort=updated&direction=desc&per_page=3";
        let first = get(&github, list, &[("user-agent", "test")]).await?;
        let link = first.header("link").unwrap_or_default().to_owned();
        assert!(link.contains("&page=2>; rel=\"next\""), "{link}");
        github.retitle_issue("octo-org/hello-world", 1, "changed");
        let etag = first.header("etag").unwrap_or_default();
        let second = get(&github, list, &[("user-agent", "test"), ("if-none-match", etag)]).await?;
        assert_eq!((second.status, &second.json()[0]["title"]), (200, &json!("changed")));
        Ok(())
    }
}
