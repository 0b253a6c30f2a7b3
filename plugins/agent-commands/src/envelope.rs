//! Reads results and errors from JSON-RPC envelopes or from plain documents (HTTP+JSON). Errors are identified by their
//! code alone, because their text comes from the agent.

use serde::Deserialize;
use serde_json::Value;

use crate::error::{CallError, METHOD_NOT_FOUND};
use crate::exchange::{FullResponse, without_mark};

/// The codes reserved for JSON-RPC itself and for servers. Other APIs use errors of the same form with other codes.
const RPC_ERRORS: std::ops::RangeInclusive<i64> = -32_768..=-32_000;

/// The transport of calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binding {
    JsonRpc,
    /// HTTP+JSON, also called REST.
    Rest,
}

/// A JSON-RPC response. It has one of the two members.
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
    /// Both transports, in no particular order. The agent's card defines the preference.
    pub const ALL: [Self; 2] = [Self::JsonRpc, Self::Rest];

    /// Its name in cards.
    pub fn name(self) -> &'static str {
        match self {
            Self::JsonRpc => "JSONRPC",
            Self::Rest => "HTTP+JSON",
        }
    }

    /// Reads the result from a document.
    ///
    /// # Errors
    /// The error in the document instead of a result.
    pub fn result(self, document: &[u8]) -> Result<Value, CallError> {
        let document = without_mark(document);
        match self {
            Self::JsonRpc => match serde_json::from_slice(document) {
                Ok(Answer { error: Some(error), .. }) => Err(CallError::Rpc { code: error.code }),
                Ok(Answer { result: Some(result), .. }) => Ok(result),
                Ok(Answer { .. }) | Err(_) => Err(CallError::NotA2a),
            },
            Self::Rest => {
                let result: Value = serde_json::from_slice(document).map_err(|_| CallError::NotA2a)?;
                match result.get("error").is_some_and(Value::is_object) {
                    true => Err(rest_error(&result).unwrap_or(CallError::NotA2a)),
                    false => Ok(result),
                }
            }
        }
    }

    /// Reads the error from an error document. `None` if the error is unknown.
    pub fn error(self, document: &[u8]) -> Option<CallError> {
        match self {
            Self::JsonRpc => match self.result(document) {
                Err(CallError::Rpc { code }) if RPC_ERRORS.contains(&code) => Some(CallError::Rpc { code }),
                _ => None,
            },
            Self::Rest => rest_error(&serde_json::from_slice(without_mark(document)).ok()?),
        }
    }

    /// Checks whether a response means success. A protocol error is more specific than the HTTP status, except for
    /// statuses about the caller (401, 403 and 429).
    ///
    /// # Errors
    /// The error in the response.
    pub fn succeeded(self, answer: &FullResponse) -> Result<(), CallError> {
        let error = |status| CallError::Status { status, wait: answer.wait };
        match answer.status {
            200..300 => Ok(()),
            status @ (401 | 403 | 429) => Err(error(status)),
            status => match (self.error(&answer.body), self, status) {
                (Some(error @ CallError::Rpc { .. }), ..) => Err(error),
                // The server does not have this method.
                (_, Self::Rest, 405 | 501) => Err(CallError::Rpc { code: METHOD_NOT_FOUND }),
                _ => Err(error(status)),
            },
        }
    }
}

