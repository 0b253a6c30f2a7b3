//! The plugin `github-sync` against the tests' own GitHub: pages, what has not changed, crashes, limits, owners.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use toril_tests::github::case::{Case, HELLO, of};
use toril_tests::wait::LONG;
use toril_tests::wait_until;

#[tokio::test]
async fn three_thousand_issues_are_kept_and_a_second_sync_costs_only_304s() {
    let case = Case::start().await;
    case.github.add_issues(HELLO, 2_998);

    let first = case.issues().await;
    // Each page is asked for a second time, to see whether anything moved while they were read.
    let counts = ["created", "requests", "not_modified"].map(|count| of(&first, "issues", count));
    assert_eq!(counts, [3_000, 60, 30], "{first}");
    let id = &first["id"];
    assert_eq!(case.keys(&format!("repo:{id}:issues:item:*")).await.len(), 3_000);
    assert_eq!(case.kept(&format!("repo:{id}:issues:item:2017")).await["title"], "Problem 2017");
    assert_eq!(case.kept(&format!("repo:{id}:issues:state")).await["count"], 3_000);

    let second = case.issues().await;
    assert_eq!((&second["requests"], &second["not_modified"]), (&json!(2), &json!(2)), "{second}");

    let full = case.sync(json!({ "repo": HELLO, "resources": ["issues"], "full": true })).await;
    assert_eq!((&full["requests"], &full["not_modified"]), (&json!(31), &json!(31)), "{full}");
    assert_eq!((&full["fetched"], &full["deleted"]), (&json!(0), &json!(0)), "{full}");
}

#[tokio::test]
async fn a_second_sync_of_every_resource_costs_only_304s() {
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
    let data = json!({ "repo": HELLO, "resources": resources });

    let first = case.sync(data.clone()).await;
    let second = case.sync(data).await;

    // One for the repository and for each resource, and then: of reviews one pull request, of checks the other list of
    // parents, two commits and one pull request.
    assert_eq!((&first["requests"], &first["not_modified"]), (&json!(19), &json!(0)), "{first}");
    assert_eq!((&second["requests"], &second["not_modified"]), (&json!(19), &json!(19)), "{second}");
    for resource in resources {
        assert!(of(&first, resource, "created") > 0, "{resource}: {first}");
    }
}

#[tokio::test]
async fn a_job_without_resources_syncs_the_default_ones() {
    let case = Case::start().await;

    let result = case.sync(json!({ "repo": HELLO })).await;

    let resources = result["resources"].as_object().expect("resources");
    let names: Vec<_> = resources.keys().map(String::as_str).collect();
    assert_eq!(names, ["issues", "labels", "milestones", "pulls", "releases", "repository"]);
}

#[tokio::test]
async fn a_sync_after_a_change_reads_only_as_far_as_what_it_knows() {
    let case = Case::with(", page-size = \"10\"", "").await;
    case.github.add_issues(HELLO, 98);
    case.issues().await;
    case.github.retitle_issue(HELLO, 3, "Solved");
    case.github.add_issues(HELLO, 1);

    let result = case.issues().await;

    let counts = ["requests", "fetched", "created", "updated", "unchanged"].map(|count| of(&result, "issues", count));
    assert_eq!(counts, [1, 10, 1, 1, 8], "{result}");
    assert_eq!(case.kept(&format!("repo:{}:issues:item:3", result["id"])).await["title"], "Solved");
}

#[tokio::test]
async fn a_host_that_is_killed_at_page_17_goes_on_at_page_17() {
    let mut case = Case::start().await;
    case.github.add_issues(HELLO, 2_998);
    // The repository, 16 pages, and then this one.
    case.stall_request(18).await;
    let id = case.add(json!({ "repo": HELLO, "resources": ["issues"] })).await;
    case.wait_for_requests(18).await;

    case.kill_and_start_again().await;
    let job = case.completed(&id).await;

    let paths: Vec<_> = case.github.requests().into_iter().map(|request| request.path).collect();
    // 14 pages that were not read, and all 30 once more.
    assert_eq!(paths.len(), 44, "{paths:?}");
    assert!(paths[0].contains("/issues?") && paths[0].ends_with("page=17"), "{paths:?}");
    let result = &job["returnvalue"];
    assert_eq!((of(result, "issues", "fetched"), of(result, "issues", "created")), (3_000, 3_000), "{result}");
    assert_eq!(of(result, "issues", "requests"), 60, "{result}");
    assert_eq!(case.keys("repo:*:issues:item:*").await.len(), 3_000);
}

#[tokio::test]
async fn at_the_primary_limit_the_queue_pauses_before_a_request_is_refused() {
    let case = Case::with(", page-size = \"10\"", "").await;
    case.github.add_issues(HELLO, 48);
    case.github.allow(3, Duration::from_secs(3));

    let result = case.issues().await;

    assert_eq!((of(&result, "issues", "created"), case.github.refused()), (50, 0), "{result}");
    let job = case.job("1").await;
    assert_eq!((&job["attemptsMade"], &job["attemptsStarted"]), (&json!(1), &json!(2)), "{job}");
}

