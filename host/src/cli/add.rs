//! `toril add`: adds a job, with every option that BullMQ has for jobs.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use serde_json::Value;

use super::bulk;
use super::client::Client;
use super::error::{CliError, CommandResult};
use toril_bullmq::{self as queue, ConnectError, JobSpec, WaitError};
use toril_config::{self as config, Backoff, BackoffKind, JobDefaults, Keep};
use toril_job::{Deduplication, JobId, JobOptions, JobRef, LARGEST_PRIORITY, OnFailure, QueueName};

/// Options of `toril add`. What is not given comes from the queue's entry in the configuration.
#[derive(Debug, Args)]
pub struct Add {
    /// The queue.
    queue: QueueName,
    /// The job's name. With --bulk: of the jobs that have none of their own.
    #[arg(required_unless_present = "bulk")]
    name: Option<String>,
    /// The payload, as JSON. `-` reads it from standard input.
    #[arg(long, value_name = "JSON", default_value = "{}")]
    data: String,
    /// Add many jobs from a file, or from standard input for `-`: one JSON document a line, {"name":…,"data":…,"opts":{…}},
    /// with BullMQ's names for the options.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["data", "wait", "Options"])]
    bulk: Option<String>,
    /// Wait for the job's end, and print what it returned.
    #[arg(long)]
    wait: bool,
    /// How long --wait waits.
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = humantime::parse_duration)]
    wait_timeout: Duration,
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    client: Client,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Job options")]
struct Options {
    /// A job id of one's own. A job of that id that is there already is not added again.
    #[arg(long)]
    id: Option<JobId>,
    /// Not before this time has passed.
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    delay: Option<Duration>,
    /// 1 goes first, 2097151 last; jobs without one go before those.
    #[arg(long, value_parser = clap::value_parser!(u32).range(0..=i64::from(LARGEST_PRIORITY)))]
    priority: Option<u32>,
    /// How often it is tried in all.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    attempts: Option<u32>,
    /// How attempts are spaced: fixed:DELAY or exponential:DELAY, and :JITTER (0 to 1) after it, as in exponential:2s:0.5. Or
    /// the name of one of the queue's backoff_strategies, which may have the same after it.
    #[arg(long, value_name = "KIND[:DELAY[:JITTER]]", value_parser = backoff)]
    backoff: Option<Backoff>,
    /// Before the jobs that wait already.
    #[arg(long)]
    lifo: bool,
    /// What is kept when it completes: true (nothing), false (all), a number of jobs, or an age such as 1h.
    #[arg(long, value_name = "KEEP", value_parser = keep)]
    remove_on_complete: Option<Keep>,
    /// The same for when it fails.
    #[arg(long, value_name = "KEEP", value_parser = keep)]
    remove_on_fail: Option<Keep>,
    /// How many lines of its log are kept.
    #[arg(long, value_name = "LINES")]
    keep_logs: Option<u32>,
    /// How many stack traces are kept.
    #[arg(long, value_name = "COUNT")]
    stack_trace_limit: Option<u32>,
    /// When it counts as added, in milliseconds since the Unix epoch.
    #[arg(long, value_name = "MS")]
    timestamp: Option<u64>,
    /// Refuse data of more bytes than this.
    #[arg(long, value_name = "BYTES")]
    size_limit: Option<usize>,
    /// A job that waits for this one, as QUEUE:ID.
    #[arg(long, value_name = "QUEUE:ID", value_parser = parent)]
    parent: Option<JobRef>,
    /// The parent fails when this job fails.
    #[arg(long, requires = "parent", group = "on_failure")]
    fail_parent_on_failure: bool,
    /// The parent goes on at once when this job fails.
    #[arg(long, requires = "parent", group = "on_failure")]
    continue_parent_on_failure: bool,
    /// The parent does not care whether this job fails.
    #[arg(long, requires = "parent", group = "on_failure")]
    ignore_dependency_on_failure: bool,
    /// The parent forgets this job when it fails.
    #[arg(long, requires = "parent", group = "on_failure")]
    remove_dependency_on_failure: bool,
    /// Added only if no job of this deduplication id is there.
    #[arg(long, value_name = "ID", conflicts_with = "parent")]
    deduplication_id: Option<String>,
    /// For how long others are held back (throttle).
    #[arg(long, value_name = "DURATION", requires = "deduplication_id", value_parser = humantime::parse_duration)]
    deduplication_ttl: Option<Duration>,
    /// Each further try starts that time anew.
    #[arg(long, requires = "deduplication_id")]
    deduplication_extend: bool,
    /// A delayed job of that id is replaced by this one (debounce).
    #[arg(long, requires = "deduplication_id")]
    deduplication_replace: bool,
    /// While one of that id runs, this one is kept and added at its end.
    #[arg(long, requires = "deduplication_id")]
    deduplication_keep_last_if_active: bool,
}

