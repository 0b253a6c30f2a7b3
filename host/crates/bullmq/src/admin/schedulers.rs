//! Job schedulers: they add a job repeatedly, by a cron pattern or an interval.

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bullmq::QueueKeys;
use bullmq::job_scheduler::RepeatOptions;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::error::AdminError;
use super::handle::Admin;
use super::job_options::NewJobOptions;
use super::list::LARGEST_PAGE;
use super::new_job::check_name;
use super::redact::Redaction;
use super::reply::{Fields, lossy};
use crate::job_spec::JobSpec;
use crate::upsert::{NewScheduler, upsert};
use toril_cron::check_pattern;
use toril_job::{LARGEST_INTEGER, LONGEST_DELAY, QueueName};

/// The time zone of a pattern without one. It is written to Redis, because Node's client would use its machine's time
/// zone.
const DEFAULT_ZONE: &str = "UTC";

/// A job scheduler, as BullMQ's `getJobSchedulers` shows it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Scheduler {
    /// Its id.
    pub key: String,
    /// The name of its jobs.
    pub name: String,
    /// When its next job runs, in milliseconds since the Unix epoch.
    pub next: Option<u64>,
    /// How many jobs it has added.
    pub iteration_count: Option<u64>,
    /// Its cron pattern.
    pub pattern: Option<String>,
    /// The pattern's time zone.
    pub tz: Option<String>,
    /// Its interval in milliseconds.
    pub every: Option<u64>,
    /// How far from whole intervals its jobs run, in milliseconds.
    pub offset: Option<u64>,
    /// How many jobs it adds at most.
    pub limit: Option<u64>,
    /// Before this time it adds none, in milliseconds since the Unix epoch.
    pub start_date: Option<u64>,
    /// After this time it adds none, in milliseconds since the Unix epoch.
    pub end_date: Option<u64>,
    /// What its jobs are made from, redacted.
    pub template: SchedulerTemplate,
}

/// What the jobs of a scheduler are made from.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct SchedulerTemplate {
    /// Their payload.
    pub data: Value,
    /// Their options.
    pub opts: Value,
}

/// Some of a queue's job schedulers.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SchedulerPage {
    /// The queue.
    #[schema(value_type = String)]
    pub queue: QueueName,
    /// The first one's place, from 0.
    pub start: u64,
    /// How many there are.
    pub total: u64,
    /// The schedulers, whose next job comes first first.
    pub schedulers: Vec<Scheduler>,
}

/// A job scheduler to be made, or to be changed to this.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SchedulerRequest {
    /// A cron pattern of five fields, of six with seconds before them, or a name such as `@daily`. This or `every`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 1024)]
    pub pattern: Option<String>,
    /// The pattern's IANA time zone. Without it UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 64)]
    pub tz: Option<String>,
    /// An interval in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 3_153_600_000_000u64)]
    pub every: Option<u64>,
    /// How many jobs it adds at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991u64)]
    pub limit: Option<u64>,
    /// Before this time it adds none, in milliseconds since the Unix epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(maximum = 4_102_444_800_000u64)]
    pub start_date: Option<u64>,
    /// After this time it adds none, in milliseconds since the Unix epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(maximum = 9_007_199_254_740_991u64)]
    pub end_date: Option<u64>,
    /// The name of its jobs. Without it the scheduler's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 1024)]
    pub name: Option<String>,
    /// Their payload. Without it `{}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
    /// Their options: attempts, backoff, priority, what is kept. What they do not say comes from the queue's entry.
    #[serde(default)]
    pub opts: NewJobOptions,
}

/// Dates after the year 2100 are typing errors. Some time zones' rules do not reach that far either.
const LATEST_START: u64 = 4_102_444_800_000;