/// Reads an error of HTTP+JSON: `google.rpc.Status` (1.0), problem details (RFC 9457), or one of the forms of 0.3.
fn rest_error(document: &Value) -> Option<CallError> {
    let error = document.get("error").filter(|error| error.is_object()).unwrap_or(document);
    let text = |name: &str| error.get(name).and_then(Value::as_str);
    let details = error.get("details").and_then(Value::as_array);
    let reason = details.into_iter().flatten().find_map(|detail| detail.get("reason").and_then(Value::as_str));
    let kind = || text("type").and_then(|kind| kind.rsplit(['/', ':', '#']).next());
    let by_name = reason.and_then(code_of).or_else(|| kind().and_then(code_of));
    let number = || error.get("code").or_else(|| error.get("status")).and_then(Value::as_i64);
    let code = by_name.or_else(|| number().filter(|code| RPC_ERRORS.contains(code)));
    // Without a reason that A2A defines.
    let code = code.or_else(|| matches!(text("status"), Some("INVALID_ARGUMENT")).then_some(-32602));
    let status = || number().and_then(|status| u16::try_from(status).ok()).filter(|status| (400..600).contains(status));
    match code {
        Some(code) => Some(CallError::Rpc { code }),
        None => status().map(|status| CallError::Status { status, wait: None }),
    }
}

/// The JSON-RPC code of a named error. The name has several spellings: `TASK_NOT_FOUND`, `task-not-found`,
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
    fn an_error_of_json_rpc_is_identified_by_its_code() {
        let result = |document: &str| Binding::JsonRpc.result(document.as_bytes());
        let error = r#"{"error":{"code":-32602,"message":"secret"}}"#;
        assert_eq!(result(error), Err(CallError::Rpc { code: -32602 }));
        assert_eq!(result("\u{feff}{\"result\":1}"), Ok(json!(1)));
        for document in ["<secret>", "{}", r#"{"result":null}"#] {
            assert_eq!(result(document), Err(CallError::NotA2a), "{document}");
        }
    }

    fn failure_of(binding: Binding, status: u16, body: &str) -> CallError {
        binding.succeeded(&FullResponse::for_test(status, &[], body)).expect_err("no success")
    }

    #[test]
    fn an_error_of_json_rpc_counts_under_any_status_but_those_about_the_caller() {
        let error = |code| format!(r#"{{"jsonrpc":"2.0","id":1,"error":{{"code":{code}}}}}"#);
        for status in [400, 404, 500, 503] {
            let outcome = |body: &str| failure_of(Binding::JsonRpc, status, body);
            assert_eq!(outcome(&error(-32001)), CallError::Rpc { code: -32001 }, "{status}");
            assert_eq!(outcome(&error(404)), CallError::Status { status, wait: None }, "{status}");
            assert_eq!(outcome("<html>"), CallError::Status { status, wait: None }, "{status}");
        }
        for status in [401, 403, 429] {
            assert_eq!(failure_of(Binding::JsonRpc, status, &error(-32001)), CallError::Status { status, wait: None });
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
            assert_eq!(failure_of(Binding::Rest, 400, &body.to_string()), CallError::Rpc { code }, "{body}");
        }
    }

    #[test]
    fn an_http_json_error_without_a_code_of_a2a_is_its_status() {
        let status = |status| CallError::Status { status, wait: None };
        assert_eq!(failure_of(Binding::Rest, 503, "<html>"), status(503));
        assert_eq!(failure_of(Binding::Rest, 404, r#"{"detail":"Not Found"}"#), status(404));
        assert_eq!(failure_of(Binding::Rest, 500, r#"{"error":{"code":500,"status":"INTERNAL"}}"#), status(500));
        for nothing_there in [405, 501] {
            assert_eq!(failure_of(Binding::Rest, nothing_there, ""), CallError::Rpc { code: METHOD_NOT_FOUND });
        }
        assert_eq!(Binding::Rest.result(br#"{"task":{"id":"t"}}"#), Ok(json!({ "task": { "id": "t" } })));
        let in_a_stream = br#"{"error":{"code":503,"status":"UNAVAILABLE"}}"#;
        assert_eq!(Binding::Rest.result(in_a_stream), Err(status(503)));
    }

    #[test]
    fn an_error_status_keeps_its_retry_after() {
        let answer = FullResponse::for_test(429, &[("retry-after", "3")], "");
        let expected = CallError::Status { status: 429, wait: Some(Duration::from_secs(3)) };
        assert_eq!(Binding::JsonRpc.succeeded(&answer), Err(expected));
    }
}
