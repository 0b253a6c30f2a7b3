//! What `github-sync` keeps: names, deletions, how much of it, and who can read it.

use std::time::Duration;

use serde_json::{Value, json};
use toril_tests::github::case::{Case, HELLO, of};
use toril_tests::github::recorded;
use toril_tests::wait::LONG;
use toril_tests::{RedisServer, Toril, github};

#[tokio::test]
async fn a_renamed_repository_is_the_same_one_under_both_names() {
    let case = Case::start().await;
    let before = case.sync(json!({ "repo": HELLO, "resources": ["issues"] })).await;
    case.github.rename(HELLO, "good-morning");

    let after = case.sync(json!({ "repo": HELLO, "resources": ["issues"] })).await;

    assert_eq!((&after["id"], &after["repo"]), (&before["id"], &json!("octo-org/good-morning")));
    // Their addresses are others.
    assert_eq!((of(&after, "issues", "created"), of(&after, "issues", "updated")), (0, 2), "{after}");
    for name in ["name:octo-org/hello-world", "name:octo-org/good-morning"] {
        assert_eq!(case.kept(name).await, json!({ "id": before["id"], "repo": "octo-org/good-morning" }));
    }
}

#[tokio::test]
async fn another_repository_under_a_name_that_was_given_up_is_another_one() {
    let case = Case::start().await;
    let before = case.issues().await;
    case.github.delete_repository(HELLO);
    case.github.add_repository("octo-org", "hello-world");
    case.github.add_issues(HELLO, 5);

    let after = case.issues().await;

    assert_ne!(before["id"], after["id"]);
    assert_eq!(of(&after, "issues", "created"), 7, "{after}");
}

#[tokio::test]
async fn what_was_deleted_is_found_by_a_full_sync() {
    let case = Case::with(", page-size = \"10\"", "").await;
    case.github.add_issues(HELLO, 48);
    case.issues().await;
    case.github.delete_issue(HELLO, 7);

    let usual = case.issues().await;
    assert_eq!((of(&usual, "issues", "requests"), of(&usual, "issues", "not_modified")), (1, 1), "{usual}");

    let full = case.sync(json!({ "repo": HELLO, "resources": ["issues"], "full": true })).await;
    assert_eq!((of(&full, "issues", "deleted"), of(&full, "issues", "created")), (1, 0), "{full}");
    let id = &full["id"];
    assert_eq!(case.kept(&format!("repo:{id}:issues:item:7")).await, Value::Null);
    let index = case.kept(&format!("repo:{id}:issues:index")).await;
    assert_eq!((&index["items"]["7"], index["items"].as_object().map(serde_json::Map::len)), (&Value::Null, Some(49)));
}

#[tokio::test]
async fn an_issue_that_moves_while_a_listing_is_read_is_not_taken_for_deleted() {
    let case = Case::with(", page-size = \"10\"", "").await;
    case.github.add_issues(HELLO, 48);
    case.issues().await;
    // All pages are others than they were.
    case.github.add_issues(HELLO, 1);
    case.github.reset();
    (0..3).for_each(|_| case.github.delay_next(Duration::ZERO));
    case.github.delay_next(Duration::from_secs(3));

    let id = case.add(json!({ "repo": HELLO, "resources": ["issues"], "full": true })).await;
    // The third page is asked for. What is on the last one moves to the first, where it was not yet.
    case.wait_for_requests(4).await;
    case.github.retitle_issue(HELLO, 2, "changed meanwhile");
    let job = case.completed(&id).await;

    let result = &job["returnvalue"];
    assert_eq!(of(result, "issues", "deleted"), 0, "{result}");
    assert_eq!(case.keys("repo:*:issues:item:*").await.len(), 51);
}