#[tokio::test]
async fn a_limit_that_is_met_uses_up_no_attempt_and_no_page_is_read_twice() {
    let case = Case::with(", page-size = \"10\"", "").await;
    case.github.add_issues(HELLO, 48);
    case.github.delay_next(Duration::ZERO);
    case.github.delay_next(Duration::ZERO);
    // A secondary limit: there are requests left.
    let body = r#"{ "message": "You have exceeded a secondary rate limit." }"#;
    case.github.respond_next(403, &[("retry-after", "1"), ("x-ratelimit-remaining", "4000")], body);

    let result = case.issues().await;

    // The repository, a request that was refused, five pages, and those once more.
    assert_eq!((of(&result, "issues", "created"), case.github.requests().len()), (50, 12), "{result}");
    let job = case.job("1").await;
    assert_eq!((&job["attemptsMade"], &job["attemptsStarted"]), (&json!(1), &json!(2)), "{job}");
}

#[tokio::test]
async fn a_secondary_limit_that_is_met_again_and_again_is_waited_for_longer_and_longer_until_a_request_passes() {
    let case = Case::start().await;
    // With the wait that GitHub asks for, since it would be a minute otherwise.
    let body = r#"{ "message": "You have exceeded a secondary rate limit." }"#;
    (0..3).for_each(|_| case.github.respond_next(403, &[("retry-after", "1")], body));
    let began = Instant::now();

    let id = case.add(json!({ "repo": HELLO, "resources": ["issues"] })).await;
    wait_until("the limit to be met three times", LONG, async || case.kept("secondary-limit").await["times"] == 3)
        .await;
    let job = case.completed(&id).await;

    assert!(began.elapsed() >= Duration::from_secs(1 + 2 + 4), "{:?}", began.elapsed());
    assert_eq!((&job["attemptsMade"], &job["attemptsStarted"]), (&json!(1), &json!(4)), "{job}");
    assert_eq!(case.kept("secondary-limit").await, Value::Null, "it is reset");
}

#[tokio::test]
async fn a_repository_that_is_missing_fails_for_good_and_is_named() {
    let case = Case::start().await;

    let error = case.fails(json!({ "repo": "octo-org/nothing" })).await;

    assert!(error.contains("`octo-org/nothing`"), "{error}");
    assert_eq!(case.github.requests().len(), 1);
}

#[tokio::test]
async fn a_revoked_token_fails_for_good_and_the_error_says_what_to_do() {
    let case = Case::start().await;
    case.github.revoke_tokens();

    let error = case.fails(json!({ "repo": HELLO })).await;

    assert!(error.contains("`token`") && !error.contains("hunter2") && !error.contains("Bad credentials"), "{error}");
    assert!(!case.toril.logs().contains("hunter2"), "the token was written down");
    assert_eq!(case.github.requests().len(), 1);
}

#[tokio::test]
async fn a_server_that_stalls_is_asked_again_long_before_the_attempt_would_end() {
    let case = Case::with(", request-timeout = \"1\"", "timeout = \"10m\"").await;
    case.stall_request(2).await;

    let result = case.issues().await;

    assert_eq!(of(&result, "issues", "created"), 2, "{result}");
    let job = case.job("1").await;
    assert_eq!(job["attemptsMade"], 2, "{job}");
}

#[tokio::test]
async fn a_listing_that_takes_longer_than_an_attempt_takes_several_and_none_is_used_up() {
    let case = Case::with(", page-size = \"2\"", "timeout = \"20s\"").await;
    case.github.add_issues(HELLO, 48);
    // No request is given less than five seconds.
    (0..26).for_each(|_| case.github.delay_next(Duration::from_secs(1)));

    let result = case.issues().await;

    assert_eq!(of(&result, "issues", "created"), 50, "{result}");
    let job = case.job("1").await;
    assert_eq!(job["attemptsMade"], 1, "{job}");
    assert!(job["attemptsStarted"].as_u64() > Some(1), "{job}");
}

#[tokio::test]
async fn what_a_failed_sync_had_not_read_is_read_by_the_next_one() {
    let case = Case::with(", page-size = \"10\"", "").await;
    case.github.add_issues(HELLO, 48);
    case.issues().await;
    (10..35).for_each(|number| case.github.retitle_issue(HELLO, number, "changed"));
    // The repository and the first page are read, and the second one is refused.
    (0..2).for_each(|_| case.github.delay_next(Duration::ZERO));
    case.github.respond_next(401, &[], "{}");
    case.fails(json!({ "repo": HELLO, "resources": ["issues"] })).await;

    let result = case.issues().await;

    assert_eq!(of(&result, "issues", "updated"), 15, "{result}");
    let first = case.kept(&format!("repo:{}:issues:item:10", result["id"])).await;
    assert_eq!(first["title"], "changed");
}

