//! One job, with all its data in Redis.

use std::collections::HashMap;

use bullmq::QueueKeys;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::error::AdminError;
use super::handle::Admin;
use super::job_reference::{JobReference, reference};
use super::list::LARGEST_PAGE;
use super::reply::{Fields, lossy, made, next};
use super::state::{self, QUESTIONS};
use crate::attempts;
use toril_job::{JobId, QueueName};

/// The number of log lines that come with a job.
const FIRST_LINES: u64 = 100;

/// One job, with everything that Redis holds of it. Data, options, progress and result are redacted.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct JobDetails {
    /// The job's id.
    #[schema(value_type = String)]
    pub id: JobId,
    /// Its queue.
    #[schema(value_type = String)]
    pub queue: QueueName,
    /// Its name.
    pub name: String,
    /// `waiting`, `active`, `delayed`, `prioritized`, `waiting-children`, `completed`, `failed` or `unknown`.
    pub state: String,
    /// Its payload.
    pub data: Value,
    /// Its options, by the names under which BullMQ stores them.
    pub opts: Value,
    /// Its progress.
    pub progress: Value,
    /// Its delay in milliseconds.
    pub delay: u64,
    /// Its priority. 0: none.
    pub priority: u64,
    /// Attempts that were counted.
    pub attempts_made: u64,
    /// Attempts that were started.
    pub attempts_started: u64,
    /// How often it lost its worker.
    pub stalled_counter: u64,
    /// When it was added, in milliseconds since the Unix epoch.
    pub timestamp: u64,
    /// When it was last claimed.
    pub processed_on: Option<u64>,
    /// When it ended.
    pub finished_on: Option<u64>,
    /// Who claimed it last.
    pub processed_by: Option<String>,
    /// What it returned.
    pub returnvalue: Value,
    /// Why it failed last.
    pub failed_reason: Option<String>,
    /// The stack of each failed attempt that is kept, the oldest first.
    pub stacktrace: Value,
    /// Its attempts on Toril hosts, the oldest first: those that are kept still.
    pub attempts: Vec<PastAttempt>,
    /// The first lines of its log, 100 at most.
    pub logs: Vec<String>,
    /// How many lines its log has.
    pub logs_total: u64,
    /// The job that waits for it.
    pub parent: Option<JobReference>,
    /// How many children it has.
    pub children: ChildCounts,
    /// The job scheduler that added it.
    pub scheduler: Option<String>,
    /// Its deduplication id.
    pub deduplication_id: Option<String>,
}

/// An attempt of a job that has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PastAttempt {
    /// Which one it was, from 1. A job that is given all its attempts again has a first one again.
    pub attempt: u32,
    /// `completed`, `retry`, `failed`, `deferred`, `requeued`, `rate-limited`, `awaiting-children`, `given-back` or
    /// `lock-lost`.
    pub outcome: String,
    /// What kind of failure it was.
    pub failure: Option<String>,
    /// Why it failed, where the job has that still: the first line of its stack.
    pub reason: Option<String>,
    /// The plugin that ran it.
    pub plugin: Option<String>,
    /// The plugin's version then.
    pub version: Option<String>,
    /// The host that ran it.
    pub host: String,
    /// When it began, in milliseconds since the Unix epoch.
    pub started_on: u64,
    /// How long it took, in milliseconds.
    pub duration: u64,
}

/// How many children of a job have got how far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct ChildCounts {
    /// They are not done yet.
    pub unprocessed: u64,
    /// They have completed.
    pub processed: u64,
    /// They have failed, and the job did not care.
    pub ignored: u64,
    /// They have failed.
    pub failed: u64,
}

/// Some lines of a job's log.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LogPage {
    /// The first one's place, from 0.
    pub start: u64,
    /// How many lines there are.
    pub total: u64,
    /// The lines, the oldest first.
    pub lines: Vec<String>,
}

