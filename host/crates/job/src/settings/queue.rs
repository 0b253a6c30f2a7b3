//! `[queues.NAME]`: the settings of one BullMQ queue.

use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};
use std::time::Duration;

use serde_json::Value;

use crate::ids::QueueName;

/// The default number of minutes for which BullMQ's metrics are kept: two weeks.
pub const METRICS: NonZeroU32 = NonZeroU32::new(14 * 24 * 60).unwrap();

/// The settings of one queue.
#[derive(Clone, Debug, PartialEq)]
pub struct Queue {
    /// The plugin that runs the queue's jobs: `PLUGINS/NAME.wasm`.
    pub plugin: String,
    /// How many of its jobs this host runs at once. Default: `TORIL_CONCURRENCY`, otherwise 1. Never more than the
    /// host's `max_pens`.
    pub concurrency: NonZeroUsize,
    /// The time limit of one attempt in wall-clock time, host calls included. Default 30 s, never 0.
    pub timeout: Duration,
    /// The limit of jobs that all hosts together may start in a period. Default: no limit.
    pub rate_limit: Option<RateLimit>,
    /// How long the lock of a job is valid without a renewal. Default 30 s, at least 1 s.
    pub lock_duration: Duration,
    /// The interval of the stalled-job check. Default 30 s, never 0.
    pub stalled_interval: Duration,
    /// How many times a job may stall before it fails permanently. Default 1.
    pub max_stalled: u32,
    /// How many times a job may start before it fails permanently. Default: no limit. BullMQ's `maxStartedAttempts`.
    pub max_started_attempts: Option<NonZeroU32>,
    /// How many minutes of BullMQ's metrics are kept. Default [`METRICS`]. None: the host writes no metrics keys.
    pub metrics: Option<NonZeroU32>,
    /// The queue's own backoff strategies, by name. A job selects one with `backoff.type`.
    pub backoff_strategies: BTreeMap<String, BackoffStrategy>,
    /// The queue that failed jobs are copied to. Default: none. Never the queue itself, nor a queue whose
    /// `dead_letter` leads back here.
    pub dead_letter: Option<QueueName>,
    /// Options of the jobs that Toril itself adds to the queue. `remove_on_complete` and `remove_on_fail` also apply
    /// to finished jobs of other producers whose options set neither, like those of BullMQ's `Worker`.
    pub job_defaults: JobDefaults,
    /// The queue's job schedulers, by id.
    pub schedules: BTreeMap<String, Schedule>,
}

impl Queue {
    /// A queue with all defaults.
    pub fn new(plugin: impl Into<String>) -> Self {
        Self {
            plugin: plugin.into(),
            concurrency: NonZeroUsize::MIN,
            timeout: Duration::from_secs(30),
            rate_limit: None,
            lock_duration: Duration::from_secs(30),
            stalled_interval: Duration::from_secs(30),
            max_stalled: 1,
            max_started_attempts: None,
            metrics: Some(METRICS),
            backoff_strategies: BTreeMap::new(),
            dead_letter: None,
            job_defaults: JobDefaults::default(),
            schedules: BTreeMap::new(),
        }
    }
}

/// The defaults, for a program that runs the jobs itself and has no plugins.
impl Default for Queue {
    fn default() -> Self {
        Self::new("")
    }
}

/// `[queues.NAME.schedules.ID]`: a job scheduler, which adds jobs repeatedly.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    /// When it adds a job.
    pub repeat: Repeat,
    /// The name of its jobs. None: the schedule's id.
    pub name: Option<String>,
    /// The payload of its jobs. None: `{}`.
    pub data: Option<Value>,
    /// The priority of its jobs. None: no priority.
    pub priority: Option<u32>,
    /// The largest number of jobs that it adds. None: no limit.
    pub limit: Option<NonZeroU64>,
}

