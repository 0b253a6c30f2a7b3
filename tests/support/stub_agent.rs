//! An A2A agent whose every answer a test decides, with any timing: JSON-RPC or HTTP+JSON, protocol 1.0 unless its card
//! says otherwise. For behaviour that is unusual and allowed, which the SDKs' servers do not show.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::{Router, routing};
use futures::stream;
use serde_json::{Value, json};

use crate::scripted::{Received, ScriptedServer};

/// The name of a request for a card: it is counted like a method of JSON-RPC.
pub const CARD: &str = "card";

/// A running agent. What it was asked is in [`ScriptedServer`], which this is one of.
#[derive(Debug)]
pub struct StubAgent(ScriptedServer);

/// What the agent is asked.
#[derive(Debug)]
pub struct AgentRequest {
    /// Where the agent is: `http://127.0.0.1:PORT`.
    pub url: String,
    /// The path of the request.
    pub path: String,
    /// A method of JSON-RPC, [`CARD`], or for everything else verb and path: `GET /tasks/t`.
    pub method: String,
    /// The parameters of JSON-RPC, else the body as JSON.
    pub params: Value,
    /// What is in the address after the question mark.
    pub query: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as it came.
    pub body: String,
    /// How often this method was called, this time included.
    pub time: usize,
}

/// What the agent answers.
pub enum Answer {
    /// A result of JSON-RPC, or the same document for HTTP+JSON.
    Result(Value),
    /// An error of JSON-RPC.
    Error(i64),
    /// Anything: status, media type and body.
    Raw(u16, &'static str, String),
    /// The same, with headers.
    Full(u16, Vec<(&'static str, String)>, String),
    /// A stream of events.
    Stream(Vec<Step>),
    /// An answer that begins after that time.
    After(Duration, Box<Self>),
}

/// What happens in a stream.
pub enum Step {
    /// An event: a result of JSON-RPC, or the same document for HTTP+JSON.
    Event(Value),
    /// Text as it is.
    Text(String),
    /// Nothing, for that time.
    Pause(Duration),
}

type Play = dyn Fn(AgentRequest) -> Answer + Send + Sync;

#[derive(Clone)]
struct Stage {
    play: Arc<Play>,
    times: Arc<Mutex<HashMap<String, usize>>>,
}

impl StubAgent {
    /// Starts an agent that answers like this.
    pub async fn start(play: impl Fn(AgentRequest) -> Answer + Send + Sync + 'static) -> Self {
        let stage = Stage { play: Arc::new(play), times: Arc::default() };
        let routes = Router::new().fallback(routing::any(answer)).with_state(stage);
        let server = ScriptedServer::start((Ipv4Addr::LOCALHOST, 0).into(), routes).await;
        Self(server.unwrap_or_else(|error| panic!("no agent for this test: {error:#}")))
    }

    /// The methods that were called, in order. Cards are left out.
    pub fn methods(&self) -> Vec<String> {
        let name = |request: &Received| {
            let path = request.path.split('?').next().unwrap_or_default();
            name(&request.method, path, &request.json())
        };
        self.requests().iter().map(name).filter(|name| name != CARD).collect()
    }

    /// How often a method was called.
    pub fn calls(&self, method: &str) -> usize {
        self.methods().iter().filter(|called| *called == method).count()
    }
}

impl Deref for StubAgent {
    type Target = ScriptedServer;

    fn deref(&self) -> &ScriptedServer {
        &self.0
    }
}

/// A card of protocol 1.0 for an agent at this address.
pub fn card(url: &str, streaming: bool) -> Value {
    json!({
        "name": "Stub", "description": "Plays a part.", "version": "1.0.0",
        "supportedInterfaces": [{ "url": url, "protocolBinding": "JSONRPC", "protocolVersion": "1.0" }],
        "capabilities": { "streaming": streaming },
        "defaultInputModes": ["text/plain"], "defaultOutputModes": ["text/plain"], "skills": [],
    })
}

impl AgentRequest {
    /// A header, or an empty text.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// What a request is called here.
fn name(verb: &str, path: &str, body: &Value) -> String {
    match body["method"].as_str() {
        Some(method) => method.to_owned(),
        None if verb == "GET" && path.ends_with(".json") => CARD.to_owned(),
        None => format!("{verb} {path}"),
    }
}

async fn answer(State(stage): State<Stage>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let call: Value = serde_json::from_slice(&body).unwrap_or_default();
    let name = name(method.as_str(), uri.path(), &call);
    let is_rpc = call["jsonrpc"].is_string();
    let time = {
        let mut times = stage.times.lock().unwrap_or_else(PoisonError::into_inner);
        let time = times.entry(name.clone()).or_default();
        *time += 1;
        *time
    };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("127.0.0.1");
    let mut answer = (stage.play)(AgentRequest {
        url: format!("http://{host}"),
        path: uri.path().to_owned(),
        method: name,
        params: if is_rpc { call["params"].clone() } else { call.clone() },
        query: uri.query().unwrap_or_default().to_owned(),
        body: String::from_utf8_lossy(&body).into_owned(),
        headers,
        time,
    });
    while let Answer::After(delay, next) = answer {
        tokio::time::sleep(delay).await;
        answer = *next;
    }
    written(answer, is_rpc.then(|| call["id"].clone()))
}

/// `id`: that of the call, none if it was none of JSON-RPC.
fn written(answer: Answer, id: Option<Value>) -> Response {
    let enveloped = move |result: Value| match &id {
        Some(id) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
        None => result,
    };
    let raw = |status: u16, kind: &str, body: Body| {
        let response = Response::builder().status(status).header(header::CONTENT_TYPE, kind).body(body);
        response.unwrap_or_else(|error| panic!("the stub's answer is no HTTP: {error}"))
    };
    match answer {
        Answer::Result(result) => raw(200, "application/json", enveloped(result).to_string().into()),
        Answer::Error(code) => {
            let error = json!({ "code": code, "message": "a secret reason" });
            raw(200, "application/json", json!({ "jsonrpc": "2.0", "id": 1, "error": error }).to_string().into())
        }
        Answer::Raw(status, kind, body) => raw(status, kind, body.into()),
        Answer::Full(status, headers, body) => {
            let response = Response::builder().status(status);
            let response = headers.into_iter().fold(response, |response, (name, value)| response.header(name, value));
            response.body(body.into()).unwrap_or_else(|error| panic!("the stub's answer is no HTTP: {error}"))
        }
        Answer::Stream(steps) => {
            let events = stream::unfold((steps.into_iter(), enveloped), async |(mut steps, enveloped)| {
                loop {
                    let text = match steps.next()? {
                        Step::Event(result) => format!("data: {}\n\n", enveloped(result)),
                        Step::Text(text) => text,
                        Step::Pause(pause) => {
                            tokio::time::sleep(pause).await;
                            continue;
                        }
                    };
                    return Some((Ok::<_, Infallible>(Bytes::from(text)), (steps, enveloped)));
                }
            });
            raw(200, "text/event-stream", Body::from_stream(events))
        }
        Answer::After(..) => raw(500, "text/plain", "an answer is after an answer".into()).into_response(),
    }
}