impl Add {
    pub async fn run(self, path: &Path) -> CommandResult {
        if let Some(file) = &self.bulk {
            return self.add_bulk(path, file).await;
        }
        let data = self.read_data().map_err(CliError::wrong)?;
        let (config, redis) = self.client.open(path)?;
        let defaults = match config.queues.get(&self.queue) {
            Some(queue) => queue.job_defaults.clone(),
            None => {
                let known: Vec<_> = config.queues.keys().map(QueueName::as_str).collect();
                self.note_no_entry(path, &known);
                JobDefaults::default()
            }
        };
        let name = self.name.as_deref().unwrap_or_default();
        let spec =
            JobSpec::new(self.queue.clone(), name, data, &defaults).with_options(self.options.job_options(), &defaults);
        if let Some(Err(reason)) =
            spec.options.backoff.as_ref().map(|backoff| config.check_backoff(&self.queue, backoff))
        {
            return Err(CliError::wrong(reason));
        }
        let refused = |reason: ConnectError| match reason {
            ConnectError::InvalidJob(_) => CliError::wrong(reason),
            _ => CliError::failed(reason),
        };
        if !self.wait {
            let id = queue::add(&redis, spec).await.map_err(refused)?;
            if self.client.json {
                crate::cli::output::say!("{}", serde_json::json!({ "queue": self.queue, "id": id }));
            } else {
                crate::cli::output::say!("{id}");
            }
            return Ok(ExitCode::SUCCESS);
        }
        let added = queue::add_and_listen(&redis, spec).await.map_err(refused)?;
        let id = added.id.clone();
        match added.wait(self.wait_timeout).await {
            Ok(value) => {
                crate::cli::output::say!("{value}");
                Ok(ExitCode::SUCCESS)
            }
            Err(reason @ WaitError::Late { .. }) => {
                let dev = self.client.dev_option();
                Err(CliError::failed(format!("{reason} (`toril job {dev}{} {id}` shows it)", self.queue)))
            }
            Err(reason) => Err(CliError::failed(reason)),
        }
    }

    async fn add_bulk(&self, path: &Path, file: &str) -> CommandResult {
        let admin = self.client.admin(path)?;
        let configured = admin.configured();
        if !configured.contains(&self.queue) {
            let known: Vec<_> = configured.iter().map(|queue| queue.as_str()).collect();
            self.note_no_entry(path, &known);
            admin.make_queue(&self.queue).await?;
        }
        let added = bulk::add(&admin, &self.queue, self.name.as_deref(), file).await?;
        match self.client.json {
            true => crate::cli::output::say!("{}", serde_json::json!({ "queue": self.queue, "added": added })),
            false => crate::cli::output::say!("added {added} jobs to queue {}", self.queue),
        }
        Ok(ExitCode::SUCCESS)
    }

    fn note_no_entry(&self, path: &Path, known: &[&str]) {
        let meant = config::nearest(self.queue.as_str(), known).map(|name| format!(" (did you mean {name}?)"));
        let (path, queue, meant) = (path.display(), &self.queue, meant.unwrap_or_default());
        eprintln!("note: {path} has no queue {queue}{meant}; jobs are added without defaults");
    }

    fn read_data(&self) -> Result<Value, String> {
        let text = match self.data.as_str() {
            "-" => std::io::read_to_string(std::io::stdin()).map_err(|error| format!("standard input: {error}"))?,
            text => text.to_owned(),
        };
        serde_json::from_str(&text).map_err(|error| format!("--data is not JSON: {error}"))
    }
}

impl Options {
    fn job_options(self) -> JobOptions {
        let flag = |given: bool| given.then_some(true);
        JobOptions {
            on_failure: self.on_failure(),
            id: self.id,
            delay: self.delay,
            priority: self.priority,
            attempts: self.attempts,
            backoff: self.backoff,
            lifo: self.lifo,
            remove_on_complete: self.remove_on_complete,
            remove_on_fail: self.remove_on_fail,
            keep_logs: self.keep_logs,
            stack_trace_limit: self.stack_trace_limit,
            timestamp: self.timestamp,
            size_limit: self.size_limit,
            parent: self.parent,
            deduplication: self.deduplication_id.map(|id| Deduplication {
                id,
                ttl: self.deduplication_ttl,
                extend: flag(self.deduplication_extend),
                replace: flag(self.deduplication_replace),
                keep_last_if_active: flag(self.deduplication_keep_last_if_active),
            }),
        }
    }

