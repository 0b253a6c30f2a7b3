//! Trace spans. This module knows no exporter. A process that records spans calls [`record_with`]; in every other
//! process a [`Trace`] is empty and costs nothing.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::{Arc, OnceLock};

/// A trace context in transit: `traceparent`, and `tracestate` if there is one.
pub type Carrier = HashMap<String, String>;

/// The kind of a span.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Work inside the host.
    Internal,
    /// The processing of a job.
    Consumer,
    /// An outgoing request.
    Client,
}

/// The value of a span's attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A text.
    Text(Cow<'static, str>),
    /// A whole number.
    Number(i64),
}

impl From<&'static str> for Value {
    fn from(text: &'static str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

/// Records spans.
pub trait Recorder: Send + Sync {
    /// Starts a span. Its parent is the context in `carrier`; without one it is a root span.
    fn begin(&self, name: String, kind: Kind, carrier: Option<&Carrier>) -> Arc<dyn Span>;
}

/// A started span. It ends when it is dropped, unless [`end`](Self::end) was called before.
pub trait Span: Debug + Send + Sync {
    /// Starts a child span.
    fn child(&self, name: String, kind: Kind) -> Arc<dyn Span>;
    /// Sets an attribute.
    fn note(&self, key: &'static str, value: Value);
    /// Marks the span as failed with this kind of failure.
    fn fail(&self, kind: &'static str);
    /// Ends the span now.
    fn end(&self);
    /// The span's context, for propagation.
    fn carrier(&self) -> Carrier;
}

/// The recorder of this process. Empty if spans are not recorded.
static RECORDER: OnceLock<Box<dyn Recorder>> = OnceLock::new();

/// Sets the recorder of this process. Only the first call has an effect; it returns true.
pub fn record_with(recorder: Box<dyn Recorder>) -> bool {
    RECORDER.set(recorder).is_ok()
}

/// A started span, or nothing if this process records no spans. Clones refer to the same span.
#[derive(Clone, Debug, Default)]
pub struct Trace(Option<Arc<dyn Span>>);

impl Trace {
    /// Whether spans are recorded in this process.
    pub fn is_on() -> bool {
        RECORDER.get().is_some()
    }

    /// Starts a span. Its parent is the context in `carrier`; without one it is a root span.
    pub fn begin(name: String, kind: Kind, carrier: Option<&Carrier>) -> Self {
        Self(RECORDER.get().map(|recorder| recorder.begin(name, kind, carrier)))
    }

    /// Starts a child span.
    pub fn child(&self, name: impl Into<String>, kind: Kind) -> Self {
        Self(self.0.as_ref().map(|parent| parent.child(name.into(), kind)))
    }

    /// Sets an attribute. Never pass a payload or a secret.
    pub fn note(&self, key: &'static str, value: impl Into<Value>) {
        if let Some(span) = &self.0 {
            span.note(key, value.into());
        }
    }

    /// Marks the span as failed with this kind of failure.
    pub fn fail(&self, kind: &'static str) {
        if let Some(span) = &self.0 {
            span.fail(kind);
        }
    }

    /// Ends the span now, instead of when the last clone is dropped.
    pub fn end(&self) {
        if let Some(span) = &self.0 {
            span.end();
        }
    }

    /// The span's context, for propagation.
    pub fn carrier(&self) -> Option<Carrier> {
        self.0.as_ref().map(|span| span.carrier())
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
