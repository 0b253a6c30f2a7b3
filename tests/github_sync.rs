//! The plugin `github-sync` against the tests' own GitHub: pages, what has not changed, crashes, limits, deletions.

use std::time::Duration;

use redis::aio::MultiplexedConnection;
use serde_json::{Value, json};
use toril_tests::github::recorded;
use toril_tests::wait::LONG;
use toril_tests::{GithubServer, RedisServer, Toril, github, wait_until};

const HELLO: &str = "octo-org/hello-world";

/// A job that waits for a second has time to do so on a busy machine.
const STALLED: Duration = Duration::from_secs(600);

/// Redis, GitHub, and a host between them.
struct Case {
    redis: RedisServer,
    github: GithubServer,
    toril: Toril,
}

impl Case {
    async fn start() -> Self {
        Self::with("", "").await
    }

    /// With further settings of the plugin, each after a comma, and further lines of its queue.
    async fn with(settings: &str, queue: &str) -> Self {
        let (redis, github) = (RedisServer::start().await, github::serve().await);
        let url = github.url();
        let config = format!(
            "[queues.github-sync]\nplugin = \"github-sync\"\nconcurrency = 8\nattempts = 3\nbackoff = \"10ms\"\n\
             lock_duration = \"1s\"\nstalled_interval = \"500ms\"\nmax_stalled = 1000\n{queue}\n\
             [plugins.github-sync]\nhttp = [{url:?}]\nkeyvalue = true\nadd_to = [\"github-sync\"]\n\
             config = {{ api-url = {url:?}, keep = \"5000\"{settings} }}\nsecrets = {{ token = \"env:THE_TOKEN\" }}\n"
        );
        let toril = Toril::new().redis(redis.url()).plugin("github-sync").config(config).env("THE_TOKEN", "hunter2");
        let mut toril = toril.spawn_run();
        toril.wait_ready().await;
        Self { redis, github, toril }
    }

    /// Syncs, and returns the job's result.
    async fn sync(&self, data: Value) -> Value {
        let data = data.to_string();
        self.toril.cli(["add", "github-sync", "sync", "--data", &data, "--wait"]).await.succeeded().json()
    }

    /// Syncs only the issues of one repository.
    async fn issues(&self) -> Value {
        self.sync(json!({ "repo": HELLO, "resources": ["issues"] })).await
    }

    /// Adds a job, and does not wait for it.
    async fn add(&self, data: Value) -> String {
        let arguments = ["add", "github-sync", "sync", "--data", &data.to_string(), "--json"];
        let added = self.toril.cli(arguments).await.succeeded().json();
        added["id"].as_str().map(str::to_owned).unwrap_or_else(|| panic!("no id: {added}"))
    }

    async fn fails(&self, data: Value) -> String {
        let data = data.to_string();
        self.toril.cli(["add", "github-sync", "sync", "--data", &data, "--wait"]).await.exited(1).stderr
    }

    async fn job(&self, id: &str) -> Value {
        self.toril.cli(["job", "github-sync", id, "--json"]).await.succeeded().json()
    }

    async fn completed(&self, id: &str) -> Value {
        let completed = async || Some(self.job(id).await).filter(|job| job["state"] == "completed");
        wait_until(&format!("the job {id} to be completed"), LONG, completed).await
    }

    /// A document that the plugin keeps.
    async fn kept(&self, key: &str) -> Value {
        let mut connection = self.redis.connection().await;
        kept(&mut connection, key).await
    }

    /// The keys of a resource of the repository, that are kept, in no order.
    async fn keys(&self, pattern: &str) -> Vec<String> {
        let mut connection = self.redis.connection().await;
        let pattern = format!("toril:plugin:github-sync:{pattern}");
        redis::cmd("KEYS").arg(pattern).query_async(&mut connection).await.expect("KEYS")
    }

    /// Lets the requests through that come before this one, and keeps this one waiting.
    async fn stall_request(&self, number: usize) {
        self.github.reset();
        (1..number).for_each(|_| self.github.delay_next(Duration::ZERO));
        self.github.delay_next(STALLED);
    }

    async fn asked(&self, requests: usize) {
        let asked = async || self.github.requests().len() >= requests;
        wait_until(&format!("{requests} requests"), LONG * 2, asked).await;
    }

    async fn kill_and_start_again(&mut self) {
        self.toril.kill();
        self.github.reset();
        self.toril.start(["run"]);
        self.toril.wait_ready().await;
    }
}

