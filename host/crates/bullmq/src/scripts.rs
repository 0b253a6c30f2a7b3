//! BullMQ's own Lua scripts, for the less frequent transitions. The build script finds their text in the BullMQ crate.
//! Each function prepares the arguments of one script and interprets its answer.
//!
//! The scripts are those of BullMQ 6. `waiting.lua` and `reroute.lua` come before each of them, so that clients of
//! earlier BullMQ versions can use the same queue.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use bullmq::{Error, QueueKeys};
use redis::{FromRedisValue, Script, ScriptInvocation};
use serde::Serialize;

use super::claimed::{Claimed, Keep, LockToken};
use super::clock::{milliseconds, now};
use super::end_policy::EndPolicy;
use crate::access::QueueClient;
use toril_job::JobId;

macro_rules! text {
    ($file:literal) => {
        include_str!(concat!(env!("BULLMQ_COMMANDS"), "/", $file, ".lua"))
    };
}

macro_rules! official {
    ($($name:ident = $file:literal;)*) => {
        $(static $name: LazyLock<Script> = LazyLock::new(|| Script::new(text!($file)));)*
    };
}

/// Scripts that write to a running job. They do nothing if another worker holds the job's lock. The lock is their last
/// key, and this worker's token is their last argument.
macro_rules! guarded {
    ($($name:ident = $file:literal;)*) => {
        $(static $name: LazyLock<Script> = LazyLock::new(|| {
            Script::new(concat!(
                "local owner = redis.call('GET', KEYS[#KEYS])\n",
                "if owner and owner ~= ARGV[#ARGV] then return -6 end\n",
                text!($file)
            ))
        });)*
    };
}

guarded! {
    ADD_LOG = "addLog-2";
    UPDATE_DATA = "updateData-1";
    UPDATE_PROGRESS = "updateProgress-3";
}

official! {
    EXTEND_LOCKS = "extendLocks-1";
    MOVE_TO_DELAYED = "moveToDelayed-11";
    MOVE_TO_WAITING_CHILDREN = "moveToWaitingChildren-7";
}

macro_rules! rerouted {
    ($($name:ident = $file:literal;)*) => {
        $(static $name: LazyLock<Script> = LazyLock::new(|| Script::new(&rerouted(text!($file))));)*
    };
}

rerouted! {
    MOVE_JOB_FROM_ACTIVE_TO_WAIT = "moveJobFromActiveToWait-9";
    MOVE_TO_FINISHED = "moveToFinished-14";
    RETRY_JOB = "retryJob-11";
}

const WAITING: &str = include_str!("waiting.lua");

static PAUSE: LazyLock<Script> = LazyLock::new(|| {
    let official = text!("pause-7");
    Script::new(&rerouted(&format!("local function pause()\n{official}\nend\npause()\ntidy(ARGV[3])")))
});
static MOVE_STALLED_JOBS_TO_WAIT: LazyLock<Script> =
    LazyLock::new(|| Script::new(&rerouted(concat!("tidy(ARGV[2])\n", text!("moveStalledJobsToWait-9")))));

/// The text of one of BullMQ's scripts, changed so that it adds jobs to the list that the queue's waiting jobs are in.
/// Every script that adds jobs to that list needs this change.
pub fn rerouted(official: &str) -> String {
    [WAITING, include_str!("reroute.lua"), official].join("\n")
}

pub mod moves;
mod schedules;

/// The answer of a script that should move a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moved {
    /// The script has moved the job.
    Done,
    /// The job no longer exists.
    Missing,
    /// The job's lock is gone or belongs to another worker, or the job is no longer active.
    Lost,
    /// The job cannot be completed, because it has children that have not ended.
    PendingChildren,
    /// The job can neither be completed nor await its children, because some of them have failed.
    FailedChildren,
    /// The job has a parent or a deduplication id, so `settle.lua` cannot end it.
    Linked,
}

impl Moved {
    /// Interprets an answer code of `settle.lua` or of BullMQ.
    pub fn from_code(code: i64) -> Self {
        match code {
            1 => Self::Linked,
            0 | 2.. => Self::Done,
            -1 => Self::Missing,
            -4 => Self::PendingChildren,
            -9 => Self::FailedChildren,
            _ => Self::Lost,
        }
    }
}

