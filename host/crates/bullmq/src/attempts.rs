//! Records the attempts of jobs: plugin, version, host, duration and outcome. BullMQ does not store these. Toril keeps
//! the latest ones of each queue under its namespace, in lists of limited length. They are written in batches. This is
//! best effort: no job waits for the write.

use std::collections::{BTreeMap, VecDeque};
use std::hash::Hasher;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fnv::FnvHasher;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::clock::now;
use crate::access::health::backoff::ReconnectBackoff;
use crate::access::{ConnectError, Redis, SharedRedis};
use toril_job::settings::MOST_KEPT_ATTEMPTS;
use toril_job::{Finished, JobId, QueueName};

/// The number of lists per queue. A job's list follows from its id, so finding its attempts reads only one list.
const LISTS: u64 = 64;
/// The most records that are read from one list: as many as it can hold.
const MOST_READ: i64 = (MOST_KEPT_ATTEMPTS as u64 / LISTS).cast_signed();
/// How long a list is kept after the last record was added, in seconds.
const LASTS: u64 = 7 * 24 * 60 * 60;
/// How long records are collected before they are written.
const GATHER: Duration = Duration::from_millis(250);
/// The most records that wait to be written, for example while Redis is away. If there are more, the oldest are
/// dropped.
const WAITING: usize = 20_000;
/// Attempts of jobs with ids longer than this, in bytes, are not recorded.
const LONGEST_ID: usize = 256;

/// One attempt that has ended. It contains no job data and no text from a plugin, because it may outlive the job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The job's id.
    pub id: JobId,
    /// The number of the attempt, from 1.
    #[serde(rename = "n")]
    pub attempt: u32,
    /// How it ended.
    #[serde(rename = "o")]
    pub outcome: String,
    /// The kind of failure.
    #[serde(rename = "k", default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// The plugin that ran it.
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    pub plugin: Option<String>,
    /// The plugin's version.
    #[serde(rename = "v", default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The host that ran it.
    #[serde(rename = "h", default)]
    pub host: String,
    /// When it began, in milliseconds since the Unix epoch.
    #[serde(rename = "s")]
    pub started: u64,
    /// How long it took, in milliseconds.
    #[serde(rename = "d")]
    pub duration: u64,
}

/// Records the attempts of one host's jobs.
#[derive(Clone, Default)]
pub struct Attempts(Option<Arc<Keeper>>);

struct Keeper {
    redis: SharedRedis,
    host: String,
    /// The most records in each list.
    each: usize,
    waiting: Mutex<VecDeque<(QueueName, Record)>>,
    /// Notified when there is something to write.
    noted: Notify,
    closing: CancellationToken,
}

impl Attempts {
    /// Keeps this many attempts of each queue. 0 turns recording off.
    pub fn new(redis: SharedRedis, host: &str, keep: u32) -> Self {
        let each = u64::from(keep.min(MOST_KEPT_ATTEMPTS)).div_ceil(LISTS);
        let keeper = usize::try_from(each).ok().filter(|each| *each > 0).map(|each| Keeper {
            redis,
            host: host.to_owned(),
            each,
            waiting: Mutex::default(),
            noted: Notify::new(),
            closing: CancellationToken::new(),
        });
        Self(keeper.map(Arc::new))
    }

    /// Records an attempt that has just ended. This makes no call to Redis.
    pub fn note(&self, queue: &QueueName, id: &JobId, attempt: u32, finished: &Finished, took: Duration) {
        let Some(keeper) = self.0.as_ref().filter(|_| id.as_str().len() <= LONGEST_ID) else { return };
        let duration = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let record = Record {
            id: id.clone(),
            attempt,
            outcome: finished.outcome.label().to_owned(),
            failure: finished.outcome.failure().map(|failure| failure.kind.label().to_owned()),
            plugin: Some(finished.plugin.clone()).filter(|plugin| !plugin.is_empty()),
            version: finished.version.clone(),
            host: keeper.host.clone(),
            started: now().saturating_sub(duration),
            duration,
        };
        let mut waiting = keeper.waiting();
        if waiting.len() >= WAITING {
            waiting.pop_front();
        }
        waiting.push_back((queue.clone(), record));
        drop(waiting);
        keeper.noted.notify_one();
    }