async fn kept(connection: &mut MultiplexedConnection, key: &str) -> Value {
    let key = format!("toril:plugin:github-sync:{key}");
    let text: Option<String> = redis::cmd("GET").arg(key).query_async(connection).await.expect("GET");
    text.map_or(Value::Null, |text| serde_json::from_str(&text).expect("JSON"))
}

fn of(result: &Value, resource: &str, count: &str) -> u64 {
    result["resources"][resource][count].as_u64().unwrap_or_else(|| panic!("no {resource}/{count}: {result}"))
}

#[tokio::test]
async fn three_thousand_issues_are_kept_and_a_second_sync_costs_only_304s() {
    let case = Case::start().await;
    case.github.add_issues(HELLO, 2_998);

    let first = case.issues().await;
    assert_eq!((of(&first, "issues", "created"), of(&first, "issues", "requests")), (3_000, 30), "{first}");
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
    let resources = ["issues", "pulls", "comments", "releases", "labels", "milestones", "commits", "branches", "tags"];
    let data = json!({ "repo": HELLO, "resources": resources });

    let first = case.sync(data.clone()).await;
    let second = case.sync(data).await;

    assert_eq!((&first["requests"], &first["not_modified"]), (&json!(10), &json!(0)), "{first}");
    assert_eq!((&second["requests"], &second["not_modified"]), (&json!(10), &json!(10)), "{second}");
    for resource in resources {
        assert!(of(&first, resource, "created") > 0, "{resource}: {first}");
    }
}

#[tokio::test]
async fn a_job_that_says_nothing_else_syncs_what_most_want() {
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
    case.asked(18).await;

    case.kill_and_start_again().await;
    let job = case.completed(&id).await;

    let paths: Vec<_> = case.github.requests().into_iter().map(|request| request.path).collect();
    assert_eq!(paths.len(), 14, "{paths:?}");
    assert!(paths[0].contains("/issues?") && paths[0].ends_with("page=17"), "{paths:?}");
    let result = &job["returnvalue"];
    assert_eq!((of(result, "issues", "fetched"), of(result, "issues", "created")), (3_000, 3_000), "{result}");
    assert_eq!(of(result, "issues", "requests"), 30, "{result}");
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

    assert_eq!((of(&result, "issues", "created"), case.github.requests().len()), (50, 7), "{result}");
    let job = case.job("1").await;
    assert_eq!((&job["attemptsMade"], &job["attemptsStarted"]), (&json!(1), &json!(2)), "{job}");
}

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
    case.asked(4).await;
    case.github.retitle_issue(HELLO, 2, "changed meanwhile");
    let job = case.completed(&id).await;

    let result = &job["returnvalue"];
    assert_eq!(of(result, "issues", "deleted"), 0, "{result}");
    assert_eq!(case.keys("repo:*:issues:item:*").await.len(), 51);
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
async fn the_manual_names_every_field_that_is_kept() {
    let case = Case::start().await;
    let resources = ["issues", "pulls", "comments", "releases", "labels", "milestones", "commits", "branches", "tags"];
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

    assert_eq!((of(&first, "issues", "created"), of(&first, "issues", "requests")), (25, 3), "{first}");
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
    // The fortieth of fifty was opened forty seconds after the others.
    let later = since.as_str().expect("a date").replace(":06Z", ":45Z");

    let data = json!({ "repo": HELLO, "resources": ["issues"], "since": later });
    let result = case.sync(data).await;
    let whole = case.issues().await;

    assert_eq!((of(&result, "issues", "requests"), of(&result, "issues", "created")), (2, 20), "{result}");
    assert_eq!(of(&whole, "issues", "created"), 30, "without `since` the rest is read: {whole}");
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
    case.asked(2).await;

    case.kill_and_start_again().await;
    let job = case.completed(&id).await;

    assert_eq!((&job["returnvalue"]["repos"], &job["returnvalue"]["failed"]), (&json!(3), &json!([])), "{job}");
    let queue = case.toril.cli(["queues", "--json"]).await.json();
    assert_eq!(queue[0]["completed"], 4, "{queue}");
}

#[tokio::test]
async fn progress_says_which_page_of_what_was_read() {
    let case = Case::start().await;
    case.issues().await;
    let job = case.job("1").await;
    assert_eq!(job["progress"], json!({ "resource": "issues", "page": 1, "items": 2 }));
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