/// When a schedule adds a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// At the times of a cron pattern, which is known to be valid.
    Pattern {
        /// The pattern.
        pattern: String,
        /// Its IANA time zone. None: UTC.
        tz: Option<String>,
    },
    /// At this interval. Whole milliseconds, at least 1.
    Every(Duration),
}

/// `rate_limit = { max = 5, per = "1s" }`.
#[derive(Clone, Debug, PartialEq)]
pub struct RateLimit {
    /// The number of jobs that may start.
    pub max: NonZeroU64,
    /// The period. Whole milliseconds, at least 1.
    pub per: Duration,
}

/// Default options for jobs, like BullMQ's `defaultJobOptions`. They apply to jobs that Toril adds without own
/// options. Jobs of other producers carry their options with them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JobDefaults {
    /// The total number of attempts. None: BullMQ's default, 1.
    pub attempts: Option<NonZeroU32>,
    /// The backoff between attempts. None: BullMQ's default, no delay.
    pub backoff: Option<Backoff>,
    /// Which completed jobs are kept. None: BullMQ's default, all.
    pub remove_on_complete: Option<Keep>,
    /// Which failed jobs are kept. None: BullMQ's default, all.
    pub remove_on_fail: Option<Keep>,
}

/// The backoff: how long a failed job waits before its retry.
#[derive(Clone, Debug, PartialEq)]
pub struct Backoff {
    /// How the delay grows.
    pub kind: BackoffKind,
    /// The first delay, in whole milliseconds. 0: no delay.
    pub delay: Duration,
    /// Which part of a delay is random, from 0.0 to 1.0. Default 0.0. At 0.5 a delay of 2 s becomes a random delay
    /// from 1 s to 2 s.
    pub jitter: f64,
}

/// How the delay between attempts grows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BackoffKind {
    /// The delay stays the same.
    Fixed,
    /// The delay doubles with every attempt.
    Exponential,
    /// The queue's backoff strategy with this name. A delay or a jitter above 0 replaces the strategy's own.
    Named(String),
}

impl From<String> for BackoffKind {
    /// The kind that a job selects with `backoff.type`.
    fn from(name: String) -> Self {
        match name.as_str() {
            "fixed" => Self::Fixed,
            "exponential" => Self::Exponential,
            _ => Self::Named(name),
        }
    }
}

/// `[queues.NAME.backoff_strategies.STRATEGY]`: the equivalent of `settings.backoffStrategy` in BullMQ's Node worker.
#[derive(Clone, Debug, PartialEq)]
pub struct BackoffStrategy {
    /// How the delay depends on the number of failed attempts.
    pub delays: Delays,
    /// Which part of a delay is random, from 0.0 to 1.0. Default 0.0. A job's own `backoff.jitter` takes precedence.
    pub jitter: f64,
    /// The longest delay. None: no limit.
    pub max: Option<Duration>,
}

/// How a strategy's delay depends on the number of failed attempts. A job's own `backoff.delay` replaces the base
/// delay, but not a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delays {
    /// Always this delay.
    Fixed(Duration),
    /// This delay, doubled with every further attempt.
    Exponential(Duration),
    /// This delay, times the number of failed attempts.
    Linear(Duration),
    /// One delay for each failed attempt. The last one repeats. Never empty.
    List(Vec<Duration>),
}

/// Which finished jobs are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keep {
    /// All finished jobs are kept for ever (`false` in the file).
    All,
    /// A job is removed when it finishes (`true` in the file).
    None,
    /// This number of jobs is kept. Only new jobs use this form, because BullMQ stores it as a plain number.
    Count(u64),
    /// Jobs within both limits are kept (a number or a table in the file). At least one limit is set.
    Some {
        /// The age at which a job is removed. Whole seconds, at least 1.
        age: Option<Duration>,
        /// The number of jobs that are kept.
        count: Option<u64>,
        /// How many jobs are removed at once because of their age. None: BullMQ's default, 1000.
        limit: Option<NonZeroU32>,
    },
}
