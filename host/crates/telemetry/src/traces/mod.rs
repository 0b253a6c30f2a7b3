//! OpenTelemetry spans, exported by OTLP over HTTP. The standard variables (`OTEL_EXPORTER_OTLP_ENDPOINT` and others)
//! configure them. Without an endpoint, nothing is recorded and there is no overhead.

mod client;
mod span;

use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use toril_job::trace::record_with;

use span::Tracing;

/// The variables that can contain the endpoint. The one for traces only takes precedence.
const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];

/// Exports the remaining spans when it is dropped.
#[must_use = "the last spans are sent when this is dropped"]
pub struct Exporting(SdkTracerProvider);

impl Drop for Exporting {
    fn drop(&mut self) {
        if let Err(error) = self.0.shutdown() {
            tracing::warn!(%error, "the last spans were not sent");
        }
    }
}

/// Starts recording spans if the environment sets an endpoint. The error says which setting is not valid.
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