    /// Writes the records until [`close`](Self::close) is called and all earlier records are written.
    pub async fn keep(self) {
        let Some(keeper) = self.0 else { return };
        let mut backoff = ReconnectBackoff::default();
        loop {
            let closing = keeper.closing.run_until_cancelled(keeper.noted.notified()).await.is_none();
            if !closing {
                keeper.closing.run_until_cancelled(tokio::time::sleep(GATHER)).await;
            }
            match keeper.write().await {
                Ok(()) if closing => return,
                Ok(()) => backoff = ReconnectBackoff::default(),
                // Other parts of the host log that Redis is away.
                Err(error) => {
                    tracing::debug!(%error, "recording attempts failed, retrying");
                    tokio::time::sleep(backoff.next()).await;
                    keeper.noted.notify_one();
                }
            }
        }
    }

    /// Makes [`keep`](Self::keep) write the remaining records and return.
    pub fn close(&self) {
        if let Some(keeper) = &self.0 {
            keeper.closing.cancel();
        }
    }
}

impl Keeper {
    /// Writes all waiting records. If the write fails, they wait again.
    async fn write(&self) -> Result<(), ConnectError> {
        let taken = std::mem::take(&mut *self.waiting());
        let mut queues: BTreeMap<QueueName, Vec<Record>> = BTreeMap::new();
        for (queue, record) in taken {
            queues.entry(queue).or_default().push(record);
        }
        let mut failed = Ok(());
        for (queue, records) in queues {
            if failed.is_ok() {
                failed = self.write_queue(&queue, &records).await;
            }
            if failed.is_err() {
                let mut waiting = self.waiting();
                let room = WAITING.saturating_sub(waiting.len());
                records.into_iter().rev().take(room).for_each(|record| waiting.push_front((queue.clone(), record)));
            }
        }
        failed
    }

    /// Sends three commands for each list that gets new records.
    async fn write_queue(&self, queue: &QueueName, records: &[Record]) -> Result<(), ConnectError> {
        let mut lists: BTreeMap<u64, Vec<String>> = BTreeMap::new();
        for record in records {
            let text = serde_json::to_string(record).map_err(bullmq::Error::from)?;
            lists.entry(list_of(&record.id)).or_default().push(text);
        }
        let mut pipe = redis::pipe();
        for (list, mut texts) in lists {
            texts.drain(..texts.len().saturating_sub(self.each));
            let key = key(&self.redis, queue, list);
            pipe.cmd("RPUSH").arg(&key).arg(texts).ignore();
            pipe.cmd("LTRIM").arg(&key).arg(-i64::try_from(self.each).unwrap_or(i64::MAX)).arg(-1).ignore();
            pipe.cmd("EXPIRE").arg(&key).arg(LASTS).ignore();
        }
        Ok(self.redis.connection().await?.pipe::<()>(&pipe).await?)
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<(QueueName, Record)>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The recorded attempts of a job on all hosts, the oldest first. One command.
pub async fn of(redis: &Redis, queue: &QueueName, id: &JobId) -> Result<Vec<Record>, ConnectError> {
    let mut read = redis::cmd("LRANGE");
    read.arg(key(redis, queue, list_of(id))).arg(-MOST_READ).arg(-1);
    let found: Vec<Vec<u8>> = redis.connection().await?.cmd(&mut read).await?;
    // Records of other Toril versions may have another format. These are skipped.
    let records = found.iter().filter_map(|text| serde_json::from_slice::<Record>(text).ok());
    Ok(records.filter(|record| record.id == *id).collect())
}

/// The key of a list. In a cluster all lists of one queue are in one slot.
fn key(redis: &Redis, queue: &QueueName, list: u64) -> String {
    redis.namespaced(&format!("attempts:{{{queue}}}:{list}"))
}

/// The list of a job, by the FNV-1a hash of its id. Every version and every host must compute the same list.
fn list_of(id: &JobId) -> u64 {
    let mut hash = FnvHasher::default();
    hash.write(id.as_str().as_bytes());
    hash.finish() % LISTS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_a_job_is_the_same_in_every_version() {
        assert_eq!((list_of(&"".into()), list_of(&"1".into()), list_of(&"a-job".into())), (37, 60, 26));
    }

    #[test]
    fn ids_are_spread_over_the_lists() {
        let mut counts = [0_u32; 64];
        (0..6400).for_each(|id: u32| counts[usize::try_from(list_of(&id.to_string().into())).unwrap()] += 1);
        assert!(counts.iter().all(|count| (50..200).contains(count)), "{counts:?}");
    }
}
