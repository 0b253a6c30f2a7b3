//! What an answer of the agent means for the job. No message quotes what the agent says: that is payload.

use std::time::Duration;

use toril_plugin::Failure;
use toril_plugin::http::Response;

use crate::a2a::{Answer, Message, Part, Reply, Task};
use crate::data::Sent;
use crate::version::version;

/// The shortest time for which a queue is limited.
const MIN_WAIT: Duration = Duration::from_secs(1);

/// The reply that an answer holds.
pub fn reply(answer: &Response) -> Result<Reply, Failure> {
    let status = answer.status();
    match status {
        200..300 => {}
        429 => {
            return Err(match answer.retry_after() {
                Some(wait) => Failure::rate_limited(wait.max(MIN_WAIT)),
                None => Failure::retry("the agent has too much to do (429)"),
            });
        }
        401 | 403 => {
            return Err(Failure::fatal(format!(
                "the agent refused access ({status}): set the plugin's secret `token` to one that it accepts"
            )));
        }
        404 => {
            return Err(Failure::fatal("there is no agent at this address (404): check `agent-url`"));
        }
        408 => {
            return Err(Failure::retry("the agent gave up waiting for the message (408)"));
        }
        300..400 => {
            return Err(Failure::fatal(format!(
                "the agent is at another address ({status}): set `agent-url` to the one that it has now"
            )));
        }
        400..500 => {
            return Err(Failure::fatal(format!("the agent does not take the request ({status})")));
        }
        _ => {
            return Err(Failure::retry(format!("the agent could not answer ({status})")));
        }
    }
    match answer.json()? {
        Answer { error: Some(error), .. } => Err(refusal(error.code)),
        Answer { result: Some(reply), .. } => Ok(reply),
        Answer { .. } => Err(Failure::retry("the agent's answer has neither a result nor an error")),
    }
}

/// What an error of JSON-RPC (-32700 to -32600) or of A2A (-32001 to -32099) means.
fn refusal(code: i64) -> Failure {
    let meaning = match code {
        -32700 => "it could not read the request",
        -32600 => "it takes the request for invalid",
        -32601 => "it does not know `message/send`",
        -32602 => "it does not take the message",
        -32603 => "it has an internal error",
        -32001 => "it does not know the task",
        -32004 => "it does not support this",
        -32005 => "it does not support text",
        -32006 => "what it replied is not valid",
        _ => "it gave no reason that this plugin knows",
    };
    let message = format!("the agent refused the message: {meaning} (JSON-RPC error {code})");
    match code {
        -32700 | -32602..=-32600 | -32099..=-32001 => Failure::Fatal(message),
        _ => Failure::Retry(message),
    }
}

/// The job's result, or the way in which the agent's task has failed.
pub fn sent(reply: Reply) -> Result<Sent, Failure> {
    match reply {
        Reply::Message(message) => Ok(sent_message(message)),
        Reply::Task(task) => match task.status.state.as_str() {
            "failed" => Err(Failure::retry("the agent's task has failed")),
            "rejected" => Err(Failure::fatal("the agent rejected the message")),
            "canceled" => Err(Failure::fatal("the agent's task was canceled")),
            _ => Ok(sent_task(task)),
        },
    }
}

fn sent_message(message: Message) -> Sent {
    Sent {
        kind: "message",
        text: text(&message.parts),
        context_id: message.context_id,
        task_id: message.task_id,
        state: None,
        version: version(),
    }
}

/// A task's text is what it has brought forth, and then what the agent says about it.
fn sent_task(task: Task) -> Sent {
    let artifacts = task.artifacts.iter().flatten().flat_map(|artifact| &artifact.parts);
    let said = task.status.message.iter().flat_map(|message| &message.parts);
    let text = text(artifacts.chain(said));
    Sent {
        kind: "task",
        text,
        context_id: task.context_id,
        task_id: Some(task.id),
        state: Some(task.status.state),
        version: version(),
    }
}

