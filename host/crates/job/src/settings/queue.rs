//! `[queues.NAME]`: what a host does with one BullMQ queue.

use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};
use std::time::Duration;

use serde_json::Value;

/// How many minutes of BullMQ's metrics are kept by default: two weeks.
pub const METRICS: NonZeroU32 = NonZeroU32::new(14 * 24 * 60).unwrap();

/// How one queue is worked on.
#[derive(Clone, Debug, PartialEq)]
pub struct Queue {
    /// The plugin that runs its jobs: `PLUGINS/NAME.wasm`.
    pub plugin: String,
    /// How many of its jobs this host runs at once. Default: `TORIL_CONCURRENCY`, else 1. Never more than the host's
    /// `max_pens`.
    pub concurrency: NonZeroUsize,
    /// The wall clock of one attempt, host calls included. Default 30 s, never 0.
    pub timeout: Duration,
    /// The most jobs that all hosts together start in a time. Default: no limit.
    pub rate_limit: Option<RateLimit>,
    /// How long a job stays this host's without being renewed. Default 30 s, at least 1 s.
    pub lock_duration: Duration,
    /// How often it is looked for jobs whose host has gone away. Default 30 s, never 0.
    pub stalled_interval: Duration,
    /// How often a job may lose its host before it is failed for good. Default 1.
    pub max_stalled: u32,
    /// How often a job may be started before it is failed for good. Default: no limit. BullMQ's `maxStartedAttempts`.
    pub max_started_attempts: Option<NonZeroU32>,
    /// How many minutes of BullMQ's metrics are kept. Default [`METRICS`]. None: no metrics keys are written.
    pub metrics: Option<NonZeroU32>,
    /// The queue's own backoff strategies, by the names that jobs select them with (`backoff.type`).
    pub backoff_strategies: BTreeMap<String, BackoffStrategy>,
    /// The queue that failed jobs are copied to. Default: none. Never the queue itself, nor one whose own
    /// `dead_letter` leads back here.
    pub dead_letter: Option<String>,
    /// Options of the jobs that Toril itself adds to the queue. Its `remove_on_complete` and `remove_on_fail` also apply
    /// to ended jobs of other producers whose options name none, as those of BullMQ's `Worker` do.
    pub job_defaults: JobDefaults,
    /// Job schedulers of the queue, by their ids.
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

/// The largest number that BullMQ takes as a priority: the last in line.
pub const LARGEST_PRIORITY: u32 = 2_097_151;

/// `[queues.NAME.schedules.ID]`: what adds a job again and again.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    /// When.
    pub repeat: Repeat,
    /// The name of its jobs. None: the schedule's id.
    pub name: Option<String>,
    /// Their payload. None: `{}`.
    pub data: Option<Value>,
    /// Their priority. None: they have none.
    pub priority: Option<u32>,
    /// How many jobs it adds at most. None: no limit.
    pub limit: Option<NonZeroU64>,
}

/// When a schedule adds a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// By a cron pattern, which was found to be one.
    Pattern {
        /// The pattern.
        pattern: String,
        /// Its IANA time zone. None: UTC.
        tz: Option<String>,
    },
    /// Each time that this has passed. Whole milliseconds, at least 1.
    Every(Duration),
}

/// `rate_limit = { max = 5, per = "1s" }`.
#[derive(Clone, Debug, PartialEq)]
pub struct RateLimit {
    /// How many jobs may start.
    pub max: NonZeroU64,
    /// In which time. Whole milliseconds, at least 1.
    pub per: Duration,
}

/// Options for jobs that are added without their own. Like BullMQ's `defaultJobOptions`; jobs of other producers
/// carry what counts for them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JobDefaults {
    /// How many attempts a job has in all. None: BullMQ's default, 1.
    pub attempts: Option<NonZeroU32>,
    /// The pause between attempts. None: BullMQ's default, no pause.
    pub backoff: Option<Backoff>,
    /// Which completed jobs are kept. None: BullMQ's default, all.
    pub remove_on_complete: Option<Keep>,
    /// Which failed jobs are kept. None: BullMQ's default, all.
    pub remove_on_fail: Option<Keep>,
}

/// The pause before a failed job runs again.
#[derive(Clone, Debug, PartialEq)]
pub struct Backoff {
    /// How the pause grows.
    pub kind: BackoffKind,
    /// The first pause, in whole milliseconds. 0: none.
    pub delay: Duration,
    /// How much of a pause is left to chance, from 0.0 to 1.0. Default 0.0. At 0.5 a pause of 2 s is anything from
    /// 1 s to 2 s.
    pub jitter: f64,
}

/// How the pause between attempts grows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BackoffKind {
    /// It does not.
    Fixed,
    /// It doubles with every attempt.
    Exponential,
    /// As the queue's backoff strategy of this name says. A delay or a jitter above 0 replaces the strategy's own.
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

/// `[queues.NAME.backoff_strategies.STRATEGY]`: what BullMQ's `settings.backoffStrategy` is in a Node worker.
#[derive(Clone, Debug, PartialEq)]
pub struct BackoffStrategy {
    /// How the delay follows from the number of failed attempts.
    pub delays: Delays,
    /// How much of a delay is random, from 0.0 to 1.0. Default 0.0. A job's own `backoff.jitter` takes precedence.
    pub jitter: f64,
    /// The longest delay. None: no limit.
    pub max: Option<Duration>,
}

/// How a strategy's delay follows from the number of failed attempts. A job's own `backoff.delay` replaces the base delay,
/// but not a list.
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

/// Which jobs are kept after they have ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keep {
    /// All of them, for ever (`false` in the file).
    All,
    /// None: a job is removed as it ends (`true` in the file).
    None,
    /// Those within both bounds (a number or a table in the file). At least one bound is set.
    Some {
        /// The age at which a job goes. Whole seconds, at least 1.
        age: Option<Duration>,
        /// How many jobs stay.
        count: Option<u64>,
        /// How many jobs are removed at once for their age. None: BullMQ's default, 1000.
        limit: Option<NonZeroU32>,
    },
}
