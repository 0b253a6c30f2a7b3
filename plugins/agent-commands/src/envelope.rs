//! What results and errors look like on the way: in envelopes of JSON-RPC, or as plain documents (HTTP+JSON). Errors are
//! told by their code alone: their text is the agent's.

use serde::Deserialize;
use serde_json::Value;

use crate::exchange::{Whole, without_mark};
use crate::trouble::{METHOD_NOT_FOUND, Trouble};

/// The codes that JSON-RPC keeps for itself and for servers. Other APIs have errors of the same form with other codes.
const RPC_ERRORS: std::ops::RangeInclusive<i64> = -32_768..=-32_000;

/// How calls are carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binding {
    JsonRpc,
    /// HTTP+JSON, also called REST.
    Rest,
}

/// What a call of JSON-RPC is answered with: one of the two.
#[derive(Deserialize)]
struct Answer {
    result: Option<Value>,
    error: Option<RpcError>,
}

#[derive(Deserialize)]
struct RpcError {
    code: i64,
}

impl Binding {
    /// Both, in no order: an agent's card has the order.
    pub const ALL: [Self; 2] = [Self::JsonRpc, Self::Rest];

    /// The name that cards have for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::JsonRpc => "JSONRPC",
            Self::Rest => "HTTP+JSON",
        }
    }

    /// The result that a document has.
    ///
    /// # Errors
    /// The error that it has instead.
    pub fn result(self, document: &[u8]) -> Result<Value, Trouble> {
        let document = without_mark(document);
        match self {
            Self::JsonRpc => match serde_json::from_slice(document) {
                Ok(Answer { error: Some(error), .. }) => Err(Trouble::Rpc { code: error.code }),
                Ok(Answer { result: Some(result), .. }) => Ok(result),
                Ok(Answer { .. }) | Err(_) => Err(Trouble::NotA2a),
            },
            Self::Rest => {
                let result: Value = serde_json::from_slice(document).map_err(|_| Trouble::NotA2a)?;
                match result.get("error").is_some_and(Value::is_object) {
                    true => Err(rest_error(&result).unwrap_or(Trouble::NotA2a)),
                    false => Ok(result),
                }
            }
        }
    }

    /// The error that a document has which is said to be one. None if it is none that is known.
    pub fn error(self, document: &[u8]) -> Option<Trouble> {
        match self {
            Self::JsonRpc => match self.result(document) {
                Err(Trouble::Rpc { code }) if RPC_ERRORS.contains(&code) => Some(Trouble::Rpc { code }),
                _ => None,
            },
            Self::Rest => rest_error(&serde_json::from_slice(without_mark(document)).ok()?),
        }
    }

    /// Whether an answer is one of success. An error of the protocol says more than the status that it comes with, but
    /// for those that are about the caller.
    ///
    /// # Errors
    /// What the answer says instead.
    pub fn succeeded(self, answer: &Whole) -> Result<(), Trouble> {
        let trouble = |status| Trouble::Status { status, wait: answer.wait };
        match answer.status {
            200..300 => Ok(()),
            status @ (401 | 403 | 429) => Err(trouble(status)),
            status => match (self.error(&answer.body), self, status) {
                (Some(error @ Trouble::Rpc { .. }), ..) => Err(error),
                // The server has nothing there that is called this way.
                (_, Self::Rest, 405 | 501) => Err(Trouble::Rpc { code: METHOD_NOT_FOUND }),
                _ => Err(trouble(status)),
            },
        }
    }
}

/// An error of HTTP+JSON: `google.rpc.Status` (1.0), problem details (RFC 9457), or one of the forms of 0.3.
fn rest_error(document: &Value) -> Option<Trouble> {
    let error = document.get("error").filter(|error| error.is_object()).unwrap_or(document);
    let text = |name: &str| error.get(name).and_then(Value::as_str);
    let details = error.get("details").and_then(Value::as_array);
    let reason = details.into_iter().flatten().find_map(|detail| detail.get("reason").and_then(Value::as_str));
    let kind = || text("type").and_then(|kind| kind.rsplit(['/', ':', '#']).next());
    let by_name = reason.and_then(code_of).or_else(|| kind().and_then(code_of));
    let number = || error.get("code").or_else(|| error.get("status")).and_then(Value::as_i64);
    let code = by_name.or_else(|| number().filter(|code| RPC_ERRORS.contains(code)));
    // Without a reason of A2A's own.
    let code = code.or_else(|| matches!(text("status"), Some("INVALID_ARGUMENT")).then_some(-32602));
    let status = || number().and_then(|status| u16::try_from(status).ok()).filter(|status| (400..600).contains(status));
    match code {
        Some(code) => Some(Trouble::Rpc { code }),
        None => status().map(|status| Trouble::Status { status, wait: None }),
    }
}

