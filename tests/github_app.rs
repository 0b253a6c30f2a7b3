//! `github-sync` as a GitHub App: its JWT, which the tests' GitHub checks with the public key, and its tokens.

use std::time::Duration;

use serde_json::json;
use toril_tests::github::case::{APP_KEY, Case, HELLO, of};

/// A key of no app.
const OTHER_KEY: &str = include_str!("github/other-app.pem");

/// How often the app asked for a token.
fn token_requests(case: &Case) -> usize {
    case.github.requests().iter().filter(|request| request.path.ends_with("/access_tokens")).count()
}

/// Why a sync of a repository fails. No secret is in it.
async fn failure(case: &Case) -> String {
    let error = case.fails(json!({ "repo": HELLO, "resources": ["issues"] })).await;
    let line_of_the_key = APP_KEY.lines().nth(1).expect("a key of several lines");
    let is_leaked = |text: &str| text.contains("ghs_") || text.contains(line_of_the_key);
    assert!(!is_leaked(&error) && !is_leaked(&case.toril.logs()), "{error}");
    error
}

#[tokio::test]
async fn an_app_reads_with_a_token_of_the_installation_on_the_owner() {
    let case = Case::as_app(APP_KEY, "").await;

    let result = case.issues().await;

    assert_eq!(of(&result, "issues", "created"), 2, "{result}");
    let paths: Vec<_> = case.github.requests().into_iter().map(|request| request.path).collect();
    assert_eq!(paths[..2], ["/orgs/octo-org/installation", "/app/installations/7/access_tokens"], "{paths:?}");
    assert_eq!(result["requests"], 2, "requests for tokens are none of a resource: {result}");
}

#[tokio::test]
async fn an_app_finds_its_installation_on_a_user() {
    let case = Case::as_app(APP_KEY, "").await;

    let result = case.sync(json!({ "repo": "octocat/spoon-knife", "resources": ["labels"] })).await;

    assert_eq!(of(&result, "labels", "created"), 2, "{result}");
}

#[tokio::test]
async fn an_installation_that_is_set_is_not_looked_up() {
    let case = Case::as_app(APP_KEY, ", installation-id = 7").await;

    case.issues().await;

    let paths: Vec<_> = case.github.requests().into_iter().map(|request| request.path).collect();
    assert_eq!(paths[0], "/app/installations/7/access_tokens", "{paths:?}");
}

#[tokio::test]
async fn jobs_of_one_owner_share_a_token_so_that_what_has_not_changed_costs_nothing() {
    let case = Case::as_app(APP_KEY, "").await;
    case.issues().await;

    let second = case.issues().await;

    assert_eq!((&second["requests"], &second["not_modified"]), (&json!(2), &json!(2)), "{second}");
    assert_eq!(token_requests(&case), 1);
}

#[tokio::test]
async fn all_repositories_of_an_organisation_are_read_with_one_token() {
    let case = Case::as_app(APP_KEY, "").await;

    let result = case.sync(json!({ "org": "octo-org", "resources": ["labels"] })).await;

    assert_eq!((&result["repos"], &result["failed"]), (&json!(2), &json!([])), "{result}");
    assert_eq!(token_requests(&case), 1);
}

#[tokio::test]
async fn a_token_is_kept_in_no_form_that_can_be_read_without_the_private_key() {
    let case = Case::as_app(APP_KEY, "").await;
    case.issues().await;

    let tokens = case.github.app_tokens();
    let kept = case.kept("installation:1234:of:octo-org").await;
    assert!(kept["sealed"].is_string() && tokens.len() == 1, "{kept}");
    for key in case.keys("*").await {
        let key = key.trim_start_matches("toril:plugin:github-sync:");
        if !key.ends_with(":fence") && !key.ends_with(":listed") {
            assert!(!case.kept(key).await.to_string().contains(&tokens[0]), "{key} has the token");
        }
    }
    assert!(!case.toril.logs().contains(&tokens[0]), "the log has the token");
}

#[tokio::test]
async fn a_host_whose_clock_is_ahead_signs_with_the_time_of_github() {
    let case = Case::as_app(APP_KEY, "").await;
    case.github.clock_ahead(-1_200);

    let result = case.issues().await;

    assert_eq!(of(&result, "issues", "created"), 2, "{result}");
}

#[tokio::test]
async fn a_host_whose_clock_is_behind_signs_with_the_time_of_github() {
    let case = Case::as_app(APP_KEY, "").await;
    case.github.clock_ahead(1_200);

    let result = case.issues().await;

    assert_eq!(of(&result, "issues", "created"), 2, "{result}");
}

