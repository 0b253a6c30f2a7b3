//! OpenTelemetry spans behind the traits of [`toril_job::trace`]. The trace context is propagated in a job's options,
//! in the same format as BullMQ's clients, and in the headers of requests (W3C Trace Context).

use std::sync::Arc;

use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{SpanKind, Status, TraceContextExt, Tracer};
use opentelemetry::{Context, KeyValue, Value as Attribute};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracer;
use toril_job::trace::{Carrier, Kind, Recorder, Span, Value};

/// Starts spans with a tracer.
pub struct Tracing(pub SdkTracer);

impl Recorder for Tracing {
    fn begin(&self, name: String, kind: Kind, carrier: Option<&Carrier>) -> Arc<dyn Span> {
        let parent = carrier.map_or_else(Context::new, |carrier| TraceContextPropagator::new().extract(carrier));
        Arc::new(Begun::under(&self.0, &parent, name, kind))
    }
}

/// A started span.
#[derive(Debug)]
struct Begun {
    context: Context,
    tracer: SdkTracer,
}

impl Begun {
    fn under(tracer: &SdkTracer, parent: &Context, name: String, kind: Kind) -> Self {
        let kind = match kind {
            Kind::Internal => SpanKind::Internal,
            Kind::Consumer => SpanKind::Consumer,
            Kind::Client => SpanKind::Client,
        };
        let span = tracer.span_builder(name).with_kind(kind).start_with_context(tracer, parent);
        Self { context: parent.with_span(span), tracer: tracer.clone() }
    }
}

impl Span for Begun {
    fn child(&self, name: String, kind: Kind) -> Arc<dyn Span> {
        Arc::new(Self::under(&self.tracer, &self.context, name, kind))
    }

    fn note(&self, key: &'static str, value: Value) {
        let value: Attribute = match value {
            Value::Text(text) => text.into(),
            Value::Number(number) => number.into(),
        };
        self.context.span().set_attribute(KeyValue::new(key, value));
    }

    fn fail(&self, kind: &'static str) {
        self.context.span().set_attribute(KeyValue::new("error.type", kind));
        self.context.span().set_status(Status::error(kind));
    }

    fn end(&self) {
        self.context.span().end();
    }

    fn carrier(&self) -> Carrier {
        let mut carrier = Carrier::new();
        TraceContextPropagator::new().inject_context(&self.context, &mut carrier);
        // Empty values carry no information.
        carrier.retain(|_, value| !value.is_empty());
        carrier
    }
}
