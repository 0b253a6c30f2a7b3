//! The item types of each resource: GitHub's names and values, without URLs that can be derived.

use serde::{Deserialize, Serialize};

use super::Item;
use super::parts::{id, is_there, last_number, login, logins, names, number, sha, shas, slug};

#[derive(Serialize, Deserialize)]
pub(super) struct Issue {
    number: u64,
    id: u64,
    title: String,
    state: String,
    state_reason: Option<String>,
    #[serde(deserialize_with = "login", default)]
    user: Option<String>,
    #[serde(deserialize_with = "names", default)]
    labels: Vec<String>,
    #[serde(deserialize_with = "logins", default)]
    assignees: Vec<String>,
    #[serde(deserialize_with = "number", default)]
    milestone: Option<u64>,
    #[serde(default)]
    locked: bool,
    #[serde(default)]
    comments: u64,
    #[serde(deserialize_with = "is_there", default)]
    pull_request: bool,
    created_at: String,
    updated_at: String,
    closed_at: Option<String>,
    html_url: String,
    body: Option<String>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Pull {
    number: u64,
    id: u64,
    title: String,
    state: String,
    #[serde(default)]
    draft: bool,
    #[serde(deserialize_with = "login", default)]
    user: Option<String>,
    #[serde(deserialize_with = "names", default)]
    labels: Vec<String>,
    #[serde(deserialize_with = "logins", default)]
    assignees: Vec<String>,
    #[serde(deserialize_with = "logins", default)]
    requested_reviewers: Vec<String>,
    #[serde(deserialize_with = "number", default)]
    milestone: Option<u64>,
    head: Side,
    base: Side,
    merge_commit_sha: Option<String>,
    created_at: String,
    updated_at: String,
    closed_at: Option<String>,
    merged_at: Option<String>,
    html_url: String,
    body: Option<String>,
}

/// The source or target branch of a pull request.
#[derive(Serialize, Deserialize)]
pub(super) struct Side {
    label: Option<String>,
    #[serde(rename = "ref")]
    name: String,
    sha: String,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Comment {
    id: u64,
    /// The number of the issue, taken from its URL.
    #[serde(rename(deserialize = "issue_url"), deserialize_with = "last_number")]
    issue: u64,
    #[serde(deserialize_with = "login", default)]
    user: Option<String>,
    created_at: String,
    updated_at: String,
    html_url: String,
    body: Option<String>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Release {
    id: u64,
    tag_name: String,
    name: Option<String>,
    target_commitish: String,
    draft: bool,
    prerelease: bool,
    #[serde(rename(deserialize = "author"), deserialize_with = "login", default)]
    user: Option<String>,
    created_at: String,
    published_at: Option<String>,
    #[serde(default)]
    assets: Vec<Asset>,
    html_url: String,
    body: Option<String>,
}

/// A file of a release. The download count is omitted, because it would make each sync see a change.
#[derive(Serialize, Deserialize)]
pub(super) struct Asset {
    id: u64,
    name: String,
    content_type: String,
    size: u64,
    browser_download_url: String,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Label {
    id: u64,
    name: String,
    color: String,
    description: Option<String>,
    #[serde(default)]
    default: bool,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Milestone {
    number: u64,
    id: u64,
    title: String,
    state: String,
    description: Option<String>,
    open_issues: u64,
    closed_issues: u64,
    created_at: String,
    updated_at: String,
    closed_at: Option<String>,
    due_on: Option<String>,
    html_url: String,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Commit {
    sha: String,
    commit: GitCommit,
    /// The GitHub account of the author.
    #[serde(rename(deserialize = "author"), deserialize_with = "login", default)]
    user: Option<String>,
    #[serde(deserialize_with = "shas", default)]
    parents: Vec<String>,
    html_url: String,
}

/// The commit's data from git itself.
#[derive(Serialize, Deserialize)]
pub(super) struct GitCommit {
    message: Option<String>,
    author: Option<Person>,
    committer: Option<Person>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Person {
    name: Option<String>,
    email: Option<String>,
    date: Option<String>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Branch {
    name: String,
    #[serde(rename(deserialize = "commit"), deserialize_with = "sha")]
    sha: String,
    #[serde(default)]
    protected: bool,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Tag {
    name: String,
    #[serde(rename(deserialize = "commit"), deserialize_with = "sha")]
    sha: String,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Review {
    id: u64,
    /// The number of the pull request, taken from its URL.
    #[serde(rename(deserialize = "pull_request_url"), deserialize_with = "last_number")]
    pull: u64,
    #[serde(deserialize_with = "login", default)]
    user: Option<String>,
    state: String,
    commit_id: Option<String>,
    submitted_at: Option<String>,
    html_url: String,
    body: Option<String>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct ReviewComment {
    id: u64,
    /// The number of the pull request, taken from its URL.
    #[serde(rename(deserialize = "pull_request_url"), deserialize_with = "last_number")]
    pull: u64,
    #[serde(rename(deserialize = "pull_request_review_id"))]
    review: Option<u64>,
    #[serde(rename(deserialize = "in_reply_to_id"))]
    in_reply_to: Option<u64>,
    #[serde(deserialize_with = "login", default)]
    user: Option<String>,
    path: String,
    line: Option<u64>,
    side: Option<String>,
    commit_id: String,
    created_at: String,
    updated_at: String,
    html_url: String,
    body: Option<String>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct CheckRun {
    id: u64,
    name: String,
    head_sha: String,
    status: String,
    conclusion: Option<String>,
    #[serde(deserialize_with = "slug", default)]
    app: Option<String>,
    #[serde(deserialize_with = "id", default)]
    check_suite: Option<u64>,
    started_at: Option<String>,
    completed_at: Option<String>,
    details_url: Option<String>,
    html_url: Option<String>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct WorkflowRun {
    id: u64,
    name: Option<String>,
    workflow_id: u64,
    path: Option<String>,
    display_title: Option<String>,
    run_number: u64,
    run_attempt: Option<u64>,
    event: String,
    status: Option<String>,
    conclusion: Option<String>,
    head_branch: Option<String>,
    head_sha: String,
    #[serde(rename(deserialize = "actor"), deserialize_with = "login", default)]
    user: Option<String>,
    created_at: String,
    run_started_at: Option<String>,
    updated_at: String,
    html_url: String,
}

/// Implements [`Item`]: the key field, the date of the last change, the text that may be long, and the fields.
macro_rules! item {
    ($type:ty, $key:ident, $date:expr, $body:expr, $fields:expr) => {
        impl Item for $type {
            const KEY: &'static str = stringify!($key);
            const FIELDS: &'static [&'static str] = &$fields;
            fn key(&self) -> String {
                self.$key.to_string()
            }
            fn date(&self) -> &str {
                let date: fn(&Self) -> &str = $date;
                date(self)
            }
            fn body(&mut self) -> Option<&mut Option<String>> {
                let body: fn(&mut Self) -> Option<&mut Option<String>> = $body;
                body(self)
            }
        }
    };
}

item!(
    Issue,
    number,
    |issue| &issue.updated_at,
    |issue| Some(&mut issue.body),
    [
        "number",
        "id",
        "title",
        "state",
        "state_reason",
        "user",
        "labels",
        "assignees",
        "milestone",
        "locked",
        "comments",
        "pull_request",
        "created_at",
        "updated_at",
        "closed_at",
        "html_url",
        "body"
    ]
);
item!(
    Pull,
    number,
    |pull| &pull.updated_at,
    |pull| Some(&mut pull.body),
    [
        "number",
        "id",
        "title",
        "state",
        "draft",
        "user",
        "labels",
        "assignees",
        "requested_reviewers",
        "milestone",
        "head",
        "base",
        "merge_commit_sha",
        "created_at",
        "updated_at",
        "closed_at",
        "merged_at",
        "html_url",
        "body"
    ]
);
item!(
    Comment,
    id,
    |comment| &comment.updated_at,
    |comment| Some(&mut comment.body),
    ["id", "issue", "user", "created_at", "updated_at", "html_url", "body"]
);
item!(
    Release,
    id,
    |release| &release.created_at,
    |release| Some(&mut release.body),
    [
        "id",
        "tag_name",
        "name",
        "target_commitish",
        "draft",
        "prerelease",
        "user",
        "created_at",
        "published_at",
        "assets",
        "html_url",
        "body"
    ]
);
item!(Label, id, |_| "", |label| Some(&mut label.description), ["id", "name", "color", "description", "default"]);
item!(
    Milestone,
    number,
    |milestone| &milestone.updated_at,
    |milestone| Some(&mut milestone.description),
    [
        "number",
        "id",
        "title",
        "state",
        "description",
        "open_issues",
        "closed_issues",
        "created_at",
        "updated_at",
        "closed_at",
        "due_on",
        "html_url"
    ]
);
item!(
    Commit,
    sha,
    |commit| commit.date(),
    |commit| Some(&mut commit.commit.message),
    ["sha", "commit", "user", "parents", "html_url"]
);
item!(Branch, name, |_| "", |_| None, ["name", "sha", "protected"]);
item!(
    Review,
    id,
    |review| review.submitted_at.as_deref().unwrap_or_default(),
    |review| Some(&mut review.body),
    ["id", "pull", "user", "state", "commit_id", "submitted_at", "html_url", "body"]
);
item!(
    ReviewComment,
    id,
    |comment| &comment.updated_at,
    |comment| Some(&mut comment.body),
    [
        "id",
        "pull",
        "review",
        "in_reply_to",
        "user",
        "path",
        "line",
        "side",
        "commit_id",
        "created_at",
        "updated_at",
        "html_url",
        "body",
    ]
);
item!(
    CheckRun,
    id,
    |run| run.started_at.as_deref().unwrap_or_default(),
    |_| None,
    [
        "id",
        "name",
        "head_sha",
        "status",
        "conclusion",
        "app",
        "check_suite",
        "started_at",
        "completed_at",
        "details_url",
        "html_url",
    ]
);
item!(Tag, name, |_| "", |_| None, ["name", "sha"]);

impl Commit {
    fn date(&self) -> &str {
        let person = self.commit.committer.as_ref();
        person.and_then(|person| person.date.as_deref()).unwrap_or_default()
    }
}

impl Item for WorkflowRun {
    const KEY: &'static str = "id";
    const FIELDS: &'static [&'static str] = &[
        "id",
        "name",
        "workflow_id",
        "path",
        "display_title",
        "run_number",
        "run_attempt",
        "event",
        "status",
        "conclusion",
        "head_branch",
        "head_sha",
        "user",
        "created_at",
        "run_started_at",
        "updated_at",
        "html_url",
    ];

    fn key(&self) -> String {
        self.id.to_string()
    }

    /// The creation date, which is the order of the listing.
    fn date(&self) -> &str {
        &self.created_at
    }

    fn body(&mut self) -> Option<&mut Option<String>> {
        Some(&mut self.display_title)
    }

    fn will_change(&self) -> bool {
        self.status.as_deref() != Some("completed")
    }
}