impl Admin {
    /// The job schedulers of a queue from `start` to `end`, inclusive. This costs one command per scheduler and three
    /// more.
    pub async fn schedulers(&self, queue: &QueueName, start: u64, end: u64) -> Result<SchedulerPage, AdminError> {
        if end < start || end - start >= LARGEST_PAGE {
            return Err(AdminError::Invalid(format!("a page has from 1 to {LARGEST_PAGE} schedulers")));
        }
        let keys = self.keys(queue).await?;
        let connection = self.redis.connection_of(queue).await?;
        let bound = |place: u64| i64::try_from(place).unwrap_or(i64::MAX);
        let mut pipe = redis::pipe();
        pipe.cmd("ZCARD").arg(keys.repeat());
        pipe.cmd("ZRANGE").arg(keys.repeat()).arg(bound(start)).arg(bound(end)).arg("WITHSCORES");
        let (total, found): (u64, Vec<(Vec<u8>, f64)>) = connection.pipe(&pipe).await?;
        let mut schedulers = Vec::with_capacity(found.len());
        if !found.is_empty() {
            let mut pipe = redis::pipe();
            for (id, _) in &found {
                pipe.cmd("HGETALL").arg(hash(&keys, &lossy(id)));
            }
            let fields: Vec<HashMap<String, Vec<u8>>> = connection.pipe(&pipe).await?;
            let redaction = self.redaction();
            for ((id, next), fields) in found.iter().zip(fields) {
                schedulers.extend(scheduler(&lossy(id), Some(*next), Fields::all(fields), &redaction));
            }
        }
        Ok(SchedulerPage { queue: queue.clone(), start, total, schedulers })
    }

    /// One job scheduler.
    pub async fn scheduler(&self, queue: &QueueName, id: &str) -> Result<Scheduler, AdminError> {
        let keys = self.keys(queue).await?;
        let missing = || AdminError::NoScheduler { queue: queue.clone(), id: id.to_owned() };
        let connection = self.redis.connection_of(queue).await?;
        let next: Option<f64> = connection.cmd(redis::cmd("ZSCORE").arg(keys.repeat()).arg(id)).await?;
        let next = next.ok_or_else(missing)?;
        let fields: HashMap<String, Vec<u8>> = connection.cmd(redis::cmd("HGETALL").arg(hash(&keys, id))).await?;
        scheduler(id, Some(next), Fields::all(fields), &self.redaction()).ok_or_else(missing)
    }

    /// Adds a job scheduler, or changes the existing one with this id. Its next job is added immediately, and runs when
    /// it is due.
    pub async fn upsert_scheduler(
        &self,
        queue: &QueueName,
        id: &str,
        request: SchedulerRequest,
    ) -> Result<Scheduler, AdminError> {
        let (repeat, spec) = self.schedule(queue, id, request)?;
        let opened = self.queue(queue).await?;
        let JobSpec { name, data, options, .. } = spec;
        let scheduler = NewScheduler { id: id.to_owned(), repeat, name, data, options };
        if !upsert(&opened, &scheduler).await? {
            return Err(AdminError::Invalid(format!("job scheduler {id} would never add a job")));
        }
        self.scheduler(queue, id).await
    }

    /// Removes a job scheduler and the last job that it has added, unless that job already runs.
    pub async fn remove_scheduler(&self, queue: &QueueName, id: &str) -> Result<(), AdminError> {
        match self.queue(queue).await?.remove_job_scheduler(id).await? {
            true => Ok(()),
            false => Err(AdminError::NoScheduler { queue: queue.clone(), id: id.to_owned() }),
        }
    }

    /// Checks a request, and converts it to the types of the crate.
    fn schedule(
        &self,
        queue: &QueueName,
        id: &str,
        request: SchedulerRequest,
    ) -> Result<(RepeatOptions, JobSpec), AdminError> {
        check_name("the job scheduler's id", id)?;
        if id.contains(':') {
            return Err(AdminError::Invalid("a job scheduler's id has no `:`".to_owned()));
        }
        let name = request.name.clone().unwrap_or_else(|| id.to_owned());
        check_name("the job's name", &name)?;
        let repeat = request.repeat().map_err(AdminError::Invalid)?;
        let data = request.data.unwrap_or_else(|| Value::Object(serde_json::Map::new()));
        if let Some(option) = out_of_place(&request.opts) {
            return Err(AdminError::Invalid(format!("{option} is not an option for the jobs of a scheduler")));
        }
        let (options, defaults) =
            (request.opts.read(self.redis.prefix()).map_err(AdminError::Invalid)?, self.defaults(queue));
        let spec = JobSpec::new(queue.clone(), &name, data, &defaults).with_options(options, &defaults);
        spec.options.check().map_err(|error| AdminError::Invalid(error.to_string()))?;
        self.check_backoff(&spec)?;
        Ok((repeat, spec))
    }
}

