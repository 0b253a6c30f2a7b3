//! `github-sync` and what GitHub lists for one pull request or commit at a time, and runs, which change without moving.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use toril_tests::github::case::{Case, HELLO, of};

/// The pull request that every repository has.
const PULL: u64 = 2;

/// The keys of the items that are kept of a resource.
async fn kept(case: &Case, result: &Value, resource: &str) -> BTreeSet<String> {
    let keys = case.keys(&format!("repo:{}:{resource}:item:*", result["id"])).await;
    keys.iter().filter_map(|key| key.rsplit(':').next().map(str::to_owned)).collect()
}

fn reading(resource: &str) -> Value {
    json!({ "repo": HELLO, "resources": [resource] })
}

/// How often GitHub was asked for reviews of a pull request since the last reset.
fn asked_for_reviews(case: &Case, pull: u64) -> usize {
    let path = format!("/pulls/{pull}/reviews?");
    case.github.requests().iter().filter(|request| request.path.contains(&path)).count()
}

#[tokio::test]
async fn reviews_are_read_of_pull_requests_that_changed_and_of_no_others() {
    let case = Case::start().await;
    let others: Vec<_> = (0..4).map(|_| case.github.open_pull(HELLO)).collect();
    case.sync(reading("reviews")).await;
    case.github.review(HELLO, PULL);
    case.github.reset();

    let result = case.sync(reading("reviews")).await;

    assert_eq!((of(&result, "reviews", "created"), of(&result, "reviews", "unchanged")), (1, 1), "{result}");
    assert_eq!(kept(&case, &result, "reviews").await, case.github.keys_of(HELLO, "reviews"));
    assert_eq!(asked_for_reviews(&case, PULL), 1);
    // The one that was changed last may have changed again in the same second.
    assert!(others.iter().all(|pull| *pull == others[3] || asked_for_reviews(&case, *pull) == 0));
}

#[tokio::test]
async fn a_review_that_was_deleted_is_found_when_its_pull_request_changes() {
    let case = Case::start().await;
    case.github.review(HELLO, PULL);
    case.sync(reading("reviews")).await;
    case.github.delete_reviews(HELLO, PULL, 1);

    let result = case.sync(reading("reviews")).await;

    assert_eq!(of(&result, "reviews", "deleted"), 1, "{result}");
    assert_eq!(kept(&case, &result, "reviews").await, case.github.keys_of(HELLO, "reviews"));
}

#[tokio::test]
async fn reviews_on_several_pages_are_read_and_one_that_was_deleted_is_found() {
    let case = Case::with(", page-size = \"10\"", "").await;
    (0..24).for_each(|_| case.github.review(HELLO, PULL));
    let first = case.sync(reading("reviews")).await;
    assert_eq!(of(&first, "reviews", "created"), 25, "{first}");
    case.github.delete_reviews(HELLO, PULL, 3);

    let result = case.sync(reading("reviews")).await;

    assert_eq!(of(&result, "reviews", "deleted"), 3, "{result}");
    assert_eq!(kept(&case, &result, "reviews").await, case.github.keys_of(HELLO, "reviews"));
}

#[tokio::test]
async fn more_reviews_of_a_pull_request_than_are_read_delete_none() {
    let case = Case::with(", page-size = \"2\"", "").await;
    (0..10).for_each(|_| case.github.review(HELLO, PULL));
    case.sync(reading("reviews")).await;
    // Those behind the ninth page come into it, and nobody sees which of the others are left.
    (0..20).for_each(|_| case.github.review(HELLO, PULL));
    case.sync(reading("reviews")).await;
    case.github.delete_reviews(HELLO, PULL, 2);

    let result = case.sync(reading("reviews")).await;

    assert_eq!(of(&result, "reviews", "deleted"), 0, "{result}");
}

#[tokio::test]
async fn only_so_many_pull_requests_are_asked_for_their_reviews() {
    let case = Case::with(", review-pulls = 3", "").await;
    (0..6).for_each(|_| _ = case.github.open_pull(HELLO));

    let result = case.sync(reading("reviews")).await;

    // The repository, the list of pull requests, and three of them.
    assert_eq!(result["requests"], 5, "{result}");
}