/// The code that JSON-RPC has for an error, which has several spellings: `TASK_NOT_FOUND`, `task-not-found`,
/// `TaskNotFoundError`.
fn code_of(name: &str) -> Option<i64> {
    let letters = name.chars().filter(char::is_ascii_alphanumeric);
    let name: String = letters.map(|letter| letter.to_ascii_uppercase()).collect();
    Some(match name.strip_suffix("ERROR").unwrap_or(&name) {
        "TASKNOTFOUND" => -32001,
        "TASKNOTCANCELABLE" => -32002,
        "PUSHNOTIFICATIONNOTSUPPORTED" => -32003,
        "UNSUPPORTEDOPERATION" => -32004,
        "CONTENTTYPENOTSUPPORTED" => -32005,
        "INVALIDAGENTRESPONSE" => -32006,
        "EXTENDEDAGENTCARDNOTCONFIGURED" => -32007,
        "EXTENSIONSUPPORTREQUIRED" => -32008,
        "VERSIONNOTSUPPORTED" => -32009,
        "INVALIDREQUEST" => -32600,
        "METHODNOTFOUND" => METHOD_NOT_FOUND,
        "INVALIDPARAMS" => -32602,
        "INTERNAL" => -32603,
        "JSONPARSE" | "PARSE" => -32700,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;

    #[test]
    fn an_error_of_json_rpc_is_told_by_its_code_alone() {
        let result = |document: &str| Binding::JsonRpc.result(document.as_bytes());
        let error = r#"{"error":{"code":-32602,"message":"secret"}}"#;
        assert_eq!(result(error), Err(Trouble::Rpc { code: -32602 }));
        assert_eq!(result("\u{feff}{\"result\":1}"), Ok(json!(1)));
        for document in ["<secret>", "{}", r#"{"result":null}"#] {
            assert_eq!(result(document), Err(Trouble::NotA2a), "{document}");
        }
    }

    fn trouble(binding: Binding, status: u16, body: &str) -> Trouble {
        binding.succeeded(&Whole::for_test(status, &[], body)).expect_err("no success")
    }

    #[test]
    fn an_error_of_json_rpc_counts_under_any_status_but_those_about_the_caller() {
        let error = |code| format!(r#"{{"jsonrpc":"2.0","id":1,"error":{{"code":{code}}}}}"#);
        for status in [400, 404, 500, 503] {
            let trouble = |body: &str| trouble(Binding::JsonRpc, status, body);
            assert_eq!(trouble(&error(-32001)), Trouble::Rpc { code: -32001 }, "{status}");
            assert_eq!(trouble(&error(404)), Trouble::Status { status, wait: None }, "{status}");
            assert_eq!(trouble("<html>"), Trouble::Status { status, wait: None }, "{status}");
        }
        for status in [401, 403, 429] {
            assert_eq!(trouble(Binding::JsonRpc, status, &error(-32001)), Trouble::Status { status, wait: None });
        }
    }

    #[test]
    fn every_form_of_an_error_of_http_json_has_the_code_that_json_rpc_has() {
        let info = json!([{ "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "TASK_NOT_FOUND" }]);
        for (body, code) in [
            (json!({ "error": { "code": 404, "status": "NOT_FOUND", "message": "secret", "details": info } }), -32001),
            (json!({ "code": 5, "message": "secret", "details": info }), -32001),
            (json!({ "type": "https://a2a-protocol.org/errors/task-not-cancelable", "status": 400 }), -32002),
            (json!({ "type": "TaskNotFoundError", "message": "secret" }), -32001),
            (json!({ "code": -32004, "message": "secret" }), -32004),
            (json!({ "error": { "code": 400, "status": "INVALID_ARGUMENT", "message": "secret" } }), -32602),
        ] {
            assert_eq!(trouble(Binding::Rest, 400, &body.to_string()), Trouble::Rpc { code }, "{body}");
        }
    }

    #[test]
    fn what_http_json_says_without_an_error_of_a2a_is_its_status() {
        let status = |status| Trouble::Status { status, wait: None };
        assert_eq!(trouble(Binding::Rest, 503, "<html>"), status(503));
        assert_eq!(trouble(Binding::Rest, 404, r#"{"detail":"Not Found"}"#), status(404));
        assert_eq!(trouble(Binding::Rest, 500, r#"{"error":{"code":500,"status":"INTERNAL"}}"#), status(500));
        for nothing_there in [405, 501] {
            assert_eq!(trouble(Binding::Rest, nothing_there, ""), Trouble::Rpc { code: METHOD_NOT_FOUND });
        }
        assert_eq!(Binding::Rest.result(br#"{"task":{"id":"t"}}"#), Ok(json!({ "task": { "id": "t" } })));
        let in_a_stream = br#"{"error":{"code":503,"status":"UNAVAILABLE"}}"#;
        assert_eq!(Binding::Rest.result(in_a_stream), Err(status(503)));
    }

    #[test]
    fn a_status_that_is_none_of_success_keeps_what_it_says_about_waiting() {
        let answer = Whole::for_test(429, &[("retry-after", "3")], "");
        let told = Trouble::Status { status: 429, wait: Some(Duration::from_secs(3)) };
        assert_eq!(Binding::JsonRpc.succeeded(&answer), Err(told));
    }
}
