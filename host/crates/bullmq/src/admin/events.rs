//! BullMQ's event stream of a queue: following it, and removing old events.

use std::time::Duration;

use redis::AsyncConnectionConfig;
use redis::aio::MultiplexedConnection;
use redis::streams::{StreamReadOptions, StreamReadReply};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::error::AdminError;
use super::handle::Admin;
use super::redact::Redaction;
use super::reply::lossy;
use crate::access::{ConnectError, SharedRedis};
use toril_job::QueueName;

/// How long one read waits for events, in milliseconds. A lost connection can go unnoticed for this time.
const BLOCK: usize = 5000;
/// The most events that one read returns.
const BATCH: usize = 100;
/// The pause between two attempts while Redis is away.
const PAUSE: Duration = Duration::from_secs(1);

/// Something that happened in a queue.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// Its place in the stream: Redis' time in milliseconds, and a number.
    pub id: String,
    /// What happened: `added`, `waiting`, `active`, `completed`, `failed`, `progress`, `delayed`, …
    pub event: String,
    /// The job, where it is about one.
    pub job_id: Option<String>,
    /// What else BullMQ says of it, redacted.
    pub fields: Map<String, Value>,
}

/// Events that were removed.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct Trimmed {
    /// How many.
    pub removed: u64,
}

/// The events of a queue, one after the other.
pub struct Events {
    redis: SharedRedis,
    queue: QueueName,
    stream: String,
    last: String,
    redaction: Redaction,
    connection: Option<MultiplexedConnection>,
    read: std::collections::VecDeque<Event>,
    /// Whether the last read failed, so that an outage is logged only once.
    failing: bool,
}

impl Admin {
    /// Follows a queue from now on, or after the event with this id. It uses its own connection.
    pub async fn events(&self, queue: &QueueName, after: Option<&str>) -> Result<Events, AdminError> {
        let keys = self.keys(queue).await?;
        let stream = keys.events();
        let last = match after {
            Some(id) if is_id(id) => id.to_owned(),
            Some(id) => {
                return Err(AdminError::Invalid(format!("{id:?} is not the id of an event, such as 1700000000000-0")));
            }
            // Not `$`: that would lose events between two reads.
            None => self.last_event(queue, &stream).await?,
        };
        let mut events = Events {
            redis: self.redis.clone(),
            queue: queue.clone(),
            stream,
            last,
            redaction: self.redaction(),
            connection: None,
            read: std::collections::VecDeque::new(),
            failing: false,
        };
        events.connection = Some(events.connect().await?);
        Ok(events)
    }

    /// Removes the oldest events of a queue and keeps at least `keep`. It may keep some more, because Redis removes
    /// whole blocks of them.
    pub async fn trim_events(&self, queue: &QueueName, keep: u64) -> Result<Trimmed, AdminError> {
        // Redis reads a signed number. No stream has this many entries, so the result is the same.
        let keep = usize::try_from(keep.min(i64::MAX.unsigned_abs())).unwrap_or(usize::MAX);
        let removed = self.queue(queue).await?.trim_events(keep).await?;
        Ok(Trimmed { removed: removed as u64 })
    }

    async fn last_event(&self, queue: &QueueName, stream: &str) -> Result<String, AdminError> {
        let mut last = redis::cmd("XREVRANGE");
        last.arg(stream).arg("+").arg("-").arg("COUNT").arg(1);
        let last: Vec<(String, redis::Value)> = self.redis.connection_of(queue).await?.cmd(&mut last).await?;
        Ok(last.into_iter().next().map_or_else(|| "0-0".to_owned(), |(id, _)| id))
    }
}

impl Events {
    /// Waits for the next event and returns it. If Redis is away, it waits for Redis too. No event is lost that is
    /// still in the stream when Redis is available again.
    pub async fn next(&mut self) -> Event {
        loop {
            if let Some(event) = self.read.pop_front() {
                return event;
            }
            match self.read_some().await {
                Ok(()) => self.failing = false,
                Err(error) => {
                    if !std::mem::replace(&mut self.failing, true) {
                        tracing::warn!(%error, "reading events failed, retrying");
                    }
                    self.connection = None;
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    async fn connect(&self) -> Result<MultiplexedConnection, ConnectError> {
        // An answer may take as long as the read waits.
        let config = AsyncConnectionConfig::new().set_response_timeout(Some(Duration::from_millis(BLOCK as u64 * 3)));
        Ok(self.redis.client_of(&self.queue)?.get_multiplexed_async_connection_with_config(&config).await?)
    }

    async fn read_some(&mut self) -> Result<(), ConnectError> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        let options = StreamReadOptions::default().block(BLOCK).count(BATCH);
        let mut read = redis::cmd("XREAD");
        read.arg(&options).arg("STREAMS").arg(&self.stream).arg(&self.last);
        let reply: Option<StreamReadReply> = read.query_async(&mut connection).await?;
        self.connection = Some(connection);
        for entry in reply.into_iter().flat_map(|reply| reply.keys).flat_map(|key| key.ids) {
            self.last.clone_from(&entry.id);
            let fields = entry.map.into_iter().filter_map(|(name, value)| {
                Some((name, redis::from_redis_value::<Vec<u8>>(value).ok().map(|bytes| lossy(&bytes))?))
            });
            self.read.push_back(event(entry.id, fields, &self.redaction));
        }
        Ok(())
    }
}

fn event(id: String, fields: impl Iterator<Item = (String, String)>, redaction: &Redaction) -> Event {
    let mut event = Event { id, event: String::new(), job_id: None, fields: Map::new() };
    for (name, value) in fields {
        match name.as_str() {
            "event" => event.event = value,
            "jobId" => event.job_id = Some(value),
            // These contain JSON from the job's plugin.
            "returnvalue" | "data" => {
                event.fields.insert(name, redaction.document(&value));
            }
            _ => {
                event.fields.insert(name, Value::String(value));
            }
        }
    }
    event.fields.sort_keys();
    event
}

/// Whether this has the form `MILLISECONDS-NUMBER`.
fn is_id(id: &str) -> bool {
    let number = |text: &str| !text.is_empty() && text.len() <= 19 && text.bytes().all(|byte| byte.is_ascii_digit());
    id.split_once('-').is_some_and(|(time, place)| number(time) && number(place))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_shows_no_secret_that_a_job_returned() {
        let fields = [("event", "completed"), ("jobId", "1"), ("returnvalue", r#"{"token":"hunter2"}"#)];
        let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        let event = event("1-0".into(), fields, &Redaction::of(&["token".into()]));
        assert_eq!((event.event.as_str(), event.job_id.as_deref()), ("completed", Some("1")));
        assert_eq!(event.fields["returnvalue"]["token"], "[redacted]");
    }

    #[test]
    fn an_id_has_two_numbers() {
        assert!(is_id("1700000000000-0") && !is_id("$") && !is_id("5") && !is_id("5-") && !is_id("a-1"));
    }
}