#[tokio::test]
async fn a_token_is_renewed_before_it_expires_also_inside_a_sync() {
    let case = Case::as_app(APP_KEY, ", page-size = \"5\"").await;
    case.github.add_issues(HELLO, 48);
    // One that has to be renewed a second after it was given, five minutes before its end.
    case.github.token_lifetime(Duration::from_secs(301));
    case.github.slow_down(Duration::from_millis(300));

    let result = case.issues().await;

    assert_eq!(of(&result, "issues", "created"), 50, "{result}");
    let used: Vec<_> = case.github.app_tokens();
    assert!(used.len() > 2, "{used:?}");
    assert_eq!(case.job("1").await["attemptsStarted"], 1);
}

#[tokio::test]
async fn a_token_that_is_refused_in_the_middle_of_a_sync_is_renewed() {
    let case = Case::as_app(APP_KEY, ", page-size = \"10\"").await;
    case.github.add_issues(HELLO, 48);
    // Two requests for the token, the repository, two pages.
    (0..5).for_each(|_| case.github.delay_next(Duration::ZERO));
    case.github.respond_next(401, &[], r#"{ "message": "Bad credentials" }"#);

    let result = case.issues().await;

    assert_eq!(of(&result, "issues", "created"), 50, "{result}");
    assert_eq!((token_requests(&case), &case.job("1").await["attemptsStarted"]), (2, &json!(1)));
}

#[tokio::test]
async fn a_kept_token_that_was_revoked_is_renewed() {
    let case = Case::as_app(APP_KEY, "").await;
    case.issues().await;
    case.github.revoke_app_tokens();

    let result = case.issues().await;

    assert_eq!(of(&result, "issues", "unchanged"), 2, "{result}");
}

#[tokio::test]
async fn a_token_is_renewed_once_and_then_the_job_fails() {
    let case = Case::as_app(APP_KEY, "").await;
    case.github.break_app_tokens();

    let error = failure(&case).await;

    assert!(error.contains("app 1234") && error.contains("401"), "{error}");
    assert_eq!(token_requests(&case), 2);
}

#[tokio::test]
async fn an_app_id_that_is_wrong_is_named() {
    let case = Case::as_app(APP_KEY, "").await;
    case.github.register_app("99", APP_KEY);
    case.github.install_app("octo-org", 7);

    let error = failure(&case).await;

    assert!(error.contains("`app-id`") && error.contains("1234"), "{error}");
}

#[tokio::test]
async fn a_key_of_another_app_is_named() {
    let case = Case::as_app(OTHER_KEY, "").await;

    let error = failure(&case).await;

    assert!(error.contains("`private-key`") && error.contains("1234"), "{error}");
}

#[tokio::test]
async fn a_key_that_cannot_be_read_is_named_before_anything_is_asked() {
    let case = Case::as_app("no key", "").await;

    let error = failure(&case).await;

    assert!(error.contains("`private-key`") && error.contains("PEM"), "{error}");
    assert_eq!(case.github.requests().len(), 0);
}

#[tokio::test]
async fn an_installation_that_is_suspended_is_named() {
    let case = Case::as_app(APP_KEY, "").await;
    case.github.suspend_app();

    let error = failure(&case).await;

    assert!(error.contains("suspended") && error.contains("`octo-org`"), "{error}");
}

#[tokio::test]
async fn an_installation_that_is_set_and_suspended_is_named() {
    let case = Case::as_app(APP_KEY, ", installation-id = 7").await;
    case.github.suspend_app();

    let error = failure(&case).await;

    assert!(error.contains("suspended") && error.contains("`octo-org`"), "{error}");
}

#[tokio::test]
async fn an_owner_without_an_installation_is_named() {
    let case = Case::as_app(APP_KEY, "").await;
    case.github.register_app("1234", APP_KEY);

    let error = failure(&case).await;

    assert!(error.contains("not installed on `octo-org`"), "{error}");
}

#[tokio::test]
async fn an_installation_id_that_is_wrong_is_named() {
    let case = Case::as_app(APP_KEY, ", installation-id = 9").await;

    let error = failure(&case).await;

    assert!(error.contains("`installation-id`") && error.contains("installation 9"), "{error}");
}

#[tokio::test]
async fn a_token_and_an_app_exclude_each_other() {
    let case = Case::with(", app-id = \"1234\"", "").await;

    let error = case.fails(json!({ "repo": HELLO })).await;

    assert!(error.contains("`token`") && error.contains("`app-id`"), "{error}");
    assert_eq!(case.github.requests().len(), 0);
}
