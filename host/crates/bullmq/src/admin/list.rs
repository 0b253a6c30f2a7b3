//! The jobs in one state, page by page.

use bullmq::QueueKeys;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::error::AdminError;
use super::handle::Admin;
use super::job_reference::{JobReference, reference};
use super::reply::{Field, Fields, lossy, made};
use super::state::Place;
use super::state::State;
use toril_job::{JobId, QueueName};

/// The most jobs of one page.
pub const LARGEST_PAGE: u64 = 1000;
/// The most characters of a failure reason in a list. The page of a single job shows all of it.
const SHOWN_REASON: usize = 500;

/// Which jobs of a queue to list.
#[derive(Clone, Copy, Debug)]
pub struct PageRequest {
    /// The state of the jobs.
    pub state: State,
    /// The index of the first job, from 0.
    pub start: u64,
    /// The index of the last job. It is part of the page, as in BullMQ.
    pub end: u64,
    /// Whether the page is in ascending order: oldest or due first. Otherwise the newest come first.
    pub ascending: bool,
}

/// Some of the jobs that are in one state.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct JobPage {
    /// The queue.
    #[schema(value_type = String)]
    pub queue: QueueName,
    /// The state.
    pub state: State,
    /// The first one's place, from 0.
    pub start: u64,
    /// How many jobs are in that state.
    pub total: u64,
    /// The jobs.
    pub jobs: Vec<JobSummary>,
}

/// What a list shows of a job.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct JobSummary {
    /// The job's id.
    #[schema(value_type = String)]
    pub id: JobId,
    /// Its name.
    pub name: String,
    /// When it was added, in milliseconds since the Unix epoch.
    pub timestamp: u64,
    /// Its delay in milliseconds.
    pub delay: u64,
    /// Its priority. 0: none.
    pub priority: u64,
    /// Attempts that were counted.
    pub attempts_made: u64,
    /// When it was last claimed.
    pub processed_on: Option<u64>,
    /// When it ended.
    pub finished_on: Option<u64>,
    /// Its progress, redacted.
    pub progress: Value,
    /// Why it failed last; the first 500 characters.
    pub failed_reason: Option<String>,
    /// The job scheduler that added it.
    pub scheduler: Option<String>,
    /// The job that waits for it.
    pub parent: Option<JobReference>,
}

const SUMMARY: [&str; 12] = [
    "name",
    "timestamp",
    "delay",
    "priority",
    "atm",
    "attemptsMade",
    "processedOn",
    "finishedOn",
    "progress",
    "failedReason",
    "rjk",
    "parentKey",
];

impl PageRequest {
    fn range(self, place: &Place, start: u64, end: u64) -> redis::Cmd {
        let (start, end) = (i64::try_from(start).unwrap_or(i64::MAX), i64::try_from(end).unwrap_or(i64::MAX));
        let (name, key) = match (place, self.ascending) {
            (Place::List(key), _) => ("LRANGE", key),
            (Place::Set(key), true) => ("ZRANGE", key),
            (Place::Set(key), false) => ("ZREVRANGE", key),
        };
        let mut range = redis::cmd(name);
        match (place, self.ascending) {
            // The newest job is on the left. This range counts from the right, and the caller reverses it.
            (Place::List(_), true) => range.arg(key).arg(-(end + 1)).arg(-(start + 1)),
            _ => range.arg(key).arg(start).arg(end),
        };
        range
    }
}

impl Admin {
    /// The jobs in one state, at most [`LARGEST_PAGE`]. This costs one command per job and four more.
    pub async fn jobs(&self, queue: &QueueName, request: PageRequest) -> Result<JobPage, AdminError> {
        let PageRequest { state, start, end, .. } = request;
        if end < start {
            return Err(AdminError::Invalid(format!("the end, {end}, is before the start, {start}")));
        }
        if end - start >= LARGEST_PAGE {
            return Err(AdminError::Invalid(format!("a page has at most {LARGEST_PAGE} jobs")));
        }
        let keys = self.keys(queue).await?;
        let (total, ids) = self.ids(&keys, request).await?;
        let jobs = self.summaries(&keys, &ids).await?;
        Ok(JobPage { queue: queue.clone(), state, start, total, jobs })
    }

    /// The number of jobs in the state, and the ids of the page.
    pub(super) async fn ids(&self, keys: &QueueKeys, request: PageRequest) -> Result<(u64, Vec<JobId>), AdminError> {
        let connection = self.redis.connection_for(keys).await?;
        let places = request.state.places(keys);
        let mut counts = redis::pipe();
        for place in &places {
            counts.add_command(place.count());
        }
        let counts: Vec<u64> = connection.pipe(&counts).await?;
        let mut ranges = redis::pipe();
        let mut reversed = Vec::new();
        // The places are read one after the other, as if they were one list.
        let mut before = 0;
        for (place, count) in places.iter().zip(&counts) {
            let (first, last) = (before, before + count);
            before = last;
            if request.start < last && request.end >= first && *count > 0 {
                let start = request.start.saturating_sub(first);
                let end = (request.end - first).min(count - 1);
                ranges.add_command(request.range(place, start, end));
                reversed.push(request.ascending && matches!(place, Place::List(_)));
            }
        }
        let found: Vec<Vec<Vec<u8>>> = if reversed.is_empty() { Vec::new() } else { connection.pipe(&ranges).await? };
        let mut ids = Vec::new();
        for (mut part, reversed) in found.into_iter().zip(reversed) {
            if reversed {
                part.reverse();
            }
            // A marker of old BullMQ versions is not a job.
            ids.extend(part.iter().map(|id| lossy(id)).filter(|id| !id.starts_with("0:")).map(JobId::from));
        }
        Ok((before, ids))
    }

    async fn summaries(&self, keys: &QueueKeys, ids: &[JobId]) -> Result<Vec<JobSummary>, AdminError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut pipe = redis::pipe();
        for id in ids {
            pipe.cmd("HMGET").arg(keys.job_key(id.as_str())).arg(&SUMMARY);
        }
        let found: Vec<Vec<Field>> = self.redis.connection_for(keys).await?.pipe(&pipe).await?;
        let found = ids.iter().zip(found).map(|(id, fields)| (id, Fields::zip(&SUMMARY, fields)));
        // A job that was removed after its id was read is left out.
        Ok(found.filter_map(|(id, fields)| self.summary(id, &fields)).collect())
    }

    fn summary(&self, id: &JobId, fields: &Fields) -> Option<JobSummary> {
        let redaction = self.redaction();
        Some(JobSummary {
            id: id.clone(),
            name: fields.text("name")?,
            timestamp: fields.number("timestamp").unwrap_or(0),
            delay: fields.number("delay").unwrap_or(0),
            priority: fields.number("priority").unwrap_or(0),
            attempts_made: made(fields),
            processed_on: fields.number("processedOn"),
            finished_on: fields.number("finishedOn"),
            progress: fields.text("progress").map_or(Value::Null, |text| redaction.document(&text)),
            failed_reason: fields.text("failedReason").map(|reason| reason.chars().take(SHOWN_REASON).collect()),
            scheduler: fields.text("rjk"),
            parent: fields.text("parentKey").and_then(|key| reference(&key, self.redis.prefix())),
        })
    }
}