/// The final result of a job, borrowed.
#[derive(Clone, Copy, Debug)]
pub enum FinalResultRef<'a> {
    /// Completed, with this return value as JSON.
    Completed(&'a str),
    /// Failed for good, with this reason and these stack traces (a JSON array).
    Failed(&'a str, &'a str),
}

impl FinalResultRef<'_> {
    /// The name of the set that the job is moved to.
    pub fn target(&self) -> &'static str {
        match self {
            Self::Completed(_) => "completed",
            Self::Failed(..) => "failed",
        }
    }

    /// The retention policy for that set: the job's own option, or else the queue's setting.
    pub fn keep(&self, job: &Claimed, policy: &EndPolicy) -> Keep {
        match self {
            Self::Completed(_) => job.options.remove_on_complete.unwrap_or(policy.completed),
            Self::Failed(..) => job.options.remove_on_fail.unwrap_or(policy.failed),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FinishOptions<'a> {
    token: &'a str,
    keep_jobs: KeepJobs,
    lock_duration: u64,
    attempts: u32,
    max_metrics_size: MaxMetrics,
    fpof: bool,
    cpof: bool,
    idof: bool,
    rdof: bool,
}

/// The form that BullMQ's script expects. An empty text turns metrics off.
#[derive(Serialize)]
#[serde(untagged)]
enum MaxMetrics {
    On(u32),
    Off(&'static str),
}

#[derive(Serialize)]
struct KeepJobs {
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    age: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<i64>,
}

/// Runs BullMQ's scripts on one queue.
#[derive(Clone)]
pub struct Scripts {
    client: Arc<QueueClient>,
}

impl Scripts {
    /// Prepares the scripts for this queue.
    pub fn new(client: Arc<QueueClient>) -> Self {
        Self { client }
    }

    /// Ends a job.
    pub async fn finish(&self, job: &Claimed, end: FinalResultRef<'_>, policy: &EndPolicy) -> Result<Moved, Error> {
        let keys = self.keys();
        let target = end.target();
        let set = if target == "completed" { keys.completed() } else { keys.failed() };
        let (property, value, fields) = match end {
            FinalResultRef::Completed(value) => ("returnvalue", value, Vec::new()),
            FinalResultRef::Failed(reason, traces) => ("failedReason", reason, failure_fields(reason, traces)?),
        };
        let keep = end.keep(job, policy);
        let options = pack(&FinishOptions {
            token: job.token.as_str(),
            // Without a policy all jobs are kept.
            keep_jobs: KeepJobs {
                count: if keep == Keep::default() { Some(-1) } else { keep.count },
                age: keep.age,
                limit: keep.limit,
            },
            lock_duration: 0,
            attempts: job.options.attempts.unwrap_or(0),
            max_metrics_size: policy.metrics.map_or(MaxMetrics::Off(""), MaxMetrics::On),
            fpof: false,
            cpof: false,
            idof: false,
            rdof: false,
        })?;
        let mut call = MOVE_TO_FINISHED.prepare_invoke();
        for key in [keys.wait(), keys.active(), keys.prioritized(), keys.events(), keys.stalled(), keys.limiter()] {
            call.key(key);
        }
        for key in [keys.delayed(), keys.paused(), keys.meta(), keys.pc(), set, keys.job_key(job.id.as_str())] {
            call.key(key);
        }
        call.key(keys.get(&format!("metrics:{target}"))).key(keys.marker());
        call.arg(job.id.as_str()).arg(now()).arg(property).arg(value).arg(target);
        // The script claims no next job, because the loop claims jobs.
        call.arg(0).arg(keys.key_prefix()).arg(options).arg(fields);
        self.moved(&call).await
    }

    /// Runs a job again after `wait`. `failure` is the reason and all stack traces of an attempt that counts.
    pub async fn delay(&self, job: &Claimed, wait: Duration, failure: Option<(&str, &str)>) -> Result<Moved, Error> {
        let keys = self.keys();
        let fields = failure.map(|(reason, traces)| failure_fields(reason, traces)).transpose()?.unwrap_or_default();
        let mut call = MOVE_TO_DELAYED.prepare_invoke();
        for key in [keys.marker(), keys.active(), keys.prioritized(), keys.delayed(), keys.job_key(job.id.as_str())] {
            call.key(key);
        }
        for key in [keys.events(), keys.meta(), keys.stalled(), keys.wait(), keys.limiter(), keys.pc()] {
            call.key(key);
        }
        call.arg(keys.key_prefix()).arg(now()).arg(job.id.as_str()).arg(job.token.as_str()).arg(milliseconds(wait));
        call.arg(if failure.is_some() { "0" } else { "1" }).arg(fields).arg(0).arg("");
        self.moved(&call).await
    }

    /// Retries a job without a delay, after an attempt that failed with this reason and these stack traces.
    pub async fn retry(&self, job: &Claimed, reason: &str, traces: &str) -> Result<Moved, Error> {
        let keys = self.keys();
        let mut call = RETRY_JOB.prepare_invoke();
        for key in
            [keys.active(), keys.wait(), keys.paused(), keys.job_key(job.id.as_str()), keys.meta(), keys.events()]
        {
            call.key(key);
        }
        for key in [keys.delayed(), keys.prioritized(), keys.pc(), keys.marker(), keys.stalled()] {
            call.key(key);
        }
        call.arg(keys.key_prefix()).arg(now()).arg(if job.options.lifo { "RPUSH" } else { "LPUSH" });
        call.arg(job.id.as_str()).arg(job.token.as_str()).arg(failure_fields(reason, traces)?);
        self.moved(&call).await
    }

    /// Requeues a job at the front of its queue. Its attempt is not counted.
    pub async fn give_back(&self, job: &Claimed) -> Result<Moved, Error> {
        let keys = self.keys();
        let mut call = MOVE_JOB_FROM_ACTIVE_TO_WAIT.prepare_invoke();
        for key in [keys.active(), keys.wait(), keys.stalled(), keys.paused(), keys.meta(), keys.limiter()] {
            call.key(key);
        }
        for key in [keys.prioritized(), keys.marker(), keys.events()] {
            call.key(key);
        }
        call.arg(job.id.as_str()).arg(job.token.as_str()).arg(keys.job_key(job.id.as_str()));
        // A value that is not an error code is the remaining time of the queue's rate limit.
        let code: i64 = self.run(&call).await?;
        Ok(Moved::from_code(code.min(0)))
    }

    /// Moves a job to the jobs that wait for their children. `None`: all its children have already ended.
    pub async fn await_children(&self, job: &Claimed) -> Result<Option<Moved>, Error> {
        let keys = self.keys();
        let key = keys.job_key(job.id.as_str());
        let mut call = MOVE_TO_WAITING_CHILDREN.prepare_invoke();
        call.key(keys.active()).key(keys.waiting_children()).key(&key);
        call.key(format!("{key}:dependencies")).key(format!("{key}:unsuccessful"));
        call.key(keys.stalled()).key(keys.events());
        call.arg(job.token.as_str()).arg("").arg(now()).arg(job.id.as_str()).arg(keys.key_prefix());
        let code: i64 = self.run(&call).await?;
        Ok((code != 1).then(|| Moved::from_code(code)))
    }

    /// Renews locks. Returns the ids of the jobs whose lock is gone or belongs to another worker.
    pub async fn extend_locks(&self, locks: &[(JobId, LockToken)], duration: Duration) -> Result<Vec<String>, Error> {
        let (ids, tokens): (Vec<&str>, Vec<&str>) =
            locks.iter().map(|(id, token)| (id.as_str(), token.as_str())).unzip();
        let mut call = EXTEND_LOCKS.prepare_invoke();
        call.key(self.keys().stalled());
        call.arg(self.keys().key_prefix()).arg(pack(&tokens)?).arg(pack(&ids)?).arg(milliseconds(duration));
        self.run(&call).await
    }

    /// Requeues jobs whose locks have expired, if no worker has checked within `interval`. Returns their ids.
    pub async fn move_stalled(&self, max_stalled: u32, interval: Duration) -> Result<Vec<String>, Error> {
        let keys = self.keys();
        let mut call = MOVE_STALLED_JOBS_TO_WAIT.prepare_invoke();
        for key in [keys.stalled(), keys.wait(), keys.active(), keys.stalled_check(), keys.meta(), keys.paused()] {
            call.key(key);
        }
        for key in [keys.marker(), keys.events(), keys.repeat()] {
            call.key(key);
        }
        call.arg(max_stalled).arg(keys.key_prefix()).arg(now()).arg(milliseconds(interval));
        self.run(&call).await
    }

    /// Appends a line to a job's log, and trims the log to the number of lines that the job keeps.
    pub async fn log(&self, job: &Claimed, line: &str) -> Result<(), Error> {
        let key = self.keys().job_key(job.id.as_str());
        let mut call = ADD_LOG.prepare_invoke();
        call.key(&key).key(format!("{key}:logs")).key(lock(&key)).arg(job.id.as_str()).arg(line);
        call.arg(job.options.keep_logs.map(|lines| lines.to_string()).unwrap_or_default()).arg(job.token.as_str());
        found(self.run(&call).await?, job)
    }

    /// Publishes a job's progress, as JSON.
    pub async fn set_progress(&self, job: &Claimed, progress: &str) -> Result<(), Error> {
        let keys = self.keys();
        let mut call = UPDATE_PROGRESS.prepare_invoke();
        let key = keys.job_key(job.id.as_str());
        call.key(&key)
            .key(keys.events())
            .key(keys.meta())
            .key(lock(&key))
            .arg(job.id.as_str())
            .arg(progress)
            .arg(job.token.as_str());
        found(self.run(&call).await?, job)
    }

    /// Replaces a job's data, as JSON.
    pub async fn set_data(&self, job: &Claimed, data: &str) -> Result<(), Error> {
        let key = self.keys().job_key(job.id.as_str());
        let mut call = UPDATE_DATA.prepare_invoke();
        call.key(&key).key(lock(&key)).arg(data).arg(job.token.as_str());
        found(self.run(&call).await?, job)
    }

    /// Pauses the queue for all workers.
    pub async fn pause(&self) -> Result<(), Error> {
        let keys = self.keys();
        self.move_waiting(keys.wait(), keys.paused(), "paused").await
    }

    /// Resumes the queue for all workers.
    pub async fn resume(&self) -> Result<(), Error> {
        let keys = self.keys();
        self.move_waiting(keys.paused(), keys.wait(), "resumed").await
    }

    /// Moves the waiting jobs between two lists, and publishes `event`.
    async fn move_waiting(&self, from: String, to: String, event: &str) -> Result<(), Error> {
        let keys = self.keys();
        let mut call = PAUSE.prepare_invoke();
        for key in [from, to, keys.meta(), keys.prioritized(), keys.events(), keys.delayed(), keys.marker()] {
            call.key(key);
        }
        // The "1" makes the script publish an event.
        call.arg(event).arg("1").arg(keys.key_prefix());
        self.run::<redis::Value>(&call).await.map(drop)
    }

    fn keys(&self) -> &QueueKeys {
        self.client.keys()
    }

    async fn moved(&self, call: &ScriptInvocation<'_>) -> Result<Moved, Error> {
        self.run(call).await.map(Moved::from_code)
    }

    async fn run<T: FromRedisValue>(&self, call: &ScriptInvocation<'_>) -> Result<T, Error> {
        Ok(call.invoke_async(&mut self.client.connection()).await?)
    }
}

fn lock(job_key: &str) -> String {
    format!("{job_key}:lock")
}

fn found(code: i64, job: &Claimed) -> Result<(), Error> {
    match code {
        -1 => Err(Error::JobNotFound(job.id.to_string())),
        ..-1 => Err(Error::from_script_code(code)),
        0.. => Ok(()),
    }
}

/// The fields that a script writes together with its transition.
fn failure_fields(reason: &str, traces: &str) -> Result<Vec<u8>, Error> {
    pack(&["failedReason", reason, "stacktrace", traces])
}

/// A value in the format that BullMQ's scripts expect.
pub(super) fn pack<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, Error> {
    rmp_serde::to_vec_named(value).map_err(|error| Error::MsgPack(error.to_string()))
}
