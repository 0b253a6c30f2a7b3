//! GitHub, held against what GitHub itself says: the tests' own server against its description of the API, and the plugin
//! against answers that were recorded.

use serde_json::{Value, json};
use toril_tests::github::description::Description;
use toril_tests::github::recorded::{self, Recorded};
use toril_tests::{GithubServer, RedisServer, Toril, github, http};

/// Everything that the server answers with 200, by the path in GitHub's description.
const ANSWERS: [(&str, &str); 16] = [
    ("/repos/{owner}/{repo}", "/repos/octo-org/hello-world"),
    ("/repos/{owner}/{repo}/issues", "/repos/octo-org/hello-world/issues?state=all&sort=updated&direction=desc"),
    ("/repos/{owner}/{repo}/pulls", "/repos/octo-org/hello-world/pulls?state=all&sort=updated&direction=desc"),
    (
        "/repos/{owner}/{repo}/issues/comments",
        "/repos/octo-org/hello-world/issues/comments?sort=updated&direction=desc",
    ),
    ("/repos/{owner}/{repo}/releases", "/repos/octo-org/hello-world/releases?per_page=100"),
    ("/repos/{owner}/{repo}/labels", "/repos/octo-org/hello-world/labels?per_page=100"),
    ("/repos/{owner}/{repo}/milestones", "/repos/octo-org/hello-world/milestones?state=all&per_page=100"),
    ("/repos/{owner}/{repo}/commits", "/repos/octo-org/hello-world/commits?per_page=100"),
    ("/repos/{owner}/{repo}/branches", "/repos/octo-org/hello-world/branches?per_page=100"),
    ("/repos/{owner}/{repo}/tags", "/repos/octo-org/hello-world/tags?per_page=100"),
    ("/repos/{owner}/{repo}/pulls/{pull_number}/reviews", "/repos/octo-org/hello-world/pulls/2/reviews"),
    ("/repos/{owner}/{repo}/pulls/comments", "/repos/octo-org/hello-world/pulls/comments?sort=updated&direction=desc"),
    (
        "/repos/{owner}/{repo}/commits/{ref}/check-runs",
        "/repos/octo-org/hello-world/commits/0000000000000000000000000000012dcfa73d42/check-runs",
    ),
    ("/repos/{owner}/{repo}/actions/runs", "/repos/octo-org/hello-world/actions/runs?per_page=100"),
    ("/orgs/{org}/repos", "/orgs/octo-org/repos?per_page=100"),
    ("/users/{username}/repos", "/users/octocat/repos?per_page=100"),
];

async fn get(github: &GithubServer, path: &str) -> http::Response {
    let headers = [("user-agent", "test"), ("authorization", "Bearer token")];
    http::request("GET", &format!("{}{path}", github.url()), &headers, "").await.expect("an answer")
}

fn fits(schema: &Value, answer: &Value, what: &str) {
    let validator = jsonschema::draft202012::new(schema).unwrap_or_else(|error| panic!("{what}: {error}"));
    let wrong: Vec<_> =
        validator.iter_errors(answer).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(wrong.is_empty(), "{what} is not what GitHub describes: {wrong:#?}");
}

#[tokio::test]
async fn what_the_tests_github_answers_fits_githubs_own_description() {
    let (github, description) = (github::serve().await, Description::read());

    for (described, path) in ANSWERS {
        let answer = get(&github, path).await;
        assert_eq!(answer.status, 200, "{path}");
        let body = answer.json();
        assert!(body.as_array().is_none_or(|items| !items.is_empty()), "{path} has nothing to be checked");
        fits(&description.answer(described, 200), &body, path);
    }
}

#[tokio::test]
async fn errors_of_the_tests_github_match_githubs_own_description() {
    let (github, description) = (github::serve().await, Description::read());
    let repository = "/repos/{owner}/{repo}";

    github.rename("octo-org/octo-repo", "new-name");
    let moved = get(&github, "/repos/octo-org/octo-repo").await;
    assert_eq!(moved.status, 301);
    fits(&description.answer(repository, 301), &moved.json(), "a renamed repository");

    let missing = get(&github, "/repos/octo-org/none").await;
    assert_eq!(missing.status, 404);
    fits(&description.answer(repository, 404), &missing.json(), "a repository that is not there");

    github.empty("octo-org/hello-world");
    let empty = get(&github, "/repos/octo-org/hello-world/commits").await;
    assert_eq!(empty.status, 409);
    fits(&description.answer("/repos/{owner}/{repo}/commits", 409), &empty.json(), "an empty repository");

    github.allow(0, std::time::Duration::from_secs(600));
    let limited = get(&github, "/repos/octo-org/hello-world").await;
    assert_eq!((limited.status, limited.header("x-ratelimit-remaining")), (403, Some("0")));
    fits(&description.answer(repository, 403), &limited.json(), "a limit");

    github.revoke_tokens();
    let refused = get(&github, "/repos/octo-org/hello-world").await;
    assert_eq!(refused.status, 401);
    fits(&description.answer("/user", 401), &refused.json(), "a refused token");
}