impl Admin {
    /// Reads one job, in three round trips.
    pub async fn job_details(&self, queue: &QueueName, id: &JobId) -> Result<JobDetails, AdminError> {
        let keys = self.keys(queue).await?;
        let missing = || AdminError::NoJob { queue: queue.clone(), id: id.clone() };
        if !self.is_job(&keys, id).await? {
            return Err(missing());
        }
        let key = keys.job_key(id.as_str());
        let mut pipe = redis::pipe();
        pipe.atomic();
        pipe.cmd("HGETALL").arg(&key);
        pipe.cmd("LRANGE").arg(format!("{key}:logs")).arg(0).arg(FIRST_LINES - 1);
        pipe.cmd("LLEN").arg(format!("{key}:logs"));
        count_children(&mut pipe, &key);
        state::ask(&mut pipe, &keys, id);
        let answers: Vec<redis::Value> = self.redis.connection_of(queue).await?.pipe(&pipe).await?;
        let mut answers = answers.into_iter();
        let fields: HashMap<String, Vec<u8>> = next(&mut answers)?;
        let logs: Vec<Vec<u8>> = next(&mut answers)?;
        let logs_total: u64 = next(&mut answers)?;
        let children = children(&mut answers)?;
        let rest: Vec<redis::Value> = answers.take(QUESTIONS).collect();
        let fields = Fields::all(fields);
        let name = fields.text("name").ok_or_else(missing)?;
        let redaction = self.redaction();
        let json = |field: &str| fields.text(field).map_or(Value::Null, |text| redaction.document(&text));
        let (attempts_made, stacktrace) = (made(&fields), json("stacktrace"));
        let mut attempts = self.attempts(queue, id).await?;
        let state = state::answer(&keys, &rest).map_or("unknown", super::state::State::name).to_owned();
        // An attempt that succeeded has no stack trace.
        let failed = attempts_made.saturating_sub(u64::from(state == "completed"));
        explain(&mut attempts, failed, &stacktrace);
        Ok(JobDetails {
            id: id.clone(),
            queue: queue.clone(),
            name,
            state,
            data: json("data"),
            opts: json("opts"),
            progress: json("progress"),
            delay: fields.number("delay").unwrap_or(0),
            priority: fields.number("priority").unwrap_or(0),
            attempts_made,
            attempts_started: fields.number("ats").unwrap_or(0),
            stalled_counter: fields.number("stc").unwrap_or(0),
            timestamp: fields.number("timestamp").unwrap_or(0),
            processed_on: fields.number("processedOn"),
            finished_on: fields.number("finishedOn"),
            processed_by: fields.text("pb"),
            returnvalue: json("returnvalue"),
            failed_reason: fields.text("failedReason"),
            stacktrace,
            attempts,
            logs: logs.iter().map(|line| lossy(line)).collect(),
            logs_total,
            parent: fields.text("parentKey").and_then(|key| reference(&key, self.redis.prefix())),
            children,
            scheduler: fields.text("rjk"),
            deduplication_id: fields.text("deid"),
        })
    }

    async fn attempts(&self, queue: &QueueName, id: &JobId) -> Result<Vec<PastAttempt>, AdminError> {
        let records = attempts::of(&self.redis, queue, id).await?;
        let past = records.into_iter().map(|record| PastAttempt {
            attempt: record.attempt,
            outcome: record.outcome,
            failure: record.failure,
            reason: None,
            plugin: record.plugin,
            version: record.version,
            host: record.host,
            started_on: record.started,
            duration: record.duration,
        });
        Ok(past.collect())
    }

    /// The lines of a job's log from `start` to `end`, inclusive.
    pub async fn job_logs(&self, queue: &QueueName, id: &JobId, start: u64, end: u64) -> Result<LogPage, AdminError> {
        if end < start || end - start >= LARGEST_PAGE {
            return Err(AdminError::Invalid(format!("a page has from 1 to {LARGEST_PAGE} lines")));
        }
        let keys = self.keys(queue).await?;
        if !self.is_job(&keys, id).await? {
            return Err(AdminError::NoJob { queue: queue.clone(), id: id.clone() });
        }
        let key = format!("{}:logs", keys.job_key(id.as_str()));
        let bound = |place: u64| i64::try_from(place).unwrap_or(i64::MAX);
        let mut pipe = redis::pipe();
        pipe.cmd("LRANGE").arg(&key).arg(bound(start)).arg(bound(end));
        pipe.cmd("LLEN").arg(&key);
        let (lines, total): (Vec<Vec<u8>>, u64) = self.redis.connection_of(queue).await?.pipe(&pipe).await?;
        Ok(LogPage { start, total, lines: lines.iter().map(|line| lossy(line)).collect() })
    }

    /// The keys of a queue, for operations on one of its jobs. Fails if the queue does not have the job.
    pub(super) async fn existing(&self, queue: &QueueName, id: &JobId) -> Result<QueueKeys, AdminError> {
        let keys = self.keys(queue).await?;
        match self.is_job(&keys, id).await? {
            true => Ok(keys),
            false => Err(AdminError::NoJob { queue: queue.clone(), id: id.clone() }),
        }
    }
}

/// Adds the reasons of failures to a job's attempts. The job only keeps the stack traces of its last failures.
fn explain(attempts: &mut [PastAttempt], failed: u64, stacktrace: &Value) {
    let Value::Array(stacks) = stacktrace else { return };
    let Some(first) = failed.checked_sub(stacks.len() as u64) else { return };
    for (number, stack) in (first + 1..).zip(stacks) {
        // The last attempt with this number, because a retried job can count its attempts from 1 again.
        let attempt = attempts.iter_mut().rev().find(|attempt| u64::from(attempt.attempt) == number);
        let Some(attempt) = attempt.filter(|attempt| attempt.failure.is_some()) else { continue };
        attempt.reason = stack.as_str().and_then(|stack| stack.lines().next()).map(str::to_owned);
    }
}

/// Adds the commands that count a job's children.
pub(super) fn count_children(pipe: &mut redis::Pipeline, key: &str) {
    pipe.cmd("SCARD").arg(format!("{key}:dependencies"));
    pipe.cmd("HLEN").arg(format!("{key}:processed"));
    pipe.cmd("HLEN").arg(format!("{key}:failed"));
    pipe.cmd("ZCARD").arg(format!("{key}:unsuccessful"));
}

/// Reads the answers to these commands.
pub(super) fn children(answers: &mut impl Iterator<Item = redis::Value>) -> Result<ChildCounts, AdminError> {
    Ok(ChildCounts {
        unprocessed: next(answers)?,
        processed: next(answers)?,
        ignored: next(answers)?,
        failed: next(answers)?,
    })
}
