//! `github-sync` with `keep = "all"`: a repository with more items than GitHub pages is read in windows, and no document grows
//! with it.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use toril_tests::github::case::{Case, HELLO, of};
use toril_tests::github::recorded;

/// More than the plugin keeps in one document of its own: a part of the index has 1,000 keys.
const LARGEST: u64 = 64 * 1024;

async fn case() -> Case {
    Case::with(", keep = \"all\", page-size = \"10\"", "").await
}

/// The keys of the issues that are kept, once by the items and once by the parts.
async fn kept(case: &Case, result: &Value) -> (BTreeSet<String>, BTreeSet<String>) {
    let of = format!("repo:{}:issues", result["id"]);
    let items = case.keys(&format!("{of}:item:*")).await;
    let items = items.iter().filter_map(|key| key.rsplit(':').next().map(str::to_owned)).collect();
    let mut keys = BTreeSet::new();
    for part in 1..=case.kept(&format!("{of}:state")).await["parts"].as_u64().unwrap_or_default() {
        let part = case.kept(&format!("{of}:part:{part}")).await;
        let named = part["keys"].as_array().into_iter().flatten();
        keys.extend(named.filter_map(|key| key.as_str().map(str::to_owned)));
    }
    (items, keys)
}

async fn full(case: &Case) -> Value {
    case.sync(json!({ "repo": HELLO, "resources": ["issues"], "full": true })).await
}

#[tokio::test]
async fn a_listing_with_more_pages_than_github_serves_is_read_to_its_end() {
    let case = case().await;
    case.github.add_issues(HELLO, 198);
    case.github.limit_pages(2);

    let result = case.issues().await;

    assert_eq!(of(&result, "issues", "created"), 200, "{result}");
    let expected = case.github.keys_of(HELLO, "issues");
    assert_eq!(kept(&case, &result).await, (expected.clone(), expected));
}

#[tokio::test]
async fn what_has_not_changed_costs_only_304s() {
    let case = case().await;
    case.github.add_issues(HELLO, 48);
    case.issues().await;
    // The first usual sync begins where the full one has ended, which is another address.
    case.issues().await;

    let usual = case.issues().await;
    let full = full(&case).await;

    assert_eq!((of(&usual, "issues", "requests"), of(&usual, "issues", "not_modified")), (1, 1), "{usual}");
    assert_eq!(of(&full, "issues", "requests"), of(&full, "issues", "not_modified"), "{full}");
    assert_eq!((of(&full, "issues", "fetched"), of(&full, "issues", "deleted")), (0, 0), "{full}");
}

#[tokio::test]
async fn a_full_sync_after_one_change_reads_again_only_the_windows_that_changed() {
    let case = case().await;
    case.github.add_issues(HELLO, 98);
    let first = case.issues().await;
    case.github.retitle_issue(HELLO, 30, "changed");

    let result = full(&case).await;

    assert_eq!((of(&result, "issues", "updated"), of(&result, "issues", "deleted")), (1, 0), "{result}");
    // The window that it has left, and the last one.
    let fresh = of(&result, "issues", "requests") - of(&result, "issues", "not_modified");
    assert!(fresh <= 3 && of(&first, "issues", "requests") > 10, "{first} {result}");
}

#[tokio::test]
async fn a_usual_sync_reads_what_has_changed_since_the_last_one() {
    let case = case().await;
    case.github.add_issues(HELLO, 98);
    case.issues().await;
    case.github.retitle_issue(HELLO, 3, "Solved");
    case.github.add_issues(HELLO, 1);

    let result = case.issues().await;

    assert_eq!((of(&result, "issues", "created"), of(&result, "issues", "updated")), (1, 1), "{result}");
    assert_eq!(of(&result, "issues", "requests"), 1, "{result}");
    assert_eq!(case.kept(&format!("repo:{}:issues:item:3", result["id"])).await["title"], "Solved");
}

#[tokio::test]
async fn what_was_deleted_is_found_by_a_full_sync() {
    let case = case().await;
    case.github.add_issues(HELLO, 48);
    case.issues().await;
    case.github.delete_issue(HELLO, 7);
    case.github.delete_issue(HELLO, 31);

    let result = full(&case).await;

    assert_eq!(of(&result, "issues", "deleted"), 2, "{result}");
    let expected = case.github.keys_of(HELLO, "issues");
    assert_eq!(kept(&case, &result).await, (expected.clone(), expected));
    assert_eq!(case.kept(&format!("repo:{}:issues:state", result["id"])).await["count"], 48);
}