#[tokio::test]
async fn two_jobs_of_one_repository_come_one_after_the_other() {
    let case = Case::with(", page-size = \"10\"", "").await;
    case.github.add_issues(HELLO, 48);
    case.sync(json!({ "repo": HELLO, "resources": ["repository"] })).await;
    let data = json!({ "repo": HELLO, "resources": ["issues"] });

    let (one, two) = (case.add(data.clone()).await, case.add(data).await);

    let (one, two) = (case.completed(&one).await, case.completed(&two).await);
    let created: u64 = [&one, &two].iter().map(|job| of(&job["returnvalue"], "issues", "created")).sum();
    assert_eq!((created, &one["attemptsMade"], &two["attemptsMade"]), (50, &json!(1), &json!(1)));
}

#[tokio::test]
async fn an_organisation_fans_out_and_the_result_sums_up_its_repositories() {
    let case = Case::start().await;
    case.github.add_repository("octo-org", "third");

    let result = case.sync(json!({ "org": "octo-org", "resources": ["issues", "labels"] })).await;

    assert_eq!((&result["org"], &result["repos"], &result["failed"]), (&json!("octo-org"), &json!(3), &json!([])));
    // Of each the repository, two issues and two labels.
    assert_eq!((&result["created"], &result["requests"]), (&json!(15), &json!(9)), "{result}");
    let again = case.sync(json!({ "org": "octo-org", "resources": ["issues", "labels"] })).await;
    assert_eq!((&again["requests"], &again["not_modified"]), (&json!(9), &json!(9)), "{again}");
}

#[tokio::test]
async fn a_user_fans_out_as_well_and_a_repository_that_fails_is_named() {
    let case = Case::start().await;
    // Its repositories are asked for as an organisation's, then as a user's; then comes the repository itself.
    case.github.delay_next(Duration::ZERO);
    case.github.delay_next(Duration::ZERO);
    case.github.respond_next(451, &[], r#"{ "message": "hunter2" }"#);

    let result = case.sync(json!({ "org": "octocat" })).await;

    assert_eq!((&result["repos"], result["failed"].as_array().map(Vec::len)), (&json!(0), Some(1)), "{result}");
    assert_eq!(result["failed"][0]["repo"], "octocat/spoon-knife", "{result}");
    let reason = result["failed"][0]["reason"].as_str().unwrap_or_default();
    assert!(reason.contains("`octocat/spoon-knife`") && !reason.contains("hunter2"), "{result}");
}

#[tokio::test]
async fn an_organisation_whose_host_is_killed_while_it_fans_out_adds_no_child_twice() {
    let mut case = Case::with(", page-size = \"1\"", "").await;
    // The first page adds a child, whose requests come between: so the second page is found by its path.
    case.github.add_repository("octo-org", "third");
    case.stall_request(2).await;
    let id = case.add(json!({ "org": "octo-org", "resources": ["labels"] })).await;
    case.wait_for_requests(2).await;

    case.kill_and_start_again().await;
    let job = case.completed(&id).await;

    assert_eq!((&job["returnvalue"]["repos"], &job["returnvalue"]["failed"]), (&json!(3), &json!([])), "{job}");
    let queue = case.toril.cli(["queues", "--json"]).await.json();
    assert_eq!(queue[0]["completed"], 4, "{queue}");
}

#[tokio::test]
async fn a_list_of_repositories_that_takes_longer_than_an_attempt_takes_several_and_none_is_used_up() {
    let case = Case::with(", page-size = \"1\", request-timeout = \"5\"", "timeout = \"20s\"").await;
    (0..18).for_each(|n| case.github.add_repository("octo-org", &format!("repository-{n}")));
    let list = |n: usize| format!("/orgs/octo-org/repos?per_page=1&page={n}");
    case.github.delay_paths("/orgs/", Duration::from_secs(1));

    let result = case.sync(json!({ "org": "octo-org", "resources": ["repository"] })).await;

    assert_eq!((&result["repos"], &result["failed"]), (&json!(20), &json!([])), "{result}");
    let job = case.job("1").await;
    // The attempt that sums up is another one.
    assert_eq!(job["attemptsMade"], 1, "{job}");
    assert!(job["attemptsStarted"].as_u64() > Some(2), "{job}");
    let count_of = |page: &String| case.github.requests().iter().filter(|request| request.path == *page).count();
    assert!((2..=20).map(list).all(|page| count_of(&page) == 1), "{:?}", case.github.requests());
}

#[tokio::test]
async fn progress_says_which_page_of_what_was_read() {
    let case = Case::start().await;
    case.issues().await;
    let job = case.job("1").await;
    assert_eq!(job["progress"], json!({ "resource": "issues", "page": 1, "items": 2 }));
}
