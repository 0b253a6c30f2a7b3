//! What is kept of what GitHub sends: its own names and values, without the addresses that can be derived.

use serde::de::{DeserializeOwned, Deserializer};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use toril_plugin::Failure;
use toril_plugin::http::{HttpError, Response};

use crate::resource::Resource;

/// The largest document that is kept whole. The store takes 1 MiB; this leaves room for nothing but itself.
const LARGEST: usize = 1_000_000;

/// One item as it is kept.
#[derive(Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it is called under its resource.
    pub key: String,
    /// When it was last changed, or empty where GitHub does not say.
    pub date: String,
    /// Its JSON.
    pub document: Vec<u8>,
}

trait Item: Serialize {
    fn key(&self) -> String;
    fn date(&self) -> &str;
    /// Its longest text, which goes if the whole is too large.
    fn body(&mut self) -> Option<&mut Option<String>>;
}

/// The items of one page of a listing.
pub fn entries(resource: Resource, answer: &Response) -> Result<Vec<Entry>, Failure> {
    match resource {
        Resource::Repository => Ok(Vec::new()),
        Resource::Issues => read::<Issue>(answer),
        Resource::Pulls => read::<Pull>(answer),
        Resource::Comments => read::<Comment>(answer),
        Resource::Releases => read::<Release>(answer),
        Resource::Labels => read::<Label>(answer),
        Resource::Milestones => read::<Milestone>(answer),
        Resource::Commits => read::<Commit>(answer),
        Resource::Branches => read::<Branch>(answer),
        Resource::Tags => read::<Tag>(answer),
    }
}

fn read<T: Item + DeserializeOwned>(answer: &Response) -> Result<Vec<Entry>, Failure> {
    let items: Vec<T> = answer.json()?;
    items.into_iter().map(entry).collect()
}

fn entry<T: Item>(mut item: T) -> Result<Entry, Failure> {
    let mut document = serde_json::to_vec(&item)?;
    if document.len() > LARGEST
        && let Some(body) = item.body()
    {
        *body = None;
        document = serde_json::to_vec(&item)?;
    }
    Ok(Entry { key: item.key(), date: item.date().to_owned(), document })
}

/// A repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repository {
    pub id: u64,
    pub full_name: String,
    pub description: Option<String>,
    pub default_branch: String,
    #[serde(default)]
    pub private: bool,
    #[serde(default)]
    pub fork: bool,
    #[serde(default)]
    pub archived: bool,
    #[serde(default)]
    pub disabled: bool,
    pub homepage: Option<String>,
    pub language: Option<String>,
    #[serde(deserialize_with = "spdx", default)]
    pub license: Option<String>,
    #[serde(default)]
    pub topics: Vec<String>,
    pub stargazers_count: u64,
    pub forks_count: u64,
    pub open_issues_count: u64,
    pub created_at: Option<String>,
    pub updated_at: Option<String>,
    pub pushed_at: Option<String>,
    pub html_url: Option<String>,
}

impl Repository {
    /// What an answer describes.
    pub fn read(answer: &Response) -> Result<Self, HttpError> {
        answer.json()
    }
}

#[derive(Serialize, Deserialize)]
struct Issue {
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
struct Pull {
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

/// A branch that a pull request goes from or to.
#[derive(Serialize, Deserialize)]
struct Side {
    label: Option<String>,
    #[serde(rename = "ref")]
    name: String,
    sha: String,
}

#[derive(Serialize, Deserialize)]
struct Comment {
    id: u64,
    /// The number of the issue, from its address.
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
struct Release {
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

/// A file of a release. How often it was downloaded is left out: it would be another state each time.
#[derive(Serialize, Deserialize)]
struct Asset {
    id: u64,
    name: String,
    content_type: String,
    size: u64,
    browser_download_url: String,
}

#[derive(Serialize, Deserialize)]
struct Label {
    id: u64,
    name: String,
    color: String,
    description: Option<String>,
    #[serde(default)]
    default: bool,
}

#[derive(Serialize, Deserialize)]
struct Milestone {
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
struct Commit {
    sha: String,
    commit: GitCommit,
    /// The account that GitHub knows the author by.
    #[serde(rename(deserialize = "author"), deserialize_with = "login", default)]
    user: Option<String>,
    #[serde(deserialize_with = "shas", default)]
    parents: Vec<String>,
    html_url: String,
}

/// What git itself says about a commit.
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

#[derive(Serialize, Deserialize)]
struct Branch {
    name: String,
    #[serde(rename(deserialize = "commit"), deserialize_with = "sha")]
    sha: String,
    #[serde(default)]
    protected: bool,
}

#[derive(Serialize, Deserialize)]
struct Tag {
    name: String,
    #[serde(rename(deserialize = "commit"), deserialize_with = "sha")]
    sha: String,
}

/// Says what an item is called, when it was changed, and which of its texts may be long.
macro_rules! item {
    ($type:ty, $key:ident, $date:expr, $body:expr) => {
        impl Item for $type {
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

item!(Issue, number, |issue| &issue.updated_at, |issue| Some(&mut issue.body));
item!(Pull, number, |pull| &pull.updated_at, |pull| Some(&mut pull.body));
item!(Comment, id, |comment| &comment.updated_at, |comment| Some(&mut comment.body));
item!(Release, id, |release| &release.created_at, |release| Some(&mut release.body));
item!(Label, id, |_| "", |label| Some(&mut label.description));
item!(Milestone, number, |milestone| &milestone.updated_at, |milestone| Some(&mut milestone.description));
item!(Commit, sha, |commit| commit.date(), |commit| Some(&mut commit.commit.message));
item!(Branch, name, |_| "", |_| None);
item!(Tag, name, |_| "", |_| None);

impl Commit {
    fn date(&self) -> &str {
        let person = self.commit.committer.as_ref();
        person.and_then(|person| person.date.as_deref()).unwrap_or_default()
    }
}

fn text_at(value: &Value, pointer: &str) -> Option<String> {
    value.pointer(pointer).and_then(Value::as_str).map(str::to_owned)
}

fn texts_at(value: &Value, pointer: &str) -> Vec<String> {
    let text = |value: &Value| text_at(value, pointer).or_else(|| value.as_str().map(str::to_owned));
    value.as_array().into_iter().flatten().filter_map(text).collect()
}

fn login<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(text_at(&Value::deserialize(from)?, "/login"))
}

fn logins<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    Ok(texts_at(&Value::deserialize(from)?, "/login"))
}

/// A label of an issue is an object or, in old answers, its name.
fn names<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    Ok(texts_at(&Value::deserialize(from)?, "/name"))
}

fn shas<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    Ok(texts_at(&Value::deserialize(from)?, "/sha"))
}

fn sha<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    text_at(&Value::deserialize(from)?, "/sha").ok_or_else(|| serde::de::Error::missing_field("sha"))
}

fn spdx<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let license = Value::deserialize(from)?;
    Ok(text_at(&license, "/spdx_id").or_else(|| license.as_str().map(str::to_owned)))
}

fn number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    Ok(Value::deserialize(from)?.pointer("/number").and_then(Value::as_u64))
}

fn is_there<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    Ok(!Value::deserialize(from)?.is_null())
}

