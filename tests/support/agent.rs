//! A small A2A agent (JSON-RPC over HTTP, protocol 0.3) that echoes its messages.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use axum::body::Bytes;
use axum::extract::State;
pub use axum::http::StatusCode;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router, routing};
use serde_json::{Value, json};

use crate::scripted::ScriptedServer;

/// A running agent. It dereferences to [`ScriptedServer`], with which a test controls it.
#[derive(Debug)]
pub struct AgentServer {
    server: ScriptedServer,
    refusals: Refusals,
}

/// The status codes of the next responses.
type Refusals = Arc<Mutex<VecDeque<StatusCode>>>;

impl AgentServer {
    /// Answers the next JSON-RPC call with this status instead. The card stays available.
    pub fn refuse_next_call(&self, status: StatusCode) {
        self.refusals.lock().unwrap_or_else(PoisonError::into_inner).push_back(status);
    }

    /// How often a message with this id was sent, whatever the response was.
    pub fn times_sent(&self, message_id: &str) -> usize {
        self.message_ids().iter().filter(|id| *id == message_id).count()
    }

    /// The ids of all messages that were sent, in order.
    pub fn message_ids(&self) -> Vec<String> {
        let id = |message: &Value| message["params"]["message"]["messageId"].as_str().map(str::to_owned);
        self.requests().iter().filter(|request| request.method == "POST").filter_map(|sent| id(&sent.json())).collect()
    }
}

impl Deref for AgentServer {
    type Target = ScriptedServer;

    fn deref(&self) -> &ScriptedServer {
        &self.server
    }
}

/// Serves on a free port of 127.0.0.1.
pub async fn serve() -> AgentServer {
    let server = serve_at((Ipv4Addr::LOCALHOST, 0).into()).await;
    server.unwrap_or_else(|error| panic!("could not start the test's agent: {error:#}"))
}

/// Serves at an address.
pub async fn serve_at(address: SocketAddr) -> Result<AgentServer> {
    let refusals = Refusals::default();
    let routes = Router::new()
        .route("/", routing::post(call))
        .route("/.well-known/agent-card.json", routing::get(card))
        .with_state(refusals.clone());
    let server = ScriptedServer::start(address, routes).await?;
    Ok(AgentServer { server, refusals })
}

async fn call(State(refusals): State<Refusals>, body: Bytes) -> Response {
    let refusal = refusals.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    refusal.map_or_else(|| Json(rpc(&body)).into_response(), IntoResponse::into_response)
}

async fn card(headers: HeaderMap) -> Json<Value> {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("127.0.0.1");
    Json(json!({
        "protocolVersion": "0.3.0",
        "name": "Echo",
        "description": "Echoes its messages.",
        "url": format!("http://{host}/"),
        "preferredTransport": "JSONRPC",
        "version": "1.0.0",
        "capabilities": { "streaming": false, "pushNotifications": false },
        "defaultInputModes": ["text/plain"],
        "defaultOutputModes": ["text/plain"],
        "skills": [{
            "id": "echo",
            "name": "Echo",
            "description": "Answers \"You said: …\".",
            "tags": ["test"],
        }],
    }))
}

/// Answers one JSON-RPC request.
fn rpc(body: &[u8]) -> Value {
    let Ok(request) = serde_json::from_slice::<Value>(body) else {
        return failed(&Value::Null, -32700, "Invalid JSON payload");
    };
    let id = &request["id"];
    if request["jsonrpc"] != "2.0" {
        return failed(id, -32600, "Request payload validation error");
    }
    if request["method"] != "message/send" {
        return failed(id, -32601, "Method not found");
    }
    let message = &request["params"]["message"];
    match (message["messageId"].as_str(), text(message)) {
        (Some(message_id), Some(text)) => {
            json!({ "jsonrpc": "2.0", "id": id, "result": reply(message, message_id, &text) })
        }
        _ => failed(id, -32602, "Invalid parameters"),
    }
}

/// The text of all parts of a message.
fn text(message: &Value) -> Option<String> {
    let parts = message["parts"].as_array()?;
    let texts: Vec<&str> = parts.iter().filter_map(|part| part["text"].as_str()).collect();
    (!texts.is_empty()).then(|| texts.join("\n"))
}

fn reply(message: &Value, message_id: &str, text: &str) -> Value {
    let context = message["contextId"].as_str().map_or_else(|| format!("context-of-{message_id}"), str::to_owned);
    json!({
        "kind": "message",
        "role": "agent",
        "messageId": format!("reply-to-{message_id}"),
        "contextId": context,
        "parts": [{ "kind": "text", "text": format!("You said: {text}") }],
    })
}

fn failed(id: &Value, code: i32, message: &str) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": message } })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{get, post};

    #[tokio::test]
    async fn a_message_is_answered_and_counted_by_its_id() -> Result<()> {
        let agent = serve().await;
        let message = json!({ "role": "user", "messageId": "m1", "parts": [{ "kind": "text", "text": "olé" }] });
        let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "message/send", "params": { "message": message } });
        agent.respond_next(503, &[], "busy");
        assert_eq!(post(agent.url(), &call).await?.status, 503);

        let answer = post(agent.url(), &call).await?.json();
        assert_eq!(answer["result"]["parts"][0]["text"], "You said: olé");
        assert_eq!(answer["result"]["contextId"], "context-of-m1");
        assert_eq!((agent.times_sent("m1"), agent.times_sent("m2")), (2, 0));
        Ok(())
    }

    #[tokio::test]
    async fn an_invalid_request_gets_a_json_rpc_error() -> Result<()> {
        let agent = serve().await;
        let code = async |call| post(agent.url(), &call).await.map(|answer| answer.json()["error"]["code"].clone());
        assert_eq!(code(json!({ "jsonrpc": "2.0", "method": "tasks/get" })).await?, -32601);
        assert_eq!(code(json!({ "jsonrpc": "2.0", "method": "message/send", "params": {} })).await?, -32602);
        assert_eq!(code(json!({ "method": "message/send" })).await?, -32600);
        let card = get(&format!("{}/.well-known/agent-card.json", agent.url())).await?.json();
        assert_eq!(card["url"], format!("{}/", agent.url()));
        Ok(())
    }
}
