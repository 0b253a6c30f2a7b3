//! The stored form of each kind of item.

use serde_json::{Value, json};

use super::*;

fn only(resource: Resource, item: Value) -> (String, String, Value) {
    let page = match resource {
        Resource::CheckRuns | Resource::WorkflowRuns => json!({ "total_count": 1, (resource.name()): [item] }),
        _ => json!([item]),
    };
    let answer = Response::for_test(200, &[], page.to_string());
    let Ok([entry]) = entries(resource, &answer, &Fields::default())
        .map(|entries| <[Entry; 1]>::try_from(entries).unwrap_or_else(|_| panic!("one")))
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
    let Err(Failure::Retry(message)) = entries(Resource::Labels, &answer, &Fields::default()) else {
        panic!("no list")
    };
    assert!(!message.contains("hunter2"), "{message}");
}

/// An item of each resource with only the required fields.
fn samples() -> Vec<(Resource, Value)> {
    let side = json!({ "label": "a:b", "ref": "b", "sha": "s" });
    vec![
        (
            Resource::Issues,
            json!({ "number": 1, "id": 1, "title": "t", "state": "open", "created_at": "c", "updated_at": "u",
                "html_url": "h" }),
        ),
        (
            Resource::Pulls,
            json!({ "number": 1, "id": 1, "title": "t", "state": "open", "head": side, "base": side, "created_at": "c",
                "updated_at": "u", "html_url": "h" }),
        ),
        (
            Resource::Comments,
            json!({ "id": 1, "issue_url": "a/issues/1", "created_at": "c", "updated_at": "u", "html_url": "h" }),
        ),
        (
            Resource::Releases,
            json!({ "id": 1, "tag_name": "v1", "target_commitish": "main", "draft": false, "prerelease": false,
                "created_at": "c", "html_url": "h" }),
        ),
        (Resource::Labels, json!({ "id": 1, "name": "n", "color": "c" })),
        (
            Resource::Milestones,
            json!({ "number": 1, "id": 1, "title": "t", "state": "open", "open_issues": 1, "closed_issues": 0,
                "created_at": "c", "updated_at": "u", "html_url": "h" }),
        ),
        (Resource::Commits, json!({ "sha": "s", "commit": { "message": "m" }, "html_url": "h" })),
        (Resource::Branches, json!({ "name": "n", "commit": { "sha": "s" } })),
        (Resource::Tags, json!({ "name": "n", "commit": { "sha": "s" } })),
        (Resource::Reviews, json!({ "id": 1, "pull_request_url": "a/pulls/1", "state": "APPROVED", "html_url": "h" })),
        (
            Resource::ReviewComments,
            json!({ "id": 1, "pull_request_url": "a/pulls/1", "path": "p", "commit_id": "s", "created_at": "c",
                "updated_at": "u", "html_url": "h" }),
        ),
        (Resource::CheckRuns, json!({ "id": 1, "name": "n", "head_sha": "s", "status": "queued" })),
        (
            Resource::WorkflowRuns,
            json!({ "id": 1, "workflow_id": 1, "run_number": 1, "event": "push", "head_sha": "s", "created_at": "c",
                "updated_at": "u", "html_url": "h" }),
        ),
    ]
}

#[test]
fn the_fields_that_can_be_chosen_are_those_that_are_kept() {
    let samples = samples();
    assert_eq!(samples.len(), Resource::ALL.len() - 1);
    for (resource, sample) in samples {
        let (_, _, document) = only(resource, sample);
        let names: Vec<_> = document.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, fields(resource), "{resource}");
        assert!(names.contains(&key_field(resource)), "{resource}");
    }
}

#[test]
fn a_run_of_a_workflow_that_has_not_ended_will_change() {
    for (status, expected) in [("in_progress", true), ("completed", false)] {
        let run = json!({ "total_count": 1, "workflow_runs": [{ "id": 1, "workflow_id": 1, "run_number": 1,
            "event": "push", "head_sha": "s", "created_at": "c", "updated_at": "u", "html_url": "h", "status": status }] });
        let answer = Response::for_test(200, &[], run.to_string());
        let entries = entries(Resource::WorkflowRuns, &answer, &Fields::default()).unwrap_or_default();
        assert_eq!(entries.iter().map(|entry| entry.will_change).collect::<Vec<_>>(), [expected], "{status}");
    }
}
