//! The JSON that GitHub writes, with every field that its description requires.

use std::time::{Duration, UNIX_EPOCH};

use serde_json::{Map, Value, json};

use super::world::{Comment, Issue, Repository};

const API: &str = "https://api.github.com";
const SITE: &str = "https://github.com";

/// What a repository has addresses of, each under this name and `_url`.
const OF_A_REPOSITORY: [&str; 37] = [
    "archive",
    "assignees",
    "blobs",
    "branches",
    "collaborators",
    "comments",
    "commits",
    "compare",
    "contents",
    "contributors",
    "deployments",
    "downloads",
    "events",
    "forks",
    "git_commits",
    "git_refs",
    "git_tags",
    "hooks",
    "issue_comment",
    "issue_events",
    "issues",
    "keys",
    "labels",
    "languages",
    "merges",
    "milestones",
    "notifications",
    "pulls",
    "releases",
    "stargazers",
    "statuses",
    "subscribers",
    "subscription",
    "tags",
    "teams",
    "trees",
    "mirrors",
];
/// The same of a user.
const OF_A_USER: [&str; 9] = [
    "events",
    "followers",
    "following",
    "gists",
    "organizations",
    "received_events",
    "repos",
    "starred",
    "subscriptions",
];

pub(super) fn repository(repository: &Repository) -> Value {
    let name = repository.full_name();
    let (api, page) = (format!("{API}/repos/{name}"), format!("{SITE}/{name}"));
    let open = repository.issues.len();
    let stars = repository.stars;
    let mut document = json!({
        "id": repository.id,
        "node_id": format!("R_kgDO{:08}", repository.id),
        "name": repository.name,
        "full_name": name,
        "private": false,
        "owner": user(&repository.owner),
        "html_url": page,
        "description": format!("{}, a repository for tests", repository.name),
        "fork": repository.fork,
        "url": api,
        "created_at": "2011-01-26T19:01:12Z",
        "updated_at": "2025-05-01T10:20:30Z",
        "pushed_at": "2025-04-30T09:08:07Z",
        "clone_url": format!("{page}.git"),
        "git_url": format!("git:github.com/{name}.git"),
        "ssh_url": format!("git@github.com:{name}.git"),
        "svn_url": page,
        "mirror_url": null,
        "homepage": null,
        "size": 108,
        "stargazers_count": stars,
        "watchers_count": stars,
        "language": repository.language,
        "forks_count": stars / 10,
        "archived": repository.archived,
        "disabled": false,
        "open_issues_count": open,
        "license": { "key": "mit", "name": "MIT License", "spdx_id": "MIT", "node_id": "MDc6TGljZW5zZTEz", "url": format!("{API}/licenses/mit") },
        "topics": repository.topics,
        "visibility": "public",
        "forks": stars / 10,
        "open_issues": open,
        "watchers": stars,
        "default_branch": "main",
        "network_count": stars / 10,
        "subscribers_count": stars / 4,
    });
    for feature in ["issues", "projects", "wiki", "pages", "downloads", "discussions"] {
        document[format!("has_{feature}")] = json!(feature != "pages");
    }
    addresses(&mut document, &api, &OF_A_REPOSITORY);
    document
}

/// `padding`: how many bytes its text has in addition.
pub(super) fn issue(repository: &Repository, issue: &Issue, padding: usize) -> Value {
    let (api, page) = places(repository);
    let number = issue.number;
    let (kind, labels) = (if issue.is_pull { "pull" } else { "issues" }, labels(repository));
    let url = format!("{api}/issues/{number}");
    let mut document = json!({
        "id": repository.id * 100_000 + number,
        "node_id": format!("I_{number}"),
        "url": url,
        "repository_url": api,
        "labels_url": format!("{url}/labels{{/name}}"),
        "comments_url": format!("{url}/comments"),
        "events_url": format!("{url}/events"),
        "html_url": format!("{page}/{kind}/{number}"),
        "number": number,
        "title": issue.title,
        "state": state(issue),
        "state_reason": null,
        "user": user("octocat"),
        "labels": labels.get(..1).unwrap_or_default(),
        "assignee": null,
        "assignees": [],
        "milestone": null,
        "locked": false,
        "comments": repository.comments.iter().filter(|comment| comment.issue == number).count(),
        "created_at": time(issue.created),
        "updated_at": time(issue.updated),
        "closed_at": null,
        "author_association": "MEMBER",
        "body": format!("What {} is about.{}", issue.title, " ".repeat(padding)),
    });
    if issue.is_pull {
        let pull = format!("{page}/pull/{number}");
        document["pull_request"] = json!({
            "url": format!("{api}/pulls/{number}"), "html_url": pull,
            "diff_url": format!("{pull}.diff"), "patch_url": format!("{pull}.patch"), "merged_at": null,
        });
    }
    document
}

