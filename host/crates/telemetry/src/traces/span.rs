//! One span, and the context that goes from span to span: in a job's options as BullMQ's clients store it, and in the
//! headers of requests (W3C Trace Context).

use std::collections::HashMap;

use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{SpanKind, Status, TraceContextExt, Tracer};
use opentelemetry::{Context, KeyValue, Value};
use opentelemetry_sdk::propagation::TraceContextPropagator;

use super::TRACER;

/// A context on its way: `traceparent` and, where there is one, `tracestate`.
pub type Carrier = HashMap<String, String>;

/// What a span stands for.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Something that happens in the host.
    Internal,
    /// A job that is worked.
    Consumer,
    /// A request that is sent.
    Client,
}

/// A span that has begun, or none where nothing is recorded. Copies stand for the same span.
#[derive(Clone, Debug, Default)]
pub struct Trace(Option<Context>);

impl Trace {
    /// Whether spans are recorded in this process.
    pub fn is_on() -> bool {
        TRACER.get().is_some()
    }

    /// Begins a span that belongs to whatever `carrier` tells of, or to nothing.
    pub fn begin(name: String, kind: Kind, carrier: Option<&Carrier>) -> Self {
        let parent = carrier.map_or_else(Context::new, |carrier| TraceContextPropagator::new().extract(carrier));
        Self::under(&parent, name, kind)
    }

    /// Begins a span within this one.
    pub fn child(&self, name: impl Into<String>, kind: Kind) -> Self {
        match &self.0 {
            Some(parent) => Self::under(parent, name.into(), kind),
            None => Self(None),
        }
    }

    fn under(parent: &Context, name: String, kind: Kind) -> Self {
        let Some(tracer) = TRACER.get() else { return Self(None) };
        let kind = match kind {
            Kind::Internal => SpanKind::Internal,
            Kind::Consumer => SpanKind::Consumer,
            Kind::Client => SpanKind::Client,
        };
        let span = tracer.span_builder(name).with_kind(kind).start_with_context(tracer, parent);
        Self(Some(parent.with_span(span)))
    }

    /// Says something about it. Never a payload or a secret.
    pub fn note(&self, key: &'static str, value: impl Into<Value>) {
        if let Some(context) = &self.0 {
            context.span().set_attribute(KeyValue::new(key, value));
        }
    }

    /// Says that what it stands for failed, and with what kind of failure.
    pub fn fail(&self, kind: &'static str) {
        if let Some(context) = &self.0 {
            context.span().set_attribute(KeyValue::new("error.type", kind));
            context.span().set_status(Status::error(kind));
        }
    }

    /// Ends it now, rather than when the last copy is gone.
    pub fn end(&self) {
        if let Some(context) = &self.0 {
            context.span().end();
        }
    }

    /// Its context, to be sent along.
    pub fn carrier(&self) -> Option<Carrier> {
        let context = self.0.as_ref()?;
        let mut carrier = Carrier::new();
        TraceContextPropagator::new().inject_context(context, &mut carrier);
        // What is empty says nothing.
        carrier.retain(|_, value| !value.is_empty());
        Some(carrier)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_nothing_is_recorded_nothing_is_sent_along() {
        let trace = Trace::begin("process work".into(), Kind::Consumer, None);
        trace.note("bullmq.job.id", "1");
        assert!(trace.carrier().is_none() && trace.child("guest", Kind::Internal).carrier().is_none());
    }
}
