//! A trace collector: receives OTLP over HTTP, and keeps the spans.

use std::net::Ipv4Addr;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::{Router, routing};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;

use crate::scripted::ScriptedServer;
use crate::wait::{LONG, wait_until};

/// A running collector.
#[derive(Debug)]
pub struct Collector {
    server: ScriptedServer,
    spans: Spans,
}

type Spans = Arc<Mutex<Vec<Received>>>;

/// A span, and the service that sent it.
#[derive(Clone, Debug)]
pub struct Received {
    /// `service.name`.
    pub service: String,
    /// The span.
    pub span: Span,
}

impl Received {
    /// An attribute as text. `None` if it does not exist.
    pub fn attribute(&self, key: &str) -> Option<String> {
        text(self.span.attributes.iter().find(|attribute| attribute.key == key)?.value.as_ref()?.value.as_ref()?)
    }

    /// The id of its trace, in hexadecimal digits.
    pub fn trace_id(&self) -> String {
        hex::encode(&self.span.trace_id)
    }

    /// Its own id, in hexadecimal digits.
    pub fn id(&self) -> String {
        hex::encode(&self.span.span_id)
    }

    /// The id of its parent span, in hexadecimal digits.
    pub fn parent_id(&self) -> String {
        hex::encode(&self.span.parent_span_id)
    }
}

impl Collector {
    /// Collects on a free port of 127.0.0.1.
    pub async fn start() -> Self {
        let spans = Spans::default();
        let routes = Router::new().route("/v1/traces", routing::post(collect)).with_state(spans.clone());
        let server = ScriptedServer::start((Ipv4Addr::LOCALHOST, 0).into(), routes).await;
        Self { server: server.unwrap_or_else(|error| panic!("could not start the test's collector: {error:#}")), spans }
    }

    /// Waits for a span of this name.
    pub async fn span(&self, name: &str) -> Received {
        let named = async || self.spans().into_iter().find(|received| received.span.name == name);
        wait_until(&format!("the span {name:?}"), LONG, named).await
    }

    /// All spans so far.
    pub fn spans(&self) -> Vec<Received> {
        self.spans.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Deref for Collector {
    type Target = ScriptedServer;

    fn deref(&self) -> &ScriptedServer {
        &self.server
    }
}

async fn collect(State(spans): State<Spans>, body: Bytes) -> StatusCode {
    let Ok(request) = ExportTraceServiceRequest::decode(body) else { return StatusCode::BAD_REQUEST };
    let mut kept = spans.lock().unwrap_or_else(PoisonError::into_inner);
    for group in request.resource_spans {
        let attributes = group.resource.map(|resource| resource.attributes).unwrap_or_default();
        let name = attributes.iter().find(|attribute| attribute.key == "service.name");
        let service = name.and_then(|name| text(name.value.as_ref()?.value.as_ref()?)).unwrap_or_default();
        let spans = group.scope_spans.into_iter().flat_map(|scope| scope.spans);
        kept.extend(spans.map(|span| Received { service: service.clone(), span }));
    }
    StatusCode::OK
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::StringValue(text) => Some(text.clone()),
        Value::IntValue(number) => Some(number.to_string()),
        _ => None,
    }
}