fn last_number<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    let url = String::deserialize(from)?;
    let last = url.rsplit('/').next().and_then(|last| last.parse().ok());
    last.ok_or_else(|| serde::de::Error::custom("the address of an issue has no number"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn only(resource: Resource, item: Value) -> (String, String, Value) {
        let answer = Response::for_test(200, &[], json!([item]).to_string());
        let Ok([entry]) =
            entries(resource, &answer).map(|entries| <[Entry; 1]>::try_from(entries).unwrap_or_else(|_| panic!("one")))
        else {
            panic!("one item")
        };
        let Ok(document) = serde_json::from_slice(&entry.document) else { panic!("JSON") };
        (entry.key, entry.date, document)
    }

    #[test]
    fn an_issue_is_kept_by_its_number_with_names_in_place_of_objects() {
        let (key, date, issue) = only(
            Resource::Issues,
            json!({ "number": 7, "id": 70, "title": "T", "state": "open", "user": { "login": "mona" },
                "labels": [{ "name": "bug" }, "old"], "assignees": [{ "login": "hubot" }], "milestone": { "number": 2 },
                "comments": 3, "created_at": "2025-01-01T00:00:00Z", "updated_at": "2025-01-02T00:00:00Z",
                "closed_at": null, "html_url": "https://github.com/a/b/issues/7", "body": "B", "pull_request": {} }),
        );
        assert_eq!((key.as_str(), date.as_str()), ("7", "2025-01-02T00:00:00Z"));
        assert_eq!((&issue["user"], &issue["labels"]), (&json!("mona"), &json!(["bug", "old"])));
        assert_eq!((&issue["milestone"], &issue["pull_request"]), (&json!(2), &json!(true)));
    }

    #[test]
    fn a_commit_is_dated_by_its_committer_and_a_comment_knows_its_issue() {
        let person = json!({ "name": "M", "email": "m@x", "date": "2025-01-01T00:00:00Z" });
        let (key, date, commit) = only(
            Resource::Commits,
            json!({ "sha": "abc", "commit": { "message": "m", "author": person, "committer": person },
                "author": null, "parents": [{ "sha": "def" }], "html_url": "h" }),
        );
        assert_eq!((key.as_str(), date.as_str()), ("abc", "2025-01-01T00:00:00Z"));
        assert_eq!((&commit["parents"], &commit["user"]), (&json!(["def"]), &Value::Null));
        let (_, _, comment) = only(
            Resource::Comments,
            json!({ "id": 1, "issue_url": "https://api.github.com/repos/a/b/issues/12", "user": null,
                "created_at": "c", "updated_at": "u", "html_url": "h", "body": "" }),
        );
        assert_eq!(comment["issue"], 12);
    }

    #[test]
    fn a_text_that_makes_an_item_too_large_is_left_out() {
        let label = json!({ "id": 1, "name": "n", "color": "c", "description": "x".repeat(LARGEST) });
        assert_eq!(only(Resource::Labels, label).2["description"], Value::Null);
    }

    #[test]
    fn an_answer_of_another_form_is_retried_and_not_quoted() {
        let answer = Response::for_test(200, &[], r#"{ "message": "hunter2" }"#);
        let Err(Failure::Retry(message)) = entries(Resource::Labels, &answer) else { panic!("no list") };
        assert!(!message.contains("hunter2"), "{message}");
    }
}
