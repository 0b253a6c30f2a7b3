//! `github-sync` and the repositories of an owner: which of them are synced.

use serde_json::{Value, json};
use toril_tests::github::case::Case;

/// An organisation with an archived repository, a fork, and three others.
async fn organisation() -> Case {
    let case = Case::start().await;
    for name in ["api-old", "api-new", "fork"] {
        case.github.add_repository("octo-org", name);
    }
    case.github.archive("octo-org/api-old");
    case.github.make_fork("octo-org/fork");
    case
}

/// The names of the repositories that a filter takes, and how many it leaves out.
async fn synced(case: &Case, filter: Value) -> (Vec<String>, Value) {
    let result = case.sync(json!({ "org": "octo-org", "resources": ["repository"], "filter": filter })).await;
    assert_eq!(result["failed"], json!([]), "{result}");
    let mut names: Vec<_> = case.keys("name:*").await;
    names.iter_mut().for_each(|name| *name = name.rsplit('/').next().unwrap_or_default().to_owned());
    names.sort();
    assert_eq!(result["repos"], names.len(), "{result}");
    (names, result["left_out"].clone())
}

#[tokio::test]
async fn archived_repositories_and_forks_are_left_out() {
    let case = organisation().await;

    let (names, left_out) = synced(&case, json!({ "archived": "exclude", "forks": "exclude" })).await;

    assert_eq!((names, left_out), (vec!["api-new".into(), "hello-world".into(), "octo-repo".into()], json!(2)));
}

#[tokio::test]
async fn only_archived_repositories_are_synced() {
    let case = organisation().await;

    let (names, left_out) = synced(&case, json!({ "archived": "only" })).await;

    assert_eq!((names, left_out), (vec!["api-old".into()], json!(4)));
}

#[tokio::test]
async fn only_names_that_match_a_pattern_and_no_exception_are_synced() {
    let case = organisation().await;

    let (names, left_out) = synced(&case, json!({ "names": ["API-*", "octo-????"], "except": ["*-old"] })).await;

    assert_eq!((names, left_out), (vec!["api-new".into(), "octo-repo".into()], json!(3)));
}

#[tokio::test]
async fn a_filter_that_takes_none_completes_without_repositories() {
    let case = organisation().await;

    let (names, left_out) = synced(&case, json!({ "names": ["none"] })).await;

    assert_eq!((names, left_out), (Vec::new(), json!(5)));
}

#[tokio::test]
async fn a_pattern_that_is_not_valid_fails_before_anything_is_asked() {
    let case = organisation().await;

    let error = case.fails(json!({ "org": "octo-org", "filter": { "names": ["["] } })).await;

    assert!(error.contains("pattern 1 in `filter.names`"), "{error}");
    assert_eq!(case.github.requests().len(), 0);
}

#[tokio::test]
async fn a_filter_on_a_job_with_a_repository_is_refused() {
    let case = Case::start().await;

    let error = case.fails(json!({ "repo": "octo-org/hello-world", "filter": { "forks": "only" } })).await;

    assert!(error.contains("`filter`") && error.contains("`org`"), "{error}");
}