#[tokio::test]
async fn an_issue_that_no_window_had_and_that_is_there_is_not_deleted() {
    let case = case().await;
    case.github.add_issues(HELLO, 48);
    case.issues().await;
    // A list that ends too early, as a broken proxy can make one: the repository, and then nothing.
    case.github.delay_next(Duration::ZERO);
    case.github.respond_next(200, &[("link", "<http://x/?page=1>; rel=\"first\"")], "[]");

    let result = full(&case).await;

    assert_eq!(of(&result, "issues", "deleted"), 0, "{result}");
    assert_eq!(kept(&case, &result).await.0, case.github.keys_of(HELLO, "issues"));
}

#[tokio::test]
async fn a_token_that_loses_its_permission_while_items_are_asked_for_deletes_none() {
    let case = case().await;
    case.github.add_issues(HELLO, 8);
    case.issues().await;
    // A list that ends too early, and then nothing can be read any more.
    case.github.delay_next(Duration::ZERO);
    case.github.respond_next(200, &[("link", "<http://x/?page=1>; rel=\"first\"")], "[]");
    (0..11).for_each(|_| case.github.respond_next(404, &[], r#"{ "message": "Not Found" }"#));

    let error = case.fails(json!({ "repo": HELLO, "resources": ["issues"], "full": true })).await;

    assert!(error.contains("issues") && error.contains("404"), "{error}");
    assert_eq!(case.keys("repo:*:issues:item:*").await.len(), 10);
}

#[tokio::test]
async fn an_issue_that_changes_while_the_windows_are_read_is_found_in_a_later_one() {
    let case = case().await;
    case.github.add_issues(HELLO, 48);
    (0..3).for_each(|_| case.github.delay_next(Duration::ZERO));
    case.github.delay_next(Duration::from_secs(3));

    let id = case.add(json!({ "repo": HELLO, "resources": ["issues"] })).await;
    case.wait_for_requests(4).await;
    case.github.retitle_issue(HELLO, 2, "changed meanwhile");
    case.github.retitle_issue(HELLO, 45, "changed meanwhile, too");
    let job = case.completed(&id).await;

    let result = &job["returnvalue"];
    assert_eq!(kept(&case, result).await.0, case.github.keys_of(HELLO, "issues"), "{result}");
    for number in [2, 45] {
        let issue = case.kept(&format!("repo:{}:issues:item:{number}", result["id"])).await;
        assert!(issue["title"].as_str().is_some_and(|title| title.starts_with("changed")), "{issue}");
    }
}

#[tokio::test]
async fn a_host_that_is_killed_goes_on_at_the_window_where_it_was() {
    let mut case = case().await;
    case.github.add_issues(HELLO, 98);
    case.stall_request(7).await;
    let id = case.add(json!({ "repo": HELLO, "resources": ["issues"] })).await;
    case.wait_for_requests(7).await;

    case.kill_and_start_again().await;
    let job = case.completed(&id).await;

    let result = &job["returnvalue"];
    assert_eq!(of(result, "issues", "created"), 100, "{result}");
    let paths: Vec<_> = case.github.requests().into_iter().map(|request| request.path).collect();
    assert!(paths[0].contains("since=") && paths.len() < 10, "{paths:?}");
}

#[tokio::test]
async fn no_document_grows_with_the_number_of_items() {
    let case = Case::with(", keep = \"all\"", "").await;
    case.github.add_issues(HELLO, 2_998);

    let result = case.issues().await;

    assert_eq!(of(&result, "issues", "created"), 3_000, "{result}");
    assert_eq!(case.kept(&format!("repo:{}:issues:state", result["id"])).await["parts"], 3);
    let mut connection = case.redis.connection().await;
    for key in case.keys("*").await {
        let size: u64 = redis::cmd("STRLEN").arg(&key).query_async(&mut connection).await.expect("STRLEN");
        assert!(size < LARGEST, "{key} has {size} bytes");
    }
}

#[tokio::test]
async fn a_bound_that_is_lifted_and_set_again_keeps_the_newest_items() {
    let mut case = Case::with(", keep = 40, page-size = \"10\"", "").await;
    case.github.add_issues(HELLO, 48);
    case.issues().await;

    case.reconfigure("keep = 40", "keep = \"all\"").await;
    let all = case.issues().await;
    assert_eq!((of(&all, "issues", "created"), of(&all, "issues", "unchanged") >= 40), (10, true), "{all}");
    assert_eq!(kept(&case, &all).await.1, case.github.keys_of(HELLO, "issues"));

    case.reconfigure("keep = \"all\"", "keep = 15").await;
    let bounded = case.issues().await;
    assert_eq!((of(&bounded, "issues", "created"), of(&bounded, "issues", "deleted")), (0, 0), "{bounded}");
    let expected: BTreeSet<_> = (36..=50).map(|number| number.to_string()).collect();
    assert_eq!(kept(&case, &bounded).await, (expected, BTreeSet::new()));
    assert_eq!(case.keys("repo:*:issues:mark:*").await, [""; 0]);
}

#[tokio::test]
async fn other_fields_are_read_for_all_items() {
    let case = case().await;
    case.github.add_issues(HELLO, 28);
    case.issues().await;

    let data = json!({ "repo": HELLO, "resources": ["issues"], "fields": { "issues": ["title"] } });
    let result = case.sync(data).await;

    let oldest = case.kept(&format!("repo:{}:issues:item:1", result["id"])).await;
    assert_eq!(oldest, json!({ "number": 1, "title": "Problem 1" }));
}

#[tokio::test]
async fn comments_and_review_comments_are_read_in_windows_as_well() {
    let case = case().await;
    case.github.add_comments(HELLO, 39);
    case.github.limit_pages(1);

    let result = case.sync(json!({ "repo": HELLO, "resources": ["comments", "review_comments"] })).await;

    assert_eq!((of(&result, "comments", "created"), of(&result, "review_comments", "created")), (40, 1), "{result}");
}

#[tokio::test]
async fn all_pull_requests_are_read_in_the_order_of_their_creation_and_then_those_that_changed() {
    let case = case().await;
    (0..59).for_each(|_| _ = case.github.open_pull(HELLO));
    let pulls = json!({ "repo": HELLO, "resources": ["pulls"] });

    let first = case.sync(pulls.clone()).await;
    case.github.retitle_issue(HELLO, 30, "Solved");
    case.github.open_pull(HELLO);
    let second = case.sync(pulls).await;

    assert_eq!(of(&first, "pulls", "created"), 60, "{first}");
    assert_eq!((of(&second, "pulls", "created"), of(&second, "pulls", "updated")), (1, 1), "{second}");
    assert_eq!(of(&second, "pulls", "requests"), 1, "{second}");
    assert_eq!(case.kept(&format!("repo:{}:pulls:item:30", second["id"])).await["title"], "Solved");
}

#[tokio::test]
async fn a_pull_request_that_changes_while_all_are_read_is_read_again_by_the_next_sync() {
    let case = case().await;
    (0..59).for_each(|_| _ = case.github.open_pull(HELLO));
    let pulls = json!({ "repo": HELLO, "resources": ["pulls"] });
    // The repository, what was changed last, and three pages.
    (0..5).for_each(|_| case.github.delay_next(Duration::ZERO));
    case.github.delay_next(Duration::from_secs(3));

    let id = case.add(pulls.clone()).await;
    case.wait_for_requests(6).await;
    // One that was read, and then one that was not: the newest change of all is seen.
    case.github.retitle_issue(HELLO, 3, "changed meanwhile");
    case.github.retitle_issue(HELLO, 60, "changed after it");
    case.completed(&id).await;
    let next = case.sync(pulls).await;

    let kept = case.kept(&format!("repo:{}:pulls:item:3", next["id"])).await;
    assert_eq!(kept["title"], "changed meanwhile", "{next}");
}

#[tokio::test]
async fn the_example_in_node_reads_all_parts() {
    let case = case().await;
    case.issues().await;

    let read = recorded::read_from_node(&case.redis.url(), "toril", HELLO).await;

    assert_eq!(read["titles"], json!(["Problem 1", "Change 2"]), "{read}");
}

/// More requests in one attempt than the host has resources for one plugin (1,000).
const REQUESTS: usize = 1_100;

#[tokio::test]
async fn one_attempt_may_send_more_requests_than_a_plugin_may_hold_resources() {
    let case = Case::with(", keep = \"all\"", "timeout = \"5m\"").await;
    case.github.add_issues(HELLO, REQUESTS);
    case.issues().await;
    // A list that ends too early, so that each issue is requested by itself: the repository, and then nothing.
    case.github.delay_next(Duration::ZERO);
    case.github.respond_next(200, &[("link", "<http://x/?page=1>; rel=\"first\"")], "[]");

    let id = case.add(json!({ "repo": HELLO, "resources": ["issues"], "full": true })).await;
    let job = case.completed(&id).await;

    assert_eq!(job["attemptsStarted"], 1, "{job}");
    assert_eq!(case.keys("repo:*:issues:item:*").await.len(), REQUESTS + 2);
}
