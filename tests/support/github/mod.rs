//! A small server with the shape of GitHub's REST API: a few repositories and what is in them, pages, ETags, limits, errors.
//! `tests/github_api.rs` holds it against GitHub's own description.

mod app;
pub mod case;
mod chance;
pub mod description;
mod documents;
pub mod recorded;
mod routes;
mod runs;
mod world;

use std::collections::BTreeSet;
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

    /// Adds a commit to the default branch with a date of its own, in seconds since the Unix epoch.
    pub fn push_dated(&self, repo: &str, at: u64) {
        self.world().existing(repo).commit_at(at);
    }

    /// Adds comments to the first issue, and returns the ids of all comments of the repository, the oldest first.
    pub fn add_comments(&self, repo: &str, count: usize) -> Vec<u64> {
        let mut world = self.world();
        let repository = world.existing(repo);
        (0..count).for_each(|_| repository.comment(1));
        repository.comments.iter().map(|comment| comment.id).collect()
    }

    /// Opens a pull request, and returns its number.
    pub fn open_pull(&self, repo: &str) -> u64 {
        let mut world = self.world();
        let repository = world.existing(repo);
        repository.open_issue(true);
        repository.issues.last().map_or(0, |pull| pull.number)
    }

    /// Closes an issue or a pull request.
    pub fn close(&self, repo: &str, number: u64) {
        self.world().existing(repo).close(number);
    }

    /// Reviews a pull request.
    pub fn review(&self, repo: &str, pull: u64) {
        self.world().existing(repo).review(pull);
    }

    /// Deletes the reviews of a pull request that were submitted first, which changes the pull request.
    pub fn delete_reviews(&self, repo: &str, pull: u64, count: usize) {
        let mut world = self.world();
        let repository = world.existing(repo);
        let mut left = count;
        repository.reviews.retain(|review| {
            let goes = review.pull == pull && left > 0;
            left -= usize::from(goes);
            !goes
        });
        repository.push_to_pull(pull);
    }

    /// Pushes to a pull request: its newest commit is another one then.
    pub fn push_to_pull(&self, repo: &str, pull: u64) {
        self.world().existing(repo).push_to_pull(pull);
    }

    /// The newest commit of a pull request.
    pub fn head_of(&self, repo: &str, pull: u64) -> String {
        let mut world = self.world();
        let issue = world.existing(repo).issues.iter().find(|issue| issue.number == pull);
        issue.map(|issue| issue.head.clone()).unwrap_or_default()
    }

    /// Starts a check of a commit, and returns its id.
    pub fn start_check(&self, repo: &str, sha: &str) -> u64 {
        self.world().existing(repo).start_check(sha)
    }

    /// Completes all checks.
    pub fn complete_checks(&self, repo: &str) {
        self.world().existing(repo).check_runs.iter_mut().for_each(|run| run.is_done = true);
    }

    /// Starts a run of a workflow, and returns its id.
    pub fn start_workflow(&self, repo: &str) -> u64 {
        self.world().existing(repo).start_workflow()
    }

    /// Completes a run of a workflow, which moves nothing in the list of runs.
    pub fn complete_workflow(&self, repo: &str, id: u64) {
        let mut world = self.world();
        world.existing(repo).workflow_runs.iter_mut().filter(|run| run.id == id).for_each(|run| run.is_done = true);
    }

    /// Deletes a comment, which changes no other.
    pub fn delete_comment(&self, repo: &str, id: u64) {
        self.world().existing(repo).comments.retain(|comment| comment.id != id);
    }

    /// Answers 403 with these headers from now on where a path ends like this.
    pub fn forbid(&self, path_end: &str, headers: &[(&str, &str)]) {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.world().forbidden.push((path_end.to_owned(), headers));
    }

    /// Gives each link a `Link` header of its own from now on, `last` before `next`.
    pub fn split_links(&self) {
        self.world().split_links = true;
    }

    /// Sends no `Link` headers from now on, as some proxies do.
    pub fn remove_links(&self) {
        self.world().no_links = true;
    }

    /// Answers requests whose path begins like this only after this time.
    pub fn delay_paths(&self, path_start: &str, latency: Duration) {
        self.world().delayed = Some((path_start.to_owned(), latency));
    }

    /// Refuses pages with a higher number from now on.
    pub fn limit_pages(&self, most: u32) {
        self.world().most_pages = Some(most);
    }

    /// Makes links relative to the page that they are on.
    pub fn relative_links(&self) {
        self.world().relative_links = true;
    }

    /// Makes the text of each issue longer by so many bytes.
    pub fn pad_issues(&self, bytes: usize) {
        self.world().padding = bytes;
    }

    /// The number of a repository.
    pub fn id_of(&self, repo: &str) -> u64 {
        self.world().existing(repo).id
    }

    /// What a resource has: the keys under which `github-sync` keeps its items.
    pub fn keys_of(&self, repo: &str, resource: &str) -> BTreeSet<String> {
        let mut world = self.world();
        let repository = world.existing(repo);
        match resource {
            "issues" => repository.issues.iter().map(|issue| issue.number.to_string()).collect(),
            "comments" => repository.comments.iter().map(|comment| comment.id.to_string()).collect(),
            "reviews" => repository.reviews.iter().map(|review| review.id.to_string()).collect(),
            "check_runs" => repository.check_runs.iter().map(|run| run.id.to_string()).collect(),
            "workflow_runs" => repository.workflow_runs.iter().map(|run| run.id.to_string()).collect(),
            "labels" => repository.labels.iter().map(|(id, _)| id.to_string()).collect(),
            "commits" => repository.commits.iter().map(|(sha, _)| sha.clone()).collect(),
            _ => panic!("this GitHub does not list the keys of {resource}"),
        }
    }

    /// Changes something in a repository, by chance.
    pub fn change(&self, repo: &str, random: &mut fastrand::Rng) {
        self.world().existing(repo).change(random);
    }

    /// Takes away all commits: GitHub answers for an empty repository with 409.
    pub fn empty(&self, repo: &str) {
        self.world().existing(repo).commits.clear();
    }

    /// Gives a repository another name. The old one leads to it from then on.
    pub fn rename(&self, repo: &str, name: &str) {
        self.world().rename(repo, name);
    }

    /// Archives a repository.
    pub fn archive(&self, repo: &str) {
        self.world().existing(repo).archived = true;
    }

    /// Makes a repository a fork.
    pub fn make_fork(&self, repo: &str) {
        self.world().existing(repo).fork = true;
    }

    /// Takes a repository away.
    pub fn delete_repository(&self, repo: &str) {
        self.world().repositories.retain(|known| known.full_name() != repo);
    }

    /// Refuses every token from now on.
    pub fn revoke_tokens(&self) {
        self.world().revoked = true;
    }

    /// Registers a GitHub App with its private key, as PEM. From then on every request has to have a token of the app.
    pub fn register_app(&self, id: &str, pem: &str) {
        self.world().app = Some(app::App::new(id, pem));
    }

    /// Installs the app on an owner.
    pub fn install_app(&self, owner: &str, id: u64) {
        let installation = app::Installation { id, owner: owner.to_owned(), is_suspended: false };
        self.with_app(|app| app.installations.push(installation));
    }

    /// Suspends all installations of the app.
    pub fn suspend_app(&self) {
        self.with_app(|app| app.installations.iter_mut().for_each(|known| known.is_suspended = true));
    }

    /// How long the tokens last that the app is given from now on.
    pub fn token_lifetime(&self, lifetime: Duration) {
        self.with_app(|app| app.lifetime = lifetime);
    }

    /// The tokens that the app was ever given.
    pub fn app_tokens(&self) -> Vec<String> {
        self.with_app(|app| app.tokens.iter().map(|token| token.text.clone()).collect())
    }

    /// Revokes all tokens that the app was given so far.
    pub fn revoke_app_tokens(&self) {
        self.with_app(|app| app.tokens.iter_mut().for_each(|token| token.is_revoked = true));
    }

    /// Gives the app tokens that are not valid.
    pub fn break_app_tokens(&self) {
        self.with_app(|app| app.is_broken = true);
    }

    /// Sets GitHub's own clock so many seconds ahead of the host's, or behind it.
    pub fn clock_ahead(&self, seconds: i64) {
        self.world().ahead = seconds;
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

    fn with_app<T>(&self, act: impl FnOnce(&mut app::App) -> T) -> T {
        act(self.world().app.as_mut().unwrap_or_else(|| panic!("this GitHub has no app: register it first")))
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
