//! Spans for OpenTelemetry, sent by OTLP over HTTP. Set up by the standard variables (`OTEL_EXPORTER_OTLP_ENDPOINT` and
//! the rest); without an endpoint nothing is recorded and nothing costs.

mod client;
mod span;

use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use toril_job::trace::record_with;

use span::Tracing;

/// What the environment calls the endpoint, the one for traces alone first.
const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];

/// Sends the spans that are left when it is dropped.
#[must_use = "the last spans are sent when this is dropped"]
pub struct Exporting(SdkTracerProvider);

impl Drop for Exporting {
    fn drop(&mut self) {
        if let Err(error) = self.0.shutdown() {
            tracing::warn!(%error, "the last spans were not sent");
        }
    }
}

/// Records spans from now on, if the environment names an endpoint. The error says what is wrong with its settings.
pub fn start() -> Result<Option<Exporting>, String> {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    if ENDPOINTS.iter().all(|name| set(name).is_none()) || set("OTEL_SDK_DISABLED").is_some_and(|value| value == "true")
    {
        return Ok(None);
    }
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(client::Client::new())
        .with_protocol(Protocol::HttpBinary)
        .build()
        .map_err(|error| format!("spans cannot be exported: {error}. Look at the variables OTEL_EXPORTER_OTLP_…"))?;
    let mut resource = Resource::builder().with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")));
    if set("OTEL_SERVICE_NAME").is_none() {
        resource = resource.with_service_name("toril");
    }
    let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource.build()).build();
    let _only_set_here = record_with(Box::new(Tracing(provider.tracer("toril"))));
    Ok(Some(Exporting(provider)))
}