    fn on_failure(&self) -> Option<OnFailure> {
        // The command line accepts at most one of them.
        [
            (self.fail_parent_on_failure, OnFailure::FailParent),
            (self.continue_parent_on_failure, OnFailure::ContinueParent),
            (self.ignore_dependency_on_failure, OnFailure::Ignore),
            (self.remove_dependency_on_failure, OnFailure::Remove),
        ]
        .into_iter()
        .find_map(|(given, effect)| given.then_some(effect))
    }
}

fn backoff(text: &str) -> Result<Backoff, String> {
    let mut parts = text.split(':');
    let kind = parts.next().filter(|kind| !kind.is_empty());
    let kind = BackoffKind::from(kind.ok_or("starts with fixed, exponential or the name of a strategy")?.to_owned());
    let delay = match (parts.next(), &kind) {
        (Some(delay), _) => {
            humantime::parse_duration(delay).map_err(|error| format!("{delay:?} is not a duration: {error}"))?
        }
        (None, BackoffKind::Named(_)) => Duration::ZERO,
        (None, _) => return Err("the delay is missing, as in fixed:2s".to_owned()),
    };
    let jitter = match parts.next() {
        None => 0.0,
        Some(jitter) => jitter
            .parse()
            .ok()
            .filter(|jitter| (0.0..=1.0).contains(jitter))
            .ok_or("the jitter is a number from 0 to 1")?,
    };
    match parts.next() {
        None => Ok(Backoff { kind, delay, jitter }),
        Some(_) => Err("has three parts at most, as in exponential:2s:0.5".to_owned()),
    }
}

fn keep(text: &str) -> Result<Keep, String> {
    match text {
        "true" => Ok(Keep::None),
        "false" => Ok(Keep::All),
        _ => {
            if let Ok(count) = text.parse() {
                return Ok(Keep::Some { age: None, count: Some(count), limit: None });
            }
            match humantime::parse_duration(text) {
                Ok(age) if age >= Duration::from_secs(1) => Ok(Keep::Some { age: Some(age), count: None, limit: None }),
                Ok(_) => Err("an age is a second at least".to_owned()),
                Err(_) => Err("is true, false, a number of jobs, or an age such as 1h".to_owned()),
            }
        }
    }
}

fn parent(text: &str) -> Result<JobRef, String> {
    match text.split_once(':') {
        Some((queue, id)) if !queue.is_empty() && !id.is_empty() => {
            let queue = QueueName::new(queue).map_err(|error| error.to_string())?;
            Ok(JobRef { queue, id: id.into() })
        }
        _ => Err("names a job as QUEUE:ID".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backoff_is_read_with_and_without_jitter() {
        let read = backoff("exponential:2s:0.5").expect("valid");
        assert_eq!((read.kind, read.delay, read.jitter), (BackoffKind::Exponential, Duration::from_secs(2), 0.5));
        assert_eq!(backoff("fixed:250ms").expect("valid").jitter, 0.0);
    }

    #[test]
    fn a_backoff_may_name_a_strategy_with_and_without_a_delay() {
        let polite = |delay, jitter| {
            Ok(Backoff { kind: BackoffKind::Named("polite".to_owned()), delay: Duration::from_secs(delay), jitter })
        };
        assert_eq!(backoff("polite"), polite(0, 0.0));
        assert_eq!(backoff("polite:3s:0.5"), polite(3, 0.5));
    }

    #[test]
    fn an_invalid_backoff_names_what_is_missing() {
        for (text, says) in [
            (":2s", "fixed"),
            ("fixed", "delay"),
            ("fixed:x", "duration"),
            ("fixed:1s:2", "jitter"),
            ("fixed:1s:0:0", "three"),
        ] {
            let error = backoff(text).expect_err(text);
            assert!(error.contains(says), "{text}: {error}");
        }
    }

    #[test]
    fn retention_is_read_with_bullmqs_meaning() {
        assert_eq!(keep("true"), Ok(Keep::None));
        assert_eq!(keep("100"), Ok(Keep::Some { age: None, count: Some(100), limit: None }));
        assert_eq!(keep("1h"), Ok(Keep::Some { age: Some(Duration::from_secs(3600)), count: None, limit: None }));
        assert!(keep("some").is_err());
    }
}