#[tokio::test]
async fn checks_are_read_of_the_newest_commits_and_of_open_pull_requests() {
    let case = Case::with(", check-commits = 2", "").await;
    let pull = case.github.open_pull(HELLO);
    let closed = case.github.open_pull(HELLO);
    let (open_check, closed_check) = (
        case.github.start_check(HELLO, &case.github.head_of(HELLO, pull)),
        case.github.start_check(HELLO, &case.github.head_of(HELLO, closed)),
    );
    case.github.close(HELLO, closed);

    let result = case.sync(reading("check_runs")).await;

    let mut expected = case.github.keys_of(HELLO, "check_runs");
    assert!(expected.remove(&closed_check.to_string()) && expected.contains(&open_check.to_string()));
    assert_eq!(kept(&case, &result, "check_runs").await, expected, "{result}");
}

#[tokio::test]
async fn a_check_that_completes_is_updated_and_what_has_not_changed_costs_nothing() {
    let case = Case::start().await;
    let check = case.github.start_check(HELLO, &case.github.head_of(HELLO, PULL));
    case.sync(reading("check_runs")).await;
    let same = case.sync(reading("check_runs")).await;
    assert_eq!(same["requests"], same["not_modified"], "{same}");
    case.github.complete_checks(HELLO);

    let result = case.sync(reading("check_runs")).await;

    assert_eq!(of(&result, "check_runs", "updated"), 1, "{result}");
    let kept = case.kept(&format!("repo:{}:check_runs:item:{check}", result["id"])).await;
    assert_eq!((&kept["status"], &kept["conclusion"]), (&json!("completed"), &json!("success")));
}

#[tokio::test]
async fn checks_of_commits_that_are_no_longer_the_newest_are_dropped() {
    let case = Case::start().await;
    case.github.start_check(HELLO, &case.github.head_of(HELLO, PULL));
    case.sync(reading("check_runs")).await;
    case.github.push_to_pull(HELLO, PULL);
    let check = case.github.start_check(HELLO, &case.github.head_of(HELLO, PULL));

    let result = case.sync(reading("check_runs")).await;

    assert_eq!((of(&result, "check_runs", "dropped"), of(&result, "check_runs", "deleted")), (1, 0), "{result}");
    assert!(kept(&case, &result, "check_runs").await.contains(&check.to_string()));
}

#[tokio::test]
async fn a_run_of_a_workflow_that_ends_is_updated_although_it_moves_nowhere() {
    let case = Case::with(", page-size = \"5\"", "").await;
    let run = case.github.start_workflow(HELLO);
    let later: Vec<_> = (0..20).map(|_| case.github.start_workflow(HELLO)).collect();
    later.iter().for_each(|run| case.github.complete_workflow(HELLO, *run));
    case.sync(reading("workflow_runs")).await;
    case.github.complete_workflow(HELLO, run);

    let result = case.sync(reading("workflow_runs")).await;

    let kept = case.kept(&format!("repo:{}:workflow_runs:item:{run}", result["id"])).await;
    assert_eq!((&kept["status"], of(&result, "workflow_runs", "updated")), (&json!("completed"), 1), "{result}");
    let next = case.sync(reading("workflow_runs")).await;
    assert_eq!(of(&next, "workflow_runs", "requests"), 1, "all have ended: {next}");
}

#[tokio::test]
async fn reviews_that_the_token_may_not_read_do_not_keep_the_others_from_being_synced() {
    let case = Case::start().await;
    case.github.forbid("/reviews", &[("x-accepted-github-permissions", "pull_requests=read")]);

    let result = case.sync(json!({ "repo": HELLO, "resources": ["reviews", "labels"] })).await;

    let reason = result["refused"]["reviews"].as_str().unwrap_or_default();
    assert!(reason.contains("`pull_requests=read`") && of(&result, "labels", "created") == 2, "{result}");
}

#[tokio::test]
async fn a_host_that_is_killed_goes_on_at_the_pull_request_where_it_was() {
    let mut case = Case::start().await;
    let pulls: Vec<_> = (0..8).map(|_| case.github.open_pull(HELLO)).collect();
    pulls.iter().for_each(|pull| case.github.review(HELLO, *pull));
    // The repository, the list of pull requests, four of them, and then this one.
    case.stall_request(7).await;
    let id = case.add(reading("reviews")).await;
    case.wait_for_requests(7).await;

    case.kill_and_start_again().await;
    let job = case.completed(&id).await;

    let result = &job["returnvalue"];
    assert_eq!((of(result, "reviews", "fetched"), of(result, "reviews", "created")), (9, 9), "{result}");
    assert_eq!(case.github.requests().len(), 5, "{:?}", case.github.requests());
}
