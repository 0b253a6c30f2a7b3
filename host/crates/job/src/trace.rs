//! Spans: what one piece of work is a part of. This module knows no exporter. A process that records spans calls
//! [`record_with`]; in every other process a [`Trace`] is empty and costs nothing.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::{Arc, OnceLock};

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
    /// Begins a span that belongs to the context in `carrier`, or to none.
    fn begin(&self, name: String, kind: Kind, carrier: Option<&Carrier>) -> Arc<dyn Span>;
}

/// A span that has begun. It ends when it is dropped, if [`end`](Self::end) was not called before.
pub trait Span: Debug + Send + Sync {
    /// Begins a span within this one.
    fn child(&self, name: String, kind: Kind) -> Arc<dyn Span>;
    /// Sets an attribute.
    fn note(&self, key: &'static str, value: Value);
    /// Marks it as failed with this kind of failure.
    fn fail(&self, kind: &'static str);
    /// Ends it now.
    fn end(&self);
    /// Its context.
    fn carrier(&self) -> Carrier;
}

/// Who records the spans of this process. Empty: nobody.
static RECORDER: OnceLock<Box<dyn Recorder>> = OnceLock::new();

/// Records the spans of this process from now on. Only the first call has an effect; the answer is whether this is it.
pub fn record_with(recorder: Box<dyn Recorder>) -> bool {
    RECORDER.set(recorder).is_ok()
}

/// A span that has begun, or none where nothing is recorded. Copies stand for the same span.
#[derive(Clone, Debug, Default)]
pub struct Trace(Option<Arc<dyn Span>>);

impl Trace {
    /// Whether spans are recorded in this process.
    pub fn is_on() -> bool {
        RECORDER.get().is_some()
    }

    /// Begins a span that belongs to the context in `carrier`, or to none.
    pub fn begin(name: String, kind: Kind, carrier: Option<&Carrier>) -> Self {
        Self(RECORDER.get().map(|recorder| recorder.begin(name, kind, carrier)))
    }

    /// Begins a span within this one.
    pub fn child(&self, name: impl Into<String>, kind: Kind) -> Self {
        Self(self.0.as_ref().map(|parent| parent.child(name.into(), kind)))
    }

    /// Sets an attribute. Never a payload or a secret.
    pub fn note(&self, key: &'static str, value: impl Into<Value>) {
        if let Some(span) = &self.0 {
            span.note(key, value.into());
        }
    }

    /// Marks it as failed, with the kind of failure.
    pub fn fail(&self, kind: &'static str) {
        if let Some(span) = &self.0 {
            span.fail(kind);
        }
    }

    /// Ends it now, rather than when the last copy is gone.
    pub fn end(&self) {
        if let Some(span) = &self.0 {
            span.end();
        }
    }

    /// Its context, to be sent along.
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
