//! A job as it was claimed: the fields of its hash that count for running and settling it, read once.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use redis::Value as Reply;
use serde::de::Visitor;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::backoff::Backoff;

/// What `claim.lua` answers of a job, in this order: fields of its hash, the end of its token, and its id.
pub(super) const FIELDS: usize = 15;

/// A claimed job.
#[derive(Debug)]
pub struct Claimed {
    /// Its id.
    pub id: String,
    /// What its lock holds.
    pub token: String,
    /// Its name.
    pub name: String,
    /// Its payload, as it was written: mostly, but not surely, JSON.
    pub data: Arc<str>,
    /// Its options.
    pub options: Options,
    /// When it was added, in milliseconds since the Unix epoch.
    pub added_at: u64,
    /// How many attempts were counted before this one.
    pub attempts_made: u32,
    /// How many times it was started, this time included.
    pub attempts_started: u32,
    /// When it was claimed, in milliseconds since the Unix epoch.
    pub processed_on: u64,
    /// The key of its parent in a flow.
    pub parent_key: Option<String>,
    /// Which scheduler made it.
    pub scheduler: Option<String>,
    /// It has failed already, for this reason: as a parent of a failed child, or since it stalled too often.
    pub failed_already: Option<String>,
    /// The traces of its failures so far, as JSON.
    pub traces: Option<String>,
    /// Whether what happens at its end is more than `settle.lua` does: it has a parent or a deduplication id.
    pub is_linked: bool,
}

impl Claimed {
    /// Reads one job of what `claim.lua` answers. None: it is not what that answers.
    pub fn read(reply: &Reply, token: &str, processed_on: u64) -> Option<Self> {
        let Reply::BulkString(packed) = reply else { return None };
        let fields: [Field; FIELDS] = rmp_serde::from_slice(packed).ok()?;
        let mut fields = fields.into_iter().map(|field| field.0);
        let mut field = || fields.next().flatten();
        let (name, data, options) = (field(), field(), field());
        let (added_at, made, started) = (field(), field(), field());
        let (parent_key, parent, deduplication) = (field(), field(), field());
        let (scheduler, failed_already, traces) = (field(), field(), field());
        // Before its version 5, BullMQ had another name.
        let (made_before, number, id) = (field(), field()?, field()?);
        let count = |text: Option<String>| text.and_then(|text| text.parse().ok());
        Some(Self {
            token: format!("{token}:{number}"),
            id,
            name: name.unwrap_or_default(),
            // As the other clients read it.
            data: data.map_or_else(|| Arc::from("{}"), Arc::from),
            options: options.as_deref().map(Options::read).unwrap_or_default(),
            added_at: added_at.and_then(|text| text.parse().ok()).unwrap_or(0),
            attempts_made: count(made).or_else(|| count(made_before)).unwrap_or(0),
            attempts_started: count(started).unwrap_or(1),
            processed_on,
            is_linked: parent_key.is_some() || parent.is_some() || deduplication.is_some(),
            parent_key,
            scheduler,
            failed_already,
            traces,
        })
    }

    /// Whether an attempt remains after this one.
    pub fn may_retry(&self) -> bool {
        self.attempts_made + 1 < self.options.attempts.unwrap_or(1)
    }

    /// For how long a job that is claimed for the first time could have run: since it was added, or since its delay was
    /// over.
    pub fn waited(&self) -> Option<Duration> {
        let due = self.added_at.saturating_add(self.options.delay);
        (self.attempts_started <= 1).then(|| Duration::from_millis(self.processed_on.saturating_sub(due)))
    }
}

#[cfg(test)]
impl Claimed {
    /// A job of no importance.
    pub fn sample() -> Self {
        Self {
            id: "1".into(),
            token: "t:1".into(),
            name: "n".into(),
            data: "{}".into(),
            options: Options::default(),
            added_at: 0,
            attempts_made: 0,
            attempts_started: 1,
            processed_on: 0,
            parent_key: None,
            scheduler: None,
            failed_already: None,
            traces: None,
            is_linked: false,
        }
    }
}

/// A field of a job, if it is there. Text that is no UTF-8 is read as far as it is.
struct Field(Option<String>);

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FieldVisitor)
    }
}

struct FieldVisitor;

impl Visitor<'_> for FieldVisitor {
    type Value = Field;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text, or false")
    }

    fn visit_bool<E>(self, _there: bool) -> Result<Field, E> {
        Ok(Field(None))
    }

    fn visit_str<E>(self, text: &str) -> Result<Field, E> {
        Ok(Field(Some(text.to_owned())))
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Field, E> {
        Ok(Field(Some(String::from_utf8_lossy(bytes).into_owned())))
    }
}

