//! A reply, a long task with and without streaming, a cancel: with both SDKs, in both versions of the protocol, over
//! JSON-RPC and HTTP+JSON.

use serde_json::json;
use toril_tests::a2a::{Options, Sdk};

use crate::Case;

/// A quick reply is the result.
async fn replies(options: Options) {
    let case = Case::of(options).await;

    let result = case.send("quick hello").await;

    assert_eq!((&result["kind"], &result["text"]), (&json!("message"), &json!("You said: quick hello")), "{result}");
    assert_eq!(result["protocol"], options.versions[0]);
    assert_eq!(case.agent.executed().len(), 1);
}

/// A task is followed to its end: each status is progress, what the agent says is in the job's log, the artifact is the
/// result.
async fn follows(options: Options) {
    let case = Case::of(options).await;

    let result = case.send("task 3 400").await;

    assert_eq!((&result["state"], &result["text"]), (&json!("completed"), &json!("onetwo")), "{result}");
    assert_eq!(result["artifacts"][0]["parts"], json!([{ "text": "onetwo" }]), "{result}");
    let job = case.job("1").await;
    assert_eq!((&job["progress"]["state"], &job["progress"]["taskId"]), (&json!("completed"), &result["taskId"]));
    let logs = job["logs"].to_string();
    for step in 1..=3 {
        assert!(logs.contains(&format!("message from the agent: step {step}")), "{logs}");
    }
    let methods = case.agent.methods();
    let streams = ["SendStreamingMessage", "message/stream"];
    if options.streaming {
        assert!(
            methods.len() == 1 && streams.contains(&methods[0].as_str()),
            "a stream brings everything: {methods:?}"
        );
    } else {
        assert!(!methods.iter().any(|method| streams.contains(&method.as_str())), "{methods:?}");
        assert!(methods.len() > 2, "the task is asked for: {methods:?}");
    }
}

/// A job that is cancelled has the agent cancel its task.
async fn cancels(options: Options) {
    let case = Case::of(options).await;
    case.add("long", &json!({ "message": "forever" })).await;
    let task = case.wait_for_task("long").await;

    case.toril.cli(["cancel", "agent-commands", "long", "--reason", "enough"]).await.succeeded();

    let job = case.wait_for("long", "failed").await;
    let reason = job["failedReason"].as_str().unwrap_or_default();
    assert!(reason.contains("cancelled: enough") && reason.contains("is canceled"), "{reason}");
    assert_eq!(case.agent.cancelled().len(), 1);
    assert_eq!(case.agent.cancelled()[0]["taskId"], json!(task));
}

macro_rules! agents {
    ($($name:ident: $sdk:ident, $versions:expr, $binding:expr;)*) => {
        $(mod $name {
            use super::*;

            const STREAMING: Options = Options {
                sdk: Sdk::$sdk,
                versions: $versions,
                binding: $binding,
                streaming: true,
                refuse: 0,
                token: None,
                own_contexts: false,
            };
            const POLLED: Options = Options { streaming: false, ..STREAMING };

            #[tokio::test]
            async fn a_quick_reply_is_the_result() {
                replies(STREAMING).await;
            }

            #[tokio::test]
            async fn a_quick_reply_without_streaming_is_the_result() {
                replies(POLLED).await;
            }

            #[tokio::test]
            async fn a_long_task_is_followed_by_streaming() {
                follows(STREAMING).await;
            }

            #[tokio::test]
            async fn a_long_task_is_followed_by_polling() {
                follows(POLLED).await;
            }

            #[tokio::test]
            async fn a_cancel_reaches_an_agent_that_streams() {
                cancels(STREAMING).await;
            }

            #[tokio::test]
            async fn a_cancel_reaches_an_agent_that_is_polled() {
                cancels(POLLED).await;
            }
        })*
    };
}

agents! {
    python_1_0: Python, &["1.0"], "JSONRPC";
    python_0_3: Python, &["0.3"], "JSONRPC";
    node_1_0: Node, &["1.0"], "JSONRPC";
    node_0_3: Node, &["0.3"], "JSONRPC";
    python_rest_1_0: Python, &["1.0"], "HTTP+JSON";
    python_rest_0_3: Python, &["0.3"], "HTTP+JSON";
    node_rest_1_0: Node, &["1.0"], "HTTP+JSON";
    node_rest_0_3: Node, &["0.3"], "HTTP+JSON";
}

#[tokio::test]
async fn of_an_agent_that_speaks_both_versions_the_newer_is_spoken() {
    for sdk in [Sdk::Python, Sdk::Node] {
        let case = Case::of(Options { sdk, versions: &["0.3", "1.0"], ..Options::default() }).await;

        assert_eq!(case.send("quick hello").await["protocol"], "1.0", "{sdk:?}");

        assert_eq!(case.agent.requests()[0]["version"], "1.0", "{sdk:?}");
    }
}

#[tokio::test]
async fn an_agent_of_an_unsupported_version_fails_the_job_for_good_and_the_error_names_it() {
    let case = Case::of(Options { sdk: Sdk::Node, versions: &["2.0"], ..Options::default() }).await;

    let output = case.run("send", &json!({ "message": "quick hello" })).await.exited(1);

    assert!(output.stderr.contains("supports A2A 2.0, and this plugin supports 1.0 and 0.3"), "{}", output.stderr);
    assert_eq!(case.job("1").await["attemptsMade"], 1);
}
