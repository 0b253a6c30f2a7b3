//! A claimed job: the fields of its hash that are needed to run and settle it. They are read once.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use redis::Value as Reply;
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::js;

mod details;
mod options;

use details::Details;
pub use options::{Keep, Options};
use toril_job::JobId;

/// The value of a job's lock. It is different for each claim of a job.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct LockToken(String);

impl LockToken {
    /// The value in Redis.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
impl From<&str> for LockToken {
    fn from(value: &str) -> Self {
        Self(value.to_owned())
    }
}

/// A claimed job.
#[derive(Debug)]
pub struct Claimed {
    /// Its id.
    pub id: JobId,
    /// The value of its lock.
    pub token: LockToken,
    /// Its name.
    pub name: String,
    /// Its payload as the producer wrote it. Usually this is JSON, but not always.
    pub data: Arc<str>,
    /// Its options.
    pub options: Options,
    /// When it was added, in milliseconds since the Unix epoch.
    pub added_at: u64,
    /// How many attempts were counted before this one.
    pub attempts_made: u32,
    /// How often it was started, including this time.
    pub attempts_started: u32,
    /// When it was claimed, in milliseconds since the Unix epoch.
    pub processed_on: u64,
    /// When it was claimed the time before.
    pub processed_before: Option<u64>,
    /// The key of its parent in a flow.
    pub parent_key: Option<String>,
    /// The job scheduler that created it.
    pub scheduler: Option<String>,
    /// Why it has failed already: a child failed, or the job stalled too often.
    pub failed_already: Option<String>,
    /// The stack traces of its failures so far, as JSON.
    pub traces: Option<String>,
    /// Whether its end needs more than `settle.lua` does: it has a parent or a deduplication id.
    pub is_linked: bool,
    /// The fields that only a plugin can ask for.
    pub details: Details,
}

impl Claimed {
    /// Reads one job from the answer of `claim.lua`: its id, the end of its token, how often it was started, and the
    /// fields of its hash with their names, as MessagePack. Long data follows as a second string. `None`: the answer
    /// has another format.
    pub fn read(reply: &Reply, token: &str, processed_on: u64) -> Option<Self> {
        let (packed, long) = match reply {
            Reply::BulkString(packed) => (packed, None),
            Reply::Array(pieces) => match pieces.as_slice() {
                [Reply::BulkString(packed), Reply::BulkString(data)] => (packed, Some(data)),
                _ => return None,
            },
            _ => return None,
        };
        let mut packed = rmp_serde::Deserializer::from_read_ref(packed);
        let id = JobId::new(Text::deserialize(&mut packed).ok()?.0);
        let nth = Text::deserialize(&mut packed).ok()?.0;
        let mut job = Self {
            id,
            token: LockToken(format!("{token}:{nth}")),
            name: String::new(),
            // The default that other clients assume.
            data: Arc::from("{}"),
            options: Options::default(),
            added_at: 0,
            attempts_made: 0,
            attempts_started: u32::deserialize(&mut packed).ok()?,
            processed_on,
            processed_before: None,
            parent_key: None,
            scheduler: None,
            failed_already: None,
            traces: None,
            is_linked: false,
            details: Details::default(),
        };
        packed.deserialize_seq(Fields(&mut job)).ok()?;
        if let Some(data) = long {
            job.data = Arc::from(String::from_utf8_lossy(data));
        }
        Some(job)
    }

