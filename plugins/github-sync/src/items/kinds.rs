//! The item types of each resource: GitHub's names and values, without URLs that can be derived.

use serde::{Deserialize, Serialize};

use super::Item;
use super::parts::{id, is_there, last_number, login, logins, names, number, sha, shas, slug};

/// Defines an item: its key field, the date of its last change, the text that may be long, whether it will change
/// without moving in its listing, and its fields. The names of the fields are also the list from which jobs select.
macro_rules! item {
    (
        $name:ident,
        key: $key:ident,
        date: $date:expr,
        text: $text:expr,
        $(will_change: $will_change:expr,)?
        fields: { $($(#[$attribute:meta])* $field:ident: $type:ty,)* }
    ) => {
        #[derive(Serialize, Deserialize)]
        pub(super) struct $name {
            $($(#[$attribute])* $field: $type,)*
        }

        impl Item for $name {
            const KEY: &'static str = stringify!($key);
            const FIELDS: &'static [&'static str] = &[$(stringify!($field)),*];

            fn key(&self) -> String {
                self.$key.to_string()
            }

            fn date(&self) -> &str {
                let date: fn(&Self) -> &str = $date;
                date(self)
            }

            fn body(&mut self) -> Option<&mut Option<String>> {
                let text: fn(&mut Self) -> Option<&mut Option<String>> = $text;
                text(self)
            }

            $(fn will_change(&self) -> bool {
                let will_change: fn(&Self) -> bool = $will_change;
                will_change(self)
            })?
        }
    };
}

item! {
    Issue,
    key: number,
    date: |issue| &issue.updated_at,
    text: |issue| Some(&mut issue.body),
    fields: {
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
}

item! {
    Pull,
    key: number,
    date: |pull| &pull.updated_at,
    text: |pull| Some(&mut pull.body),
    fields: {
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
}

/// The source or target branch of a pull request.
#[derive(Serialize, Deserialize)]
struct Side {
    label: Option<String>,
    #[serde(rename = "ref")]
    name: String,
    sha: String,
}

item! {
    Comment,
    key: id,
    date: |comment| &comment.updated_at,
    text: |comment| Some(&mut comment.body),
    fields: {
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
}

item! {
    Release,
    key: id,
    date: |release| &release.created_at,
    text: |release| Some(&mut release.body),
    fields: {
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
}

/// A file of a release. The download count is omitted, because it would make each sync see a change.
#[derive(Serialize, Deserialize)]
struct Asset {
    id: u64,
    name: String,
    content_type: String,
    size: u64,
    browser_download_url: String,
}

item! {
    Label,
    key: id,
    date: |_| "",
    text: |label| Some(&mut label.description),
    fields: {
        id: u64,
        name: String,
        color: String,
        description: Option<String>,
        #[serde(default)]
        default: bool,
    }
}

item! {
    Milestone,
    key: number,
    date: |milestone| &milestone.updated_at,
    text: |milestone| Some(&mut milestone.description),
    fields: {
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
}

item! {
    Commit,
    key: sha,
    date: |commit| commit.date(),
    text: |commit| Some(&mut commit.commit.message),
    fields: {
        sha: String,
        commit: GitCommit,
        /// The GitHub account of the author.
        #[serde(rename(deserialize = "author"), deserialize_with = "login", default)]
        user: Option<String>,
        #[serde(deserialize_with = "shas", default)]
        parents: Vec<String>,
        html_url: String,
    }
}

/// The commit's data from git itself.
#[derive(Serialize, Deserialize)]
struct GitCommit {
    message: Option<String>,
    author: Option<Person>,
    committer: Option<Person>,
}

#[derive(Serialize, Deserialize)]
struct Person {
    name: Option<String>,
    email: Option<String>,
    date: Option<String>,
}

item! {
    Branch,
    key: name,
    date: |_| "",
    text: |_| None,
    fields: {
        name: String,
        #[serde(rename(deserialize = "commit"), deserialize_with = "sha")]
        sha: String,
        #[serde(default)]
        protected: bool,
    }
}

item! {
    Tag,
    key: name,
    date: |_| "",
    text: |_| None,
    fields: {
        name: String,
        #[serde(rename(deserialize = "commit"), deserialize_with = "sha")]
        sha: String,
    }
}

item! {
    Review,
    key: id,
    date: |review| review.submitted_at.as_deref().unwrap_or_default(),
    text: |review| Some(&mut review.body),
    fields: {
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
}

item! {
    ReviewComment,
    key: id,
    date: |comment| &comment.updated_at,
    text: |comment| Some(&mut comment.body),
    fields: {
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
}

item! {
    CheckRun,
    key: id,
    date: |run| run.started_at.as_deref().unwrap_or_default(),
    text: |_| None,
    fields: {
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
}

item! {
    WorkflowRun,
    key: id,
    // The creation date, which is the order of the listing.
    date: |run| &run.created_at,
    text: |run| Some(&mut run.display_title),
    will_change: |run| run.status.as_deref() != Some("completed"),
    fields: {
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
}

impl Commit {
    fn date(&self) -> &str {
        let person = self.commit.committer.as_ref();
        person.and_then(|person| person.date.as_deref()).unwrap_or_default()
    }
}