pub(super) fn pull(repository: &Repository, issue: &Issue) -> Value {
    let (api, page) = places(repository);
    let number = issue.number;
    let (url, html) = (format!("{api}/pulls/{number}"), format!("{page}/pull/{number}"));
    let side = |name: &str| {
        json!({
            "label": format!("{}:{name}", repository.owner), "ref": name, "sha": issue.head,
            "user": user(&repository.owner), "repo": self::repository(repository),
        })
    };
    let links = ["comments", "commits", "statuses", "html", "issue", "review_comments", "review_comment", "self"];
    json!({
        "id": repository.id * 100_000 + number,
        "node_id": format!("PR_{number}"),
        "url": url,
        "html_url": html,
        "diff_url": format!("{html}.diff"),
        "patch_url": format!("{html}.patch"),
        "issue_url": format!("{api}/issues/{number}"),
        "commits_url": format!("{url}/commits"),
        "comments_url": format!("{api}/issues/{number}/comments"),
        "review_comments_url": format!("{url}/comments"),
        "review_comment_url": format!("{api}/pulls/comments{{/number}}"),
        "statuses_url": format!("{api}/statuses/{}", issue.head),
        "number": number,
        "state": state(issue),
        "locked": false,
        "title": issue.title,
        "user": user("octocat"),
        "body": null,
        "labels": labels(repository),
        "milestone": null,
        "assignee": null,
        "assignees": [],
        "requested_reviewers": [user("octocat")],
        "requested_teams": [],
        "created_at": time(issue.created),
        "updated_at": time(issue.updated),
        "closed_at": null,
        "merged_at": null,
        "merge_commit_sha": null,
        "draft": false,
        "auto_merge": null,
        "author_association": "MEMBER",
        "head": side("topic"),
        "base": side("main"),
        "_links": links.iter().map(|name| ((*name).to_owned(), json!({ "href": format!("{url}/{name}") }))).collect::<Map<_, _>>(),
    })
}

pub(super) fn comment(repository: &Repository, comment: &Comment) -> Value {
    let (api, page) = places(repository);
    json!({
        "id": comment.id,
        "node_id": format!("IC_{}", comment.id),
        "url": format!("{api}/issues/comments/{}", comment.id),
        "html_url": format!("{page}/issues/{}#issuecomment-{}", comment.issue, comment.id),
        "issue_url": format!("{api}/issues/{}", comment.issue),
        "user": user("octocat"),
        "created_at": time(comment.created),
        "updated_at": time(comment.created),
        "author_association": "MEMBER",
        "body": "Me too",
    })
}

pub(super) fn labels(repository: &Repository) -> Vec<Value> {
    let (api, _) = places(repository);
    let label = |(id, name): &(u64, String)| {
        json!({
            "id": id, "node_id": format!("LA_{id}"), "url": format!("{api}/labels/{name}"), "name": name,
            "description": format!("For a {name}"), "color": "f29513", "default": true,
        })
    };
    repository.labels.iter().map(label).collect()
}

pub(super) fn milestone(repository: &Repository, number: u64) -> Value {
    let (api, page) = places(repository);
    json!({
        "id": repository.id * 10 + number,
        "node_id": format!("MI_{number}"),
        "url": format!("{api}/milestones/{number}"),
        "html_url": format!("{page}/milestone/{number}"),
        "labels_url": format!("{api}/milestones/{number}/labels"),
        "number": number,
        "state": "open",
        "title": format!("Version {number}"),
        "description": null,
        "creator": user("octocat"),
        "open_issues": 1,
        "closed_issues": 0,
        "created_at": "2025-01-02T00:00:00Z",
        "updated_at": "2025-01-03T00:00:00Z",
        "closed_at": null,
        "due_on": null,
    })
}