#[tokio::test]
async fn the_parameters_that_github_sync_sends_are_those_that_github_describes() {
    let (redis, github, description) = (RedisServer::start().await, github::serve().await, Description::read());
    let toril = host(&redis, github.url(), github.url(), "").await;

    sync(&toril, json!({ "repo": "octo-org/hello-world", "resources": ALL })).await;

    for request in github.requests() {
        let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
        let described = described(path);
        let known = description.parameters(&described);
        for parameter in query.split('&').filter_map(|parameter| Some(parameter.split_once('=')?.0)) {
            assert!(known.iter().any(|known| known == parameter), "{described} has no parameter {parameter}");
        }
    }
}

const ALL: [&str; 14] = [
    "repository",
    "issues",
    "pulls",
    "comments",
    "releases",
    "labels",
    "milestones",
    "commits",
    "branches",
    "tags",
    "reviews",
    "review_comments",
    "check_runs",
    "workflow_runs",
];

/// A path as GitHub's description has it.
fn described(path: &str) -> String {
    let steps: Vec<_> = path.split('/').collect();
    let named = steps.iter().enumerate().map(|(n, step)| match *step {
        "octo-org" => "{owner}",
        "hello-world" => "{repo}",
        _ if n > 0 && steps[n - 1] == "pulls" && step.parse::<u64>().is_ok() => "{pull_number}",
        _ if n > 0 && steps[n - 1] == "commits" => "{ref}",
        step => step,
    });
    named.collect::<Vec<_>>().join("/")
}

async fn host(redis: &RedisServer, origin: &str, api_url: &str, settings: &str) -> Toril {
    let config = format!(
        "[queues.github-sync]\nplugin = \"github-sync\"\n[plugins.github-sync]\nhttp = [{origin:?}]\nkeyvalue = true\n\
         config = {{ api-url = {api_url:?}{settings} }}\nsecrets = {{ token = \"env:THE_TOKEN\" }}\n"
    );
    let toril = Toril::new().redis(redis.url()).plugin("github-sync").config(config).env("THE_TOKEN", recorded::TOKEN);
    let mut toril = toril.spawn_run();
    toril.wait_ready().await;
    toril
}

async fn recorded_host(redis: &RedisServer, github: &Recorded, settings: &str) -> Toril {
    host(redis, &github.origin(), github.url(), settings).await
}

async fn sync(toril: &Toril, data: Value) -> Value {
    toril.cli(["add", "github-sync", "sync", "--data", &data.to_string(), "--wait"]).await.succeeded().json()
}

#[tokio::test]
async fn a_recorded_repository_is_read() {
    let (redis, github) = (RedisServer::start().await, recorded::serve("get-repository").await);
    let toril = recorded_host(&redis, &github, "").await;

    let result = sync(&toril, json!({ "repo": "octokit-fixture-org/hello-world", "resources": ["repository"] })).await;

    assert_eq!((&result["repo"], &result["id"]), (&json!("octokit-fixture-org/hello-world"), &json!(1000)), "{result}");
}

#[tokio::test]
async fn a_recorded_listing_is_read_over_all_of_its_pages() {
    let (redis, github) = (RedisServer::start().await, recorded::serve("paginate-issues").await);
    let toril = recorded_host(&redis, &github, ", page-size = \"3\"").await;

    let result = sync(&toril, json!({ "repo": "octokit-fixture-org/paginate-issues", "resources": ["issues"] })).await;

    let issues = &result["resources"]["issues"];
    assert_eq!(
        (&issues["fetched"], &issues["created"], &issues["requests"]),
        (&json!(26), &json!(13), &json!(10)),
        "{result}"
    );
}

#[tokio::test]
async fn a_recorded_redirect_of_a_renamed_repository_is_followed() {
    let (redis, github) = (RedisServer::start().await, recorded::serve("rename-repository").await);
    let toril = recorded_host(&redis, &github, "").await;

    let data = json!({ "repo": "octokit-fixture-org/rename-repository", "resources": ["repository"] });
    let result = sync(&toril, data).await;

    assert_eq!(result["repo"], "octokit-fixture-org/rename-repository-newname", "{result}");
    assert_eq!(result["requests"], 2, "{result}");
}