#[tokio::test]
async fn the_manual_names_every_field_that_is_kept() {
    let case = Case::start().await;
    let resources = [
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
    let result = case.sync(json!({ "repo": HELLO, "resources": resources })).await;
    let manual = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/github-sync.md");
    let manual = std::fs::read_to_string(manual).expect("the manual");
    let of_items = manual.split_once("An item has GitHub's names").expect("the table of fields").1;

    let id = &result["id"];
    let mut kept = vec![("repository", case.kept(&format!("repo:{id}")).await)];
    for resource in resources {
        let index = case.kept(&format!("repo:{id}:{resource}:index")).await;
        let key = index["items"].as_object().and_then(|items| items.keys().next().cloned()).expect("an item");
        kept.push((resource, case.kept(&format!("repo:{id}:{resource}:item:{key}")).await));
    }
    for (resource, item) in kept {
        let mut rows = of_items.lines();
        let row = rows.find(|row| row.split('|').nth(1).is_some_and(|cell| cell.contains(&format!("`{resource}`"))));
        let row = row.unwrap_or_else(|| panic!("the manual has no row for {resource}"));
        for field in item.as_object().expect("a document").keys() {
            assert!(row.contains(&format!("`{field}`")), "the manual does not name {resource}.{field}");
        }
    }
}

#[tokio::test]
async fn a_job_keeps_only_the_fields_that_it_chooses() {
    let case = Case::start().await;
    let data = json!({ "repo": HELLO, "resources": ["issues", "labels"], "fields": { "issues": ["title", "state"] } });

    let result = case.sync(data).await;

    let issue = case.kept(&format!("repo:{}:issues:item:1", result["id"])).await;
    assert_eq!(issue, json!({ "number": 1, "title": "Problem 1", "state": "open" }));
}

#[tokio::test]
async fn the_settings_choose_fields_and_a_job_chooses_others() {
    let case = Case::with(", \"fields.issues\" = \"state, title\"", "").await;

    let result = case.issues().await;
    let issue = format!("repo:{}:issues:item:1", result["id"]);
    assert_eq!(case.kept(&issue).await, json!({ "number": 1, "title": "Problem 1", "state": "open" }));

    case.sync(json!({ "repo": HELLO, "resources": ["issues"], "fields": { "issues": ["id"] } })).await;
    let kept = case.kept(&issue).await;
    assert_eq!(kept.as_object().map(|issue| issue.keys().map(String::as_str).collect()), Some(vec!["number", "id"]));
}

#[tokio::test]
async fn items_that_have_not_changed_are_read_again_for_other_fields_and_then_cost_nothing() {
    let case = Case::with(", page-size = \"10\"", "").await;
    case.github.add_issues(HELLO, 28);
    case.issues().await;
    let data = json!({ "repo": HELLO, "resources": ["issues"], "fields": { "issues": ["title"] } });

    let other = case.sync(data.clone()).await;
    let again = case.sync(data).await;

    assert_eq!((of(&other, "issues", "updated"), of(&other, "issues", "deleted")), (30, 0), "{other}");
    let oldest = case.kept(&format!("repo:{}:issues:item:1", other["id"])).await;
    assert_eq!(oldest, json!({ "number": 1, "title": "Problem 1" }));
    assert_eq!((&again["requests"], &again["not_modified"]), (&json!(2), &json!(2)), "{again}");
}

#[tokio::test]
async fn a_field_that_there_is_not_fails_and_the_message_says_which_there_are() {
    let case = Case::start().await;

    let error = case.fails(json!({ "repo": HELLO, "fields": { "issues": ["titel"] } })).await;

    assert!(error.contains("field 1 of `issues`") && error.contains("state_reason"), "{error}");
    assert_eq!(case.github.requests().len(), 0);
}

#[tokio::test]
async fn a_label_that_comes_or_goes_is_found_by_every_sync() {
    let case = Case::start().await;
    let data = json!({ "repo": HELLO, "resources": ["labels"] });
    case.sync(data.clone()).await;
    case.github.delete_label(HELLO, "bug");
    case.github.add_label(HELLO, "question");

    let result = case.sync(data).await;

    let counts = ["created", "unchanged", "deleted"].map(|count| of(&result, "labels", count));
    // The labels are read a second time before one of them counts as deleted.
    assert_eq!((counts[0], counts[2]), (1, 1), "{result}");
    assert_eq!(of(&result, "labels", "not_modified"), 1, "{result}");
}

#[tokio::test]
async fn a_label_on_a_page_after_the_last_is_found_although_no_page_has_changed() {
    let case = Case::with(", page-size = \"2\"", "").await;
    let data = json!({ "repo": HELLO, "resources": ["labels"] });
    case.sync(data.clone()).await;
    case.github.add_label(HELLO, "question");

    let result = case.sync(data).await;

    let counts = ["created", "unchanged", "not_modified"].map(|count| of(&result, "labels", count));
    // The page before it, and then both once more.
    assert_eq!(counts, [1, 0, 3], "{result}");
}

#[tokio::test]
async fn commits_are_read_again_only_when_there_are_new_ones() {
    let case = Case::start().await;
    let data = json!({ "repo": HELLO, "resources": ["commits"] });
    case.sync(data.clone()).await;
    case.github.push(HELLO);

    let result = case.sync(data).await;

    assert_eq!((of(&result, "commits", "created"), of(&result, "commits", "unchanged")), (1, 2), "{result}");
}

#[tokio::test]
async fn a_repository_without_commits_has_none() {
    let case = Case::start().await;
    case.github.empty(HELLO);

    let result = case.sync(json!({ "repo": HELLO, "resources": ["commits"] })).await;

    assert_eq!(of(&result, "commits", "created"), 0, "{result}");
}

#[tokio::test]
async fn no_more_items_are_kept_than_the_settings_say() {
    let case = Case::with(", page-size = \"10\"", "").await;
    case.github.add_issues(HELLO, 48);
    let config = std::fs::read_to_string(case.toril.config_path()).expect("queues.toml").replace("5000", "25");
    let mut case = case;
    case.toril.rewrite_config(config);
    case.toril.wait_for_log("configuration", LONG).await;

    let first = case.issues().await;
    case.github.add_issues(HELLO, 2);
    let second = case.issues().await;

    assert_eq!((of(&first, "issues", "created"), of(&first, "issues", "requests")), (25, 6), "{first}");
    assert_eq!((of(&second, "issues", "created"), of(&second, "issues", "dropped")), (2, 2), "{second}");
    let kept = case.keys(&format!("repo:{}:issues:item:*", first["id"])).await;
    assert_eq!(kept.len(), 25);
    assert!(kept.iter().any(|key| key.ends_with(":52")) && !kept.iter().any(|key| key.ends_with(":27")), "{kept:?}");
}

#[tokio::test]
async fn since_says_how_far_back_the_first_sync_reads() {
    let case = Case::with(", page-size = \"10\"", "").await;
    case.github.add_issues(HELLO, 48);
    let all = case.sync(json!({ "repo": "octo-org/octo-repo", "resources": ["issues"] })).await;
    let since = case.kept(&format!("repo:{}:issues:state", all["id"])).await["cursor"].clone();
    // Each change here is a second later than the one before: eleven issues of the other repository are not older.
    let later = since.as_str().expect("a date").replace(":06Z", ":45Z");

    let data = json!({ "repo": HELLO, "resources": ["issues"], "since": later });
    let result = case.sync(data).await;
    let whole = case.issues().await;

    assert_eq!((of(&result, "issues", "requests"), of(&result, "issues", "created")), (4, 20), "{result}");
    assert_eq!(of(&whole, "issues", "created"), 30, "without `since` the rest is read: {whole}");
}

#[tokio::test]
async fn without_key_value_data_the_job_fails_and_says_what_to_add() {
    let (redis, github) = (RedisServer::start().await, github::serve().await);
    let url = github.url();
    let config = format!(
        "[queues.github-sync]\nplugin = \"github-sync\"\n[plugins.github-sync]\nhttp = [{url:?}]\nconfig = {{ api-url = {url:?} }}\n"
    );
    let mut toril = Toril::new().redis(redis.url()).plugin("github-sync").config(config).spawn_run();
    toril.wait_ready().await;
    let data = json!({ "repo": HELLO }).to_string();
    let output = toril.cli(["add", "github-sync", "sync", "--data", &data, "--wait"]).await.exited(1);
    assert!(output.stderr.contains("`keyvalue = true`"), "{}", output.stderr);
}

#[tokio::test]
async fn the_example_in_node_reads_what_is_kept() {
    let case = Case::start().await;
    case.issues().await;

    let read = recorded::read_from_node(&case.redis.url(), "toril", "Octo-Org/Hello-World").await;

    let expected = json!({
        "full_name": HELLO, "default_branch": "main", "titles": ["Problem 1", "Change 2"], "count": 2, "first": "Problem 1",
    });
    assert_eq!(read, expected);
}