pub(super) fn release(repository: &Repository, number: usize, tag: &str) -> Value {
    let (api, page) = places(repository);
    let (id, url) = (repository.id * 100 + number as u64, format!("{api}/releases/{number}"));
    json!({
        "id": id,
        "node_id": format!("RE_{id}"),
        "url": url,
        "html_url": format!("{page}/releases/{tag}"),
        "assets_url": format!("{url}/assets"),
        "upload_url": format!("{url}/assets{{?name,label}}"),
        "tarball_url": format!("{api}/tarball/{tag}"),
        "zipball_url": format!("{api}/zipball/{tag}"),
        "tag_name": tag,
        "target_commitish": "main",
        "name": tag,
        "body": "What is new",
        "draft": false,
        "prerelease": false,
        "created_at": "2025-01-04T00:00:00Z",
        "published_at": "2025-01-04T00:00:00Z",
        "author": user("octocat"),
        "assets": [{
            "id": id, "node_id": format!("RA_{id}"), "url": format!("{url}/assets/{id}"), "name": "example.zip", "label": null,
            "browser_download_url": format!("{page}/releases/download/{tag}/example.zip"), "state": "uploaded",
            "content_type": "application/zip", "size": 1024, "digest": null, "download_count": 42,
            "created_at": "2025-01-04T00:00:00Z", "updated_at": "2025-01-04T00:00:00Z", "uploader": user("octocat"),
        }],
    })
}

pub(super) fn commit(repository: &Repository, sha: &str, at: u64, parent: Option<&str>) -> Value {
    let (api, page) = places(repository);
    let person = json!({ "name": "Monalisa Octocat", "email": "mona@github.com", "date": time(at) });
    let url = format!("{api}/commits/{sha}");
    let parents: Vec<_> = parent
        .iter()
        .map(|sha| json!({ "sha": sha, "url": format!("{api}/commits/{sha}"), "html_url": format!("{page}/commit/{sha}") }))
        .collect();
    json!({
        "sha": sha,
        "node_id": format!("C_{sha}"),
        "url": url,
        "html_url": format!("{page}/commit/{sha}"),
        "comments_url": format!("{url}/comments"),
        "commit": {
            "url": format!("{api}/git/commits/{sha}"), "message": "Fix all the bugs", "author": person, "committer": person,
            "comment_count": 0, "tree": { "sha": sha, "url": format!("{api}/tree/{sha}") },
        },
        "author": user("octocat"),
        "committer": user("octocat"),
        "parents": parents,
    })
}

pub(super) fn branch(repository: &Repository, name: &str) -> Value {
    json!({ "name": name, "commit": head(repository), "protected": false })
}

pub(super) fn tag(repository: &Repository, name: &str) -> Value {
    let (api, _) = places(repository);
    json!({
        "name": name,
        "node_id": format!("REF_{name}"),
        "commit": head(repository),
        "zipball_url": format!("{api}/zipball/{name}"),
        "tarball_url": format!("{api}/tarball/{name}"),
    })
}

/// What an error says. `page` is part of the address of its documentation.
pub(super) fn error(status: u16, message: &str, page: &str) -> Value {
    json!({ "message": message, "documentation_url": format!("https://docs.github.com/rest/{page}"), "status": status.to_string() })
}

fn state(issue: &Issue) -> &'static str {
    if issue.is_closed { "closed" } else { "open" }
}

fn head(repository: &Repository) -> Value {
    let (api, _) = places(repository);
    let sha = repository.commits.last().map_or_else(|| "0".repeat(40), |(sha, _)| sha.clone());
    json!({ "sha": sha, "url": format!("{api}/commits/{sha}") })
}

pub(super) fn user(login: &str) -> Value {
    let api = format!("{API}/users/{login}");
    let kind = if login.ends_with("-org") { "Organization" } else { "User" };
    let mut document = json!({
        "login": login,
        "id": 583_231,
        "node_id": "MDQ6VXNlcjU4MzIzMQ==",
        "avatar_url": format!("{SITE}/images/{login}.gif"),
        "gravatar_id": "",
        "url": api,
        "html_url": format!("{SITE}/{login}"),
        "type": kind,
        "site_admin": false,
    });
    addresses(&mut document, &api, &OF_A_USER);
    document
}

fn addresses(document: &mut Value, api: &str, names: &[&str]) {
    for name in names {
        document[format!("{name}_url")] = json!(format!("{api}/{name}"));
    }
}

/// Where a repository is at the API, and on the site.
pub(super) fn places(repository: &Repository) -> (String, String) {
    let name = repository.full_name();
    (format!("{API}/repos/{name}"), format!("{SITE}/{name}"))
}

pub(super) fn time(seconds: u64) -> String {
    humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(seconds)).to_string()
}