    fn set(&mut self, name: &str, value: Cow<'_, str>) {
        match name {
            "name" => self.name = value.into_owned(),
            "data" => self.data = Arc::from(value),
            "opts" => {
                self.options = Options::read(&value);
                self.details.options = Some(value.into_owned());
            }
            "timestamp" => self.added_at = js::field(&value),
            // The script reads the fields before the claim writes its own.
            "processedOn" => self.processed_before = value.parse().ok(),
            "atm" => self.attempts_made = count(&value),
            // The name of this field before BullMQ 5.
            "attemptsMade" if self.attempts_made == 0 => self.attempts_made = count(&value),
            "parentKey" => (self.parent_key, self.is_linked) = (Some(value.into_owned()), true),
            "parent" => (self.details.parent, self.is_linked) = (Some(value.into_owned()), true),
            "deid" => (self.details.deduplication_id, self.is_linked) = (Some(value.into_owned()), true),
            "rjk" => self.scheduler = Some(value.into_owned()),
            "defa" => self.failed_already = Some(value.into_owned()),
            "stacktrace" => self.traces = Some(value.into_owned()),
            "failedReason" => self.details.failed_reason = Some(value.into_owned()),
            "progress" => self.details.progress = Some(value.into_owned()),
            "stc" => self.details.stalls = count(&value),
            "priority" => self.details.priority = count(&value),
            "delay" => self.details.delay = js::field(&value),
            _ => {}
        }
    }

    /// Whether it belongs to a schedule.
    pub fn is_scheduled(&self) -> bool {
        self.scheduler.is_some() || self.options.template.is_some()
    }

    /// Whether an attempt remains after this one. `max_started` limits how often the queue's jobs may be started.
    pub fn may_retry(&self, max_started: Option<u32>) -> bool {
        self.attempts_made.saturating_add(1) < self.options.attempts.unwrap_or(1)
            && max_started.is_none_or(|most| self.attempts_started < most)
    }

    /// How long a job that is claimed for the first time has waited, counted from when it was added or from the end of
    /// its delay.
    pub fn waited(&self) -> Option<Duration> {
        let due = self.added_at.saturating_add(self.options.delay);
        (self.attempts_started <= 1).then(|| Duration::from_millis(self.processed_on.saturating_sub(due)))
    }
}

#[cfg(test)]
impl Claimed {
    /// A job for tests.
    pub fn sample() -> Self {
        Self {
            id: "1".into(),
            token: LockToken::from("t:1"),
            name: "n".into(),
            data: "{}".into(),
            options: Options::default(),
            added_at: 0,
            attempts_made: 0,
            attempts_started: 1,
            processed_on: 0,
            processed_before: None,
            parent_key: None,
            scheduler: None,
            failed_already: None,
            traces: None,
            is_linked: false,
            details: Details::default(),
        }
    }
}

/// The fields of a job's hash, each after its name.
struct Fields<'a>(&'a mut Claimed);

impl<'de> Visitor<'de> for Fields<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the fields of a job")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        while let Some(name) = fields.next_element::<Text<'_>>()? {
            let value = fields.next_element::<Text<'_>>()?.ok_or_else(|| Error::custom("a field without a value"))?;
            self.0.set(&name.0, value.0);
        }
        Ok(())
    }
}

/// A text from Redis. Invalid UTF-8 is replaced. A number is converted to text.
struct Text<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text, or a number")
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Text(Cow::Owned(number.to_string())))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Text(Cow::Owned(text.to_owned())))
    }

    fn visit_borrowed_bytes<E>(self, bytes: &'de [u8]) -> Result<Self::Value, E> {
        Ok(Text(String::from_utf8_lossy(bytes)))
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Self::Value, E> {
        Ok(Text(Cow::Owned(String::from_utf8_lossy(bytes).into_owned())))
    }
}

/// Reads a field that counts attempts.
fn count(text: &str) -> u32 {
    u32::try_from(js::field(text)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_tried_again_as_often_as_in_node() {
        // Node's condition for each case: `attemptsMade + 1 < attempts`.
        for (made, stored, again) in [("0", "9.007199254741e+15", true), ("1", "2.5", true), ("2", "2.5", false)] {
            let mut job =
                Claimed { options: Options::read(&format!(r#"{{"attempts":{stored}}}"#)), ..Claimed::sample() };
            job.set("atm", made.into());
            assert_eq!(job.may_retry(None), again, "{made} of {stored}");
        }
    }
}
