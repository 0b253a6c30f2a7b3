//! An A2A agent whose every answer a test decides, with any timing: JSON-RPC over HTTP, protocol 1.0 unless its card says
//! otherwise. For behaviour that is unusual and allowed, which the SDKs' servers do not show.

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

/// What a card is asked for with: not a method of JSON-RPC, and counted like one.
pub const CARD: &str = "card";

/// A running agent. What it was asked is in [`ScriptedServer`], which this is one of.
#[derive(Debug)]
pub struct StubAgent(ScriptedServer);

/// What the agent is asked.
#[derive(Debug)]
pub struct Asked {
    /// Where the agent is: `http://127.0.0.1:PORT`.
    pub url: String,
    /// The path of the request.
    pub path: String,
    /// A method of JSON-RPC, or [`CARD`].
    pub method: String,
    /// The parameters.
    pub params: Value,
    /// How often this method was called, this time included.
    pub time: usize,
}

/// What the agent answers.
pub enum Answer {
    /// A result of JSON-RPC.
    Result(Value),
    /// An error of JSON-RPC.
    Error(i64),
    /// Anything: status, media type and body.
    Raw(u16, &'static str, String),
    /// A stream of events.
    Stream(Vec<Step>),
    /// An answer that begins after that time.
    After(Duration, Box<Self>),
}

/// What happens in a stream.
pub enum Step {
    /// An event: a result of JSON-RPC.
    Event(Value),
    /// Text as it is.
    Text(String),
    /// Nothing, for that time.
    Pause(Duration),
}

type Play = dyn Fn(Asked) -> Answer + Send + Sync;

#[derive(Clone)]
struct Stage {
    play: Arc<Play>,
    times: Arc<Mutex<HashMap<String, usize>>>,
}

impl StubAgent {
    /// Starts an agent that answers like this.
    pub async fn start(play: impl Fn(Asked) -> Answer + Send + Sync + 'static) -> Self {
        let stage = Stage { play: Arc::new(play), times: Arc::default() };
        let routes = Router::new().fallback(routing::any(answer)).with_state(stage);
        let server = ScriptedServer::start((Ipv4Addr::LOCALHOST, 0).into(), routes).await;
        Self(server.unwrap_or_else(|error| panic!("no agent for this test: {error:#}")))
    }

    /// The methods that were called, in order. Cards are left out.
    pub fn methods(&self) -> Vec<String> {
        let method = |call: Value| call["method"].as_str().map(str::to_owned);
        self.requests().iter().map(Received::json).filter_map(method).collect()
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

async fn answer(State(stage): State<Stage>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let call: Value = serde_json::from_slice(&body).unwrap_or_default();
    let name = if method == Method::GET { CARD } else { call["method"].as_str().unwrap_or_default() };
    let time = {
        let mut times = stage.times.lock().unwrap_or_else(PoisonError::into_inner);
        let time = times.entry(name.to_owned()).or_default();
        *time += 1;
        *time
    };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("127.0.0.1");
    let mut answer = (stage.play)(Asked {
        url: format!("http://{host}"),
        path: uri.path().to_owned(),
        method: name.to_owned(),
        params: call["params"].clone(),
        time,
    });
    while let Answer::After(delay, next) = answer {
        tokio::time::sleep(delay).await;
        answer = *next;
    }
    written(answer, &call["id"], name == CARD)
}

fn written(answer: Answer, id: &Value, is_card: bool) -> Response {
    let raw = |status: u16, kind: &str, body: Body| {
        let response = Response::builder().status(status).header(header::CONTENT_TYPE, kind).body(body);
        response.unwrap_or_else(|error| panic!("the stub's answer is no HTTP: {error}"))
    };
    match answer {
        Answer::Result(card) if is_card => raw(200, "application/json", card.to_string().into()),
        Answer::Result(result) => {
            raw(200, "application/json", json!({ "jsonrpc": "2.0", "id": id, "result": result }).to_string().into())
        }
        Answer::Error(code) => {
            let error = json!({ "code": code, "message": "a secret reason" });
            raw(200, "application/json", json!({ "jsonrpc": "2.0", "id": id, "error": error }).to_string().into())
        }
        Answer::Raw(status, kind, body) => raw(status, kind, body.into()),
        Answer::Stream(steps) => {
            let events = stream::unfold((steps.into_iter(), id.clone()), async |(mut steps, id)| {
                loop {
                    let text = match steps.next()? {
                        Step::Event(result) => {
                            format!("data: {}\n\n", json!({ "jsonrpc": "2.0", "id": id, "result": result }))
                        }
                        Step::Text(text) => text,
                        Step::Pause(pause) => {
                            tokio::time::sleep(pause).await;
                            continue;
                        }
                    };
                    return Some((Ok::<_, Infallible>(Bytes::from(text)), (steps, id)));
                }
            });
            raw(200, "text/event-stream", Body::from_stream(events))
        }
        Answer::After(..) => raw(500, "text/plain", "an answer is after an answer".into()).into_response(),
    }
}
