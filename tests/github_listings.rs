//! `github-sync` and listings that change, or whose pages are linked in unusual ways: what GitHub has is kept, and nothing of it is
//! deleted.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use toril_tests::github::case::{Case, HELLO, of};

/// 2001-01-01T00:00:00Z.
const LONG_AGO: u64 = 978_307_200;

/// The keys of the items that are kept of a resource.
async fn kept(case: &Case, result: &Value, resource: &str) -> BTreeSet<String> {
    let keys = case.keys(&format!("repo:{}:{resource}:item:*", result["id"])).await;
    keys.iter().filter_map(|key| key.rsplit(':').next().map(str::to_owned)).collect()
}

#[tokio::test]
async fn an_old_date_of_one_commit_deletes_no_other_commit() {
    let case = Case::with(", page-size = \"50\"", "").await;
    (0..268).for_each(|_| case.github.push(HELLO));
    let commits = json!({ "repo": HELLO, "resources": ["commits"] });
    case.sync(commits).await;
    case.github.push_dated(HELLO, LONG_AGO);
    (0..29).for_each(|_| case.github.push(HELLO));

    let full = json!({ "repo": HELLO, "resources": ["commits"], "full": true, "since": "2023-11-15T00:00:00Z" });
    let result = case.sync(full).await;

    assert_eq!((of(&result, "commits", "deleted"), of(&result, "commits", "dropped")), (0, 0), "{result}");
    assert_eq!(kept(&case, &result, "commits").await, case.github.keys_of(HELLO, "commits"));
}

#[tokio::test]
async fn an_old_date_of_one_commit_does_not_end_a_first_sync_with_since() {
    let case = Case::with(", page-size = \"50\"", "").await;
    (0..268).for_each(|_| case.github.push(HELLO));
    case.github.push_dated(HELLO, LONG_AGO);
    (0..29).for_each(|_| case.github.push(HELLO));

    let since = json!({ "repo": HELLO, "resources": ["commits"], "since": "2023-11-15T00:00:00Z" });
    let result = case.sync(since).await;

    assert_eq!(of(&result, "commits", "created"), 300, "{result}");
}

#[tokio::test]
async fn since_ends_a_listing_of_commits_at_a_page_of_older_ones() {
    let case = Case::with(", page-size = \"10\"", "").await;
    case.github.empty(HELLO);
    (0..40).for_each(|day| case.github.push_dated(HELLO, LONG_AGO + day));
    (0..20).for_each(|_| case.github.push(HELLO));

    let since = json!({ "repo": HELLO, "resources": ["commits"], "since": "2023-11-15T00:00:00Z" });
    let result = case.sync(since).await;

    assert_eq!(of(&result, "commits", "created"), 30, "{result}");
}

#[tokio::test]
async fn a_comment_that_moves_to_a_page_that_was_read_is_found() {
    let case = Case::with(", page-size = \"50\"", "").await;
    let comments = case.github.add_comments(HELLO, 149);
    // The repository and two pages are read, and the third one waits.
    (0..3).for_each(|_| case.github.delay_next(Duration::ZERO));
    case.github.delay_next(Duration::from_secs(3));

    let id = case.add(json!({ "repo": HELLO, "resources": ["comments"] })).await;
    case.wait_for_requests(4).await;
    case.github.delete_comment(HELLO, comments[75]);
    let job = case.completed(&id).await;

    let result = &job["returnvalue"];
    let expected = case.github.keys_of(HELLO, "comments");
    let missed: Vec<_> = expected.difference(&kept(&case, result, "comments").await).cloned().collect();
    assert_eq!(missed, [""; 0], "{result}");
}

#[tokio::test]
async fn links_in_headers_of_their_own_lead_to_the_next_page() {
    let case = Case::start().await;
    (0..128).for_each(|n| case.github.add_label(HELLO, &format!("label-{n}")));
    let labels = json!({ "repo": HELLO, "resources": ["labels"] });
    case.sync(labels.clone()).await;
    case.github.split_links();
    case.github.add_label(HELLO, "one more");

    let result = case.sync(labels).await;

    assert_eq!((of(&result, "labels", "created"), of(&result, "labels", "deleted")), (1, 0), "{result}");
    assert_eq!(kept(&case, &result, "labels").await, case.github.keys_of(HELLO, "labels"));
}

#[tokio::test]
async fn a_full_page_without_links_is_not_taken_for_the_last() {
    let case = Case::start().await;
    (0..128).for_each(|n| case.github.add_label(HELLO, &format!("label-{n}")));
    let labels = json!({ "repo": HELLO, "resources": ["labels"] });
    case.sync(labels.clone()).await;
    case.github.remove_links();
    case.github.delete_label(HELLO, "label-3");

    let result = case.sync(labels).await;

    assert_eq!(of(&result, "labels", "deleted"), 1, "{result}");
    assert_eq!(kept(&case, &result, "labels").await, case.github.keys_of(HELLO, "labels"));
}

#[tokio::test]
async fn relative_links_lead_to_the_next_page() {
    let case = Case::with(", page-size = \"10\"", "").await;
    case.github.add_issues(HELLO, 28);
    case.github.relative_links();

    let result = case.issues().await;

    assert_eq!(of(&result, "issues", "created"), 30, "{result}");
}

#[tokio::test]
async fn a_page_that_is_too_large_is_asked_for_with_fewer_items() {
    let case = Case::start().await;
    case.github.add_issues(HELLO, 98);
    case.github.pad_issues(68_000);

    let result = case.issues().await;

    assert_eq!(of(&result, "issues", "created"), 100, "{result}");
}

#[tokio::test]
async fn a_resource_that_the_token_may_not_read_does_not_keep_the_others_from_being_synced() {
    let case = Case::start().await;
    case.github.forbid("/issues", &[("x-accepted-github-permissions", "issues=read")]);

    let result = case.sync(json!({ "repo": HELLO, "resources": ["issues", "labels"] })).await;

    assert_eq!(of(&result, "labels", "created"), 2, "{result}");
    let reason = result["refused"]["issues"].as_str().unwrap_or_default();
    assert!(reason.contains("`issues=read`"), "{result}");
}

#[tokio::test]
async fn a_job_of_which_nothing_may_be_read_fails_and_says_what_the_token_lacks() {
    let case = Case::start().await;
    case.github.forbid("/issues", &[("x-github-sso", "required; url=https://github.com/orgs/octo-org/sso")]);

    let error = case.fails(json!({ "repo": HELLO, "resources": ["issues"] })).await;

    assert!(error.contains("x-github-sso") && error.contains("https://github.com/orgs/octo-org/sso"), "{error}");
}
