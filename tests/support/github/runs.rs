//! The JSON of reviews, checks and runs, with every field that GitHub's description requires.

use serde_json::{Value, json};

use super::documents::{places, repository, time, user};
use super::world::{CheckRun, Repository, Review, ReviewComment, WorkflowRun};

pub(super) fn review(of: &Repository, review: &Review) -> Value {
    let (api, page) = places(of);
    let (pull, html) = (format!("{api}/pulls/{}", review.pull), format!("{page}/pull/{}", review.pull));
    json!({
        "id": review.id,
        "node_id": format!("PRR_{}", review.id),
        "user": user("octocat"),
        "body": "Looks good",
        "state": "APPROVED",
        "html_url": format!("{html}#pullrequestreview-{}", review.id),
        "pull_request_url": pull,
        "_links": { "html": { "href": html }, "pull_request": { "href": pull } },
        "submitted_at": time(review.submitted),
        "commit_id": "0".repeat(40),
        "author_association": "MEMBER",
    })
}

pub(super) fn review_comment(of: &Repository, comment: &ReviewComment) -> Value {
    let (api, page) = places(of);
    let (id, pull) = (comment.id, format!("{api}/pulls/{}", comment.pull));
    let (url, html) = (format!("{api}/pulls/comments/{id}"), format!("{page}/pull/{}#discussion_r{id}", comment.pull));
    json!({
        "url": url,
        "id": id,
        "node_id": format!("PRRC_{id}"),
        "pull_request_review_id": of.id * 1_000 + 1,
        "diff_hunk": "@@ -1 +1 @@",
        "path": "README.md",
        "line": 1,
        "side": "RIGHT",
        "commit_id": "0".repeat(40),
        "original_commit_id": "0".repeat(40),
        "user": user("octocat"),
        "body": "Why?",
        "created_at": time(comment.updated),
        "updated_at": time(comment.updated),
        "html_url": html,
        "pull_request_url": pull,
        "author_association": "MEMBER",
        "_links": { "self": { "href": url }, "html": { "href": html }, "pull_request": { "href": pull } },
    })
}

pub(super) fn check_run(of: &Repository, run: &CheckRun) -> Value {
    let (api, page) = places(of);
    let url = format!("{api}/check-runs/{}", run.id);
    json!({
        "id": run.id,
        "node_id": format!("CR_{}", run.id),
        "head_sha": run.sha,
        "external_id": "",
        "name": "test",
        "url": url,
        "html_url": format!("{page}/runs/{}", run.id),
        "details_url": format!("{page}/runs/{}", run.id),
        "status": if run.is_done { "completed" } else { "in_progress" },
        "conclusion": run.is_done.then_some("success"),
        "started_at": time(run.at),
        "completed_at": run.is_done.then(|| time(run.at)),
        "check_suite": { "id": run.id },
        "output": {
            "title": null, "summary": null, "text": null, "annotations_count": 0, "annotations_url": format!("{url}/annotations"),
        },
        "app": null,
        "pull_requests": [],
    })
}

pub(super) fn workflow_run(of: &Repository, run: &WorkflowRun) -> Value {
    let (api, page) = places(of);
    let url = format!("{api}/actions/runs/{}", run.id);
    let person = json!({ "name": "Monalisa Octocat", "email": "mona@github.com" });
    json!({
        "id": run.id,
        "name": "CI",
        "node_id": format!("WFR_{}", run.id),
        "head_branch": "main",
        "head_sha": "0".repeat(40),
        "path": ".github/workflows/ci.yml",
        "display_title": "Fix all the bugs",
        "run_number": 1,
        "run_attempt": 1,
        "event": "push",
        "status": if run.is_done { "completed" } else { "in_progress" },
        "conclusion": run.is_done.then_some("success"),
        "workflow_id": 7,
        "url": url,
        "html_url": format!("{page}/actions/runs/{}", run.id),
        "pull_requests": [],
        "created_at": time(run.created),
        "updated_at": time(run.created),
        "actor": user("octocat"),
        "run_started_at": time(run.created),
        "jobs_url": format!("{url}/jobs"),
        "logs_url": format!("{url}/logs"),
        "check_suite_url": format!("{api}/check-suites/{}", run.id),
        "artifacts_url": format!("{url}/artifacts"),
        "cancel_url": format!("{url}/cancel"),
        "rerun_url": format!("{url}/rerun"),
        "workflow_url": format!("{api}/actions/workflows/7"),
        "head_commit": {
            "id": "0".repeat(40), "tree_id": "0".repeat(40), "message": "Fix all the bugs", "timestamp": time(run.created),
            "author": person, "committer": person,
        },
        "repository": repository(of),
        "head_repository": repository(of),
    })
}