fn text<'a>(parts: impl IntoIterator<Item = &'a Part>) -> String {
    let texts: Vec<_> = parts.into_iter().filter_map(|part| part.text.as_deref()).collect();
    texts.join("\n")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn outcome(status: u16, headers: &[(&str, &str)], body: &str) -> Result<Value, Failure> {
        reply(&Response::for_test(status, headers, body)).and_then(sent).map(|sent| json!(sent))
    }

    fn failure(status: u16, headers: &[(&str, &str)], body: &str) -> Failure {
        outcome(status, headers, body).expect_err("it is no reply")
    }

    fn result(reply: Value) -> Result<Value, Failure> {
        outcome(200, &[], &json!({ "jsonrpc": "2.0", "id": "1", "result": reply }).to_string())
    }

    fn refused_with(code: i64) -> Failure {
        let error = json!({ "code": code, "message": "secret" });
        failure(200, &[], &json!({ "jsonrpc": "2.0", "id": "1", "error": error }).to_string())
    }

    #[test]
    fn a_message_is_returned_with_its_text() {
        let sent = result(json!({
            "kind": "message",
            "role": "agent",
            "messageId": "m",
            "contextId": "c",
            "parts": [
                { "kind": "text", "text": "one" },
                { "kind": "data", "data": { "n": 1 } },
                { "kind": "text", "text": "two" },
            ],
        }));
        let sent = sent.expect("a reply");
        assert_eq!(sent["kind"], "message");
        assert_eq!(sent["text"], "one\ntwo");
        assert_eq!(sent["contextId"], "c");
        assert!(sent.get("taskId").is_none() && sent.get("state").is_none());
        assert!(sent["version"].as_str().is_some_and(|version| version.starts_with(env!("CARGO_PKG_VERSION"))));
    }

    #[test]
    fn a_task_is_returned_with_what_it_brought_forth_and_what_is_said_about_it() {
        let sent = result(json!({
            "kind": "task",
            "id": "t",
            "contextId": "c",
            "status": {
                "state": "input-required",
                "message": {
                    "kind": "message",
                    "role": "agent",
                    "messageId": "m",
                    "parts": [{ "kind": "text", "text": "which one?" }],
                },
            },
            "artifacts": [{ "artifactId": "a", "parts": [{ "kind": "text", "text": "two were found" }] }],
        }));
        let sent = sent.expect("a reply");
        assert_eq!(sent["kind"], "task");
        assert_eq!(sent["text"], "two were found\nwhich one?");
        assert_eq!((&sent["taskId"], &sent["state"]), (&json!("t"), &json!("input-required")));
    }

    #[test]
    fn a_task_that_came_to_nothing_fails_the_job() {
        let ended =
            |state| result(json!({ "kind": "task", "id": "t", "contextId": "c", "status": { "state": state } }));
        assert!(matches!(ended("failed"), Err(Failure::Retry(_))));
        assert!(matches!(ended("rejected"), Err(Failure::Fatal(_))));
        assert!(matches!(ended("canceled"), Err(Failure::Fatal(_))));
        assert!(ended("working").is_ok());
    }

    #[test]
    fn a_refusal_is_fatal_unless_it_is_the_agents_own_trouble() {
        for code in [-32700, -32600, -32601, -32602, -32001, -32005, -32007, -32099] {
            assert!(matches!(refused_with(code), Failure::Fatal(_)), "{code}");
        }
        for code in [-32603, -32000, -32650, 1] {
            assert!(matches!(refused_with(code), Failure::Retry(_)), "{code}");
        }
    }

    #[test]
    fn a_status_decides_whether_to_try_again() {
        for status in [301, 400, 401, 403, 404, 422] {
            assert!(matches!(failure(status, &[], ""), Failure::Fatal(_)), "{status}");
        }
        for status in [408, 429, 500, 502, 503, 504] {
            assert!(matches!(failure(status, &[], ""), Failure::Retry(_)), "{status}");
        }
        let limited = |wait| failure(429, &[("retry-after", wait)], "");
        assert_eq!(limited("30"), Failure::rate_limited(Duration::from_secs(30)));
        assert_eq!(limited("0"), Failure::rate_limited(MIN_WAIT));
    }

    #[test]
    fn an_answer_that_is_no_a2a_is_retried_and_not_quoted() {
        for body in ["<secret>", r#"{"secret":1}"#, r#"{"result":{"kind":"secret"}}"#, r#"{"result":null}"#] {
            let Failure::Retry(message) = failure(200, &[], body) else { panic!("{body}") };
            assert!(!message.contains("secret"), "{message}");
        }
        let Failure::Fatal(message) = refused_with(-32602) else { panic!("it is fatal") };
        assert!(!message.contains("secret"), "{message}");
    }
}