/// What a job's `opts` say that counts once it is claimed. Read by itself, since the BullMQ crate's own type drops some
/// of it; an option that makes no sense is as if it were not there.
#[derive(Debug, Default)]
pub struct Options {
    /// How many attempts it has in all.
    pub attempts: Option<u32>,
    /// How its attempts are spaced.
    pub backoff: Option<Backoff>,
    /// In milliseconds, when it was added.
    pub delay: u64,
    /// Which completed jobs are kept.
    pub remove_on_complete: Keep,
    /// Which failed jobs are kept.
    pub remove_on_fail: Keep,
    /// How many lines of its log are kept. None: all.
    pub keep_logs: Option<u32>,
    /// How many traces are kept. None: BullMQ's default.
    pub stack_trace_limit: Option<u32>,
    /// Whether it goes first when it is tried again at once.
    pub lifo: bool,
    /// The trace context that its producer stored, as text of the telemetry's own.
    pub trace_context: Option<String>,
    /// The whole, where a scheduler made the job: its next one has the same.
    pub template: Option<Value>,
}

impl Options {
    /// Reads the field `opts`.
    pub fn read(text: &str) -> Self {
        let Ok(Value::Object(opts)) = serde_json::from_str(text) else { return Self::default() };
        let number = |name: &str| opts.get(name).and_then(whole);
        let small = |name: &str| number(name).and_then(|number| u32::try_from(number).ok());
        let flag = |name: &str| opts.get(name).and_then(Value::as_bool).unwrap_or(false);
        let mut options = Self {
            attempts: small("attempts"),
            delay: number("delay").and_then(|number| u64::try_from(number).ok()).unwrap_or(0),
            remove_on_complete: opts.get("removeOnComplete").map(Keep::read).unwrap_or_default(),
            remove_on_fail: opts.get("removeOnFail").map(Keep::read).unwrap_or_default(),
            keep_logs: small("kl").filter(|lines| *lines > 0),
            stack_trace_limit: small("stackTraceLimit"),
            lifo: flag("lifo"),
            ..Self::default()
        };
        options.trace_context = opts.get("tm").and_then(Value::as_str).map(str::to_owned);
        options.backoff = opts.get("backoff").and_then(|backoff| Backoff::deserialize(backoff).ok());
        if opts.contains_key("repeat") {
            options.template = Some(Value::Object(opts));
        }
        options
    }
}

fn whole(value: &Value) -> Option<i64> {
    #[allow(clippy::cast_possible_truncation)] // saturates, and no option is as large
    value.as_i64().or_else(|| value.as_f64().map(|number| number as i64))
}

/// Which ended jobs stay in Redis. The default is all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keep {
    /// So many of the newest. None, and less than 0: any number. 0: not even this one.
    pub count: Option<i64>,
    /// Those of the last so many seconds.
    pub age: Option<i64>,
    /// The most that are removed at once for their age.
    pub limit: Option<i64>,
}

impl Keep {
    /// `true` keeps none, a number that many, and an object says more.
    fn read(value: &Value) -> Self {
        match value {
            Value::Bool(true) => Self { count: Some(0), ..Self::default() },
            Value::Number(_) => Self { count: whole(value), ..Self::default() },
            Value::Object(keep) => {
                let number = |name: &str| keep.get(name).and_then(whole);
                Self { count: number("count"), age: number("age"), limit: number("limit") }
            }
            _ => Self::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_keeping_is_read() {
        let keep = |text: &str| Options::read(&format!(r#"{{"removeOnComplete":{text}}}"#)).remove_on_complete;
        let count = |count| Keep { count: Some(count), ..Keep::default() };
        assert_eq!(
            (keep("true"), keep("false"), keep("7"), keep("-1")),
            (count(0), Keep::default(), count(7), count(-1))
        );
        assert_eq!(keep(r#"{"age":60,"limit":5}"#), Keep { count: None, age: Some(60), limit: Some(5) });
        assert_eq!(keep("null"), Keep::default());
    }

    #[test]
    fn one_option_without_sense_takes_no_other_with_it() {
        let options =
            Options::read(r#"{"attempts":3,"backoff":{"type":7},"kl":"many","stackTraceLimit":1.0,"tm":"ctx"}"#);
        assert_eq!((options.attempts, options.keep_logs, options.stack_trace_limit), (Some(3), None, Some(1)));
        assert!(options.backoff.is_none());
        assert_eq!(options.trace_context.as_deref(), Some("ctx"));
    }
}