impl SchedulerRequest {
    fn repeat(&self) -> Result<RepeatOptions, String> {
        let now = now();
        if let Some(start) = self.start_date.filter(|start| *start > LATEST_START) {
            return Err(format!("startDate is at most {LATEST_START}, not {start}"));
        }
        if self.end_date.is_some_and(|end| end <= now.max(self.start_date.unwrap_or(0))) {
            return Err("endDate has passed, or is before startDate".to_owned());
        }
        if self.limit == Some(0) {
            return Err("limit is at least 1".to_owned());
        }
        let mut repeat = RepeatOptions {
            limit: self.limit.map(|limit| limit.min(LARGEST_INTEGER)),
            start_date: self.start_date,
            end_date: self.end_date.map(|end| end.min(LARGEST_INTEGER)),
            ..RepeatOptions::default()
        };
        match (&self.pattern, self.every) {
            (Some(pattern), None) => {
                let zone = self.tz.as_deref().unwrap_or(DEFAULT_ZONE);
                check_pattern(pattern, zone)?;
                repeat.pattern = Some(pattern.clone());
                repeat.tz = Some(zone.to_owned());
            }
            (None, Some(_)) if self.tz.is_some() => return Err("tz belongs to a pattern".to_owned()),
            (None, Some(every)) if every > 0 && Duration::from_millis(every) <= LONGEST_DELAY => {
                repeat.every = Some(every)
            }
            (None, Some(_)) => return Err("every is from 1 ms to a hundred years".to_owned()),
            _ => return Err("give either pattern or every".to_owned()),
        }
        Ok(repeat)
    }
}

/// The first option in `opts` that each job of a scheduler needs its own value for.
fn out_of_place(opts: &NewJobOptions) -> Option<&'static str> {
    [
        ("jobId", opts.job_id.is_some()),
        ("delay", opts.delay.is_some()),
        ("timestamp", opts.timestamp.is_some()),
        ("parent", opts.parent.is_some()),
        ("deduplication", opts.deduplication.is_some()),
        ("lifo", opts.lifo.is_some()),
    ]
    .into_iter()
    .find_map(|(name, given)| given.then_some(name))
}

fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}

fn hash(keys: &QueueKeys, id: &str) -> String {
    format!("{}:{id}", keys.repeat())
}

fn scheduler(id: &str, next: Option<f64>, fields: Fields, redaction: &Redaction) -> Option<Scheduler> {
    let json = |field: &str| fields.text(field).map_or(Value::Null, |text| redaction.document(&text));
    Some(Scheduler {
        key: id.to_owned(),
        name: fields.text("name")?,
        next: next.map(whole),
        iteration_count: fields.number("ic"),
        pattern: fields.text("pattern"),
        tz: fields.text("tz"),
        every: fields.number("every"),
        offset: fields.number("offset"),
        limit: fields.number("limit"),
        start_date: fields.number("startDate"),
        end_date: fields.number("endDate"),
        template: SchedulerTemplate { data: json("data"), opts: json("opts") },
    })
}

/// A score that contains a time.
fn whole(score: f64) -> u64 {
    if score.is_finite() && score > 0.0 { score as u64 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repeat(request: SchedulerRequest) -> Result<RepeatOptions, String> {
        request.repeat()
    }

    #[test]
    fn a_pattern_without_a_zone_is_in_utc() {
        let request = SchedulerRequest { pattern: Some("0 3 * * *".into()), ..SchedulerRequest::default() };
        assert_eq!(repeat(request).expect("valid").tz.as_deref(), Some("UTC"));
    }

    #[test]
    fn an_invalid_schedule_is_refused_with_a_reason() {
        let request = SchedulerRequest::default;
        for (wrong, says) in [
            (request(), "either"),
            (SchedulerRequest { pattern: Some("0 3 * * *".into()), every: Some(1), ..request() }, "either"),
            (SchedulerRequest { pattern: Some("never".into()), ..request() }, "never"),
            (
                SchedulerRequest { pattern: Some("* * * * *".into()), tz: Some("Mars/Base".into()), ..request() },
                "Mars/Base",
            ),
            (SchedulerRequest { every: Some(0), ..request() }, "every"),
            (SchedulerRequest { every: Some(5), tz: Some("UTC".into()), ..request() }, "tz"),
            (SchedulerRequest { every: Some(5), end_date: Some(5), ..request() }, "endDate"),
            (SchedulerRequest { every: Some(5), limit: Some(0), ..request() }, "limit"),
        ] {
            let error = repeat(wrong).expect_err(says);
            assert!(error.contains(says), "{error}");
        }
    }
}
