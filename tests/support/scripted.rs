//! A server whose next responses a test sets, and that records its requests.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use axum::Router;
use axum::body::{self, Body};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// The largest request body.
const LARGEST: usize = 16 * 1024 * 1024;

/// A server on 127.0.0.1. Dropping it ends it.
#[derive(Debug)]
pub struct ScriptedServer {
    url: String,
    script: Script,
    task: JoinHandle<()>,
}

/// A received request.
#[derive(Clone, Debug)]
pub struct Received {
    /// The method, such as `GET`.
    pub method: String,
    /// The path with the query, if there is one.
    pub path: String,
    /// The names, in lower case, and values of its headers.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: String,
}

impl Received {
    /// The first header of this name. The name must be in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON, or null.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

impl ScriptedServer {
    /// Serves these routes at an address. Port 0 is a free port.
    pub(crate) async fn start(address: SocketAddr, routes: Router) -> Result<Self> {
        let listener = TcpListener::bind(address).await.with_context(|| format!("could not listen on {address}"))?;
        let url = format!("http://{}", listener.local_addr()?);
        let script = Script::default();
        let routes = routes.layer(middleware::from_fn_with_state(script.clone(), follow));
        let task = tokio::spawn(async move {
            let _ = axum::serve(listener, routes).await;
        });
        Ok(Self { url, script, task })
    }

    /// Its URL: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Answers the next request with this instead. Several calls apply to as many requests, in order.
    pub fn respond_next(&self, status: u16, headers: &[(&str, &str)], body: impl ToString) {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let canned = Canned { status, headers, body: body.to_string() };
        self.script.lock().next.push_back(Step { delay: Duration::ZERO, answer: Some(canned) });
    }

    /// Delays the usual response to the next request.
    pub fn delay_next(&self, delay: Duration) {
        self.script.lock().next.push_back(Step { delay, answer: None });
    }

    /// All requests so far, in order.
    pub fn requests(&self) -> Vec<Received> {
        self.script.lock().received.clone()
    }

    /// Forgets all requests, and the responses that were not used.
    pub fn reset(&self) {
        *self.script.lock() = Plan::default();
    }
}

impl Drop for ScriptedServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[derive(Clone, Debug, Default)]
struct Script(Arc<Mutex<Plan>>);

#[derive(Debug, Default)]
struct Plan {
    next: VecDeque<Step>,
    received: Vec<Received>,
}

#[derive(Debug)]
struct Step {
    delay: Duration,
    /// `None`: the server's usual response.
    answer: Option<Canned>,
}

#[derive(Debug)]
struct Canned {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Script {
    fn lock(&self) -> MutexGuard<'_, Plan> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Records a request, and answers it as the test has set.
async fn follow(State(script): State<Script>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = body::to_bytes(body, LARGEST).await else { return StatusCode::BAD_REQUEST.into_response() };
    let value = |value: &axum::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let received = Received {
        method: parts.method.to_string(),
        path: parts.uri.path_and_query().map_or_else(String::new, ToString::to_string),
        headers: parts.headers.iter().map(|(name, content)| (name.to_string(), value(content))).collect(),
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    let step = {
        let mut plan = script.lock();
        plan.received.push(received);
        plan.next.pop_front()
    };
    let Some(step) = step else { return next.run(Request::from_parts(parts, Body::from(body))).await };
    tokio::time::sleep(step.delay).await;
    match step.answer {
        Some(canned) => canned.into_response(),
        None => next.run(Request::from_parts(parts, Body::from(body))).await,
    }
}

impl IntoResponse for Canned {
    fn into_response(self) -> Response {
        let mut response = Response::builder().status(self.status);
        for (name, value) in self.headers {
            response = response.header(name, value);
        }
        // A test that sets an invalid response sees this message instead.
        response.body(Body::from(self.body)).unwrap_or_else(|error| {
            (StatusCode::INTERNAL_SERVER_ERROR, format!("the test's response is not valid HTTP: {error}"))
                .into_response()
        })
    }
}
