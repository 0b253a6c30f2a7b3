//! The one call of the worker's loop. It ends many jobs and claims as many as there are free slots.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use arc_swap::ArcSwap;
use bullmq::Error;
use redis::{RedisError, Script, ScriptInvocation, Value as Reply};

use crate::access::QueueClient;
use crate::claimed::{Claimed, Keep};
use crate::clock::{milliseconds, now};
use crate::end_policy::EndPolicy;
use crate::scripts::{FinalResultRef, Moved};
use toril_job::settings;
use toril_job::{JobId, Json};

/// A script that begins with the shared functions that read the waiting jobs and claim them.
macro_rules! script {
    ($rest:expr) => {
        LazyLock::new(|| {
            Script::new(concat!(include_str!("../waiting.lua"), "\n", include_str!("claim.lua"), "\n", $rest))
        })
    };
}

static CLAIM: LazyLock<Script> = script!("return claim(tonumber(ARGV[5]))\n");
static SETTLE: LazyLock<Script> = script!(include_str!("settle.lua"));
static REGAIN: LazyLock<Script> = script!(include_str!("regain.lua"));

/// A job that has ended, with its final result.
pub struct Settlement {
    /// The job.
    pub job: Arc<Claimed>,
    /// Its final result.
    pub result: FinalResult,
}

/// The final result of a job, with the data to write.
#[derive(Clone)]
pub enum FinalResult {
    /// The job returned this value.
    Completed(Json),
    /// The job failed for good, with this reason and these stack traces (a JSON array).
    Failed(String, String),
}

impl FinalResult {
    /// Borrows the data.
    pub fn end(&self) -> FinalResultRef<'_> {
        match self {
            Self::Completed(value) => FinalResultRef::Completed(value.text()),
            Self::Failed(reason, traces) => FinalResultRef::Failed(reason, traces),
        }
    }
}

impl Settlement {
    /// The approximate number of bytes that the call needs for this job.
    pub fn size(&self) -> usize {
        match self.result.end() {
            FinalResultRef::Completed(value) => value.len(),
            FinalResultRef::Failed(reason, traces) => reason.len() + traces.len(),
        }
    }
}

/// The answer to a call.
#[derive(Debug, Default)]
pub struct Answer {
    /// The result for each job that the call should end.
    pub moved: Vec<Moved>,
    /// The jobs that were claimed.
    pub jobs: Vec<Claimed>,
    /// How long a rate limit forbids to claim jobs.
    pub limited: Option<Duration>,
    /// When the next delayed job is due, in milliseconds since the Unix epoch.
    pub next: Option<u64>,
    /// Whether there may be more jobs to claim immediately.
    pub more: bool,
    /// Whether the queue's global concurrency, which all workers share, is used up.
    pub full: bool,
    /// Jobs that were removed from the queue because they cannot be started.
    pub unusable: Vec<Unusable>,
}

/// A job that cannot be started.
#[derive(Debug)]
pub struct Unusable {
    /// Its id.
    pub id: JobId,
    /// Why it cannot be started.
    pub reason: String,
}

/// The calls for one queue.
pub struct Batch {
    client: Arc<QueueClient>,
    keys: Vec<String>,
    prefix: String,
    lock: u64,
    limit: Option<(u64, u64)>,
    /// The worker's name. The call writes it into each claimed job. If it is empty, the call writes no name.
    name: String,
    policy: Arc<ArcSwap<EndPolicy>>,
}

impl Batch {
    /// Prepares the calls for this queue: lock duration and rate limit from its settings, and the worker's name if it
    /// has one.
    pub fn new(
        client: Arc<QueueClient>,
        settings: &settings::Queue,
        name: Option<&str>,
        policy: Arc<ArcSwap<EndPolicy>>,
    ) -> Self {
        let keys = client.keys();
        let metrics =
            |target: &str| (keys.get(&format!("metrics:{target}")), keys.get(&format!("metrics:{target}:data")));
        let (completed, failed) = (metrics("completed"), metrics("failed"));
        Self {
            keys: vec![
                keys.wait(),
                keys.active(),
                keys.prioritized(),
                keys.events(),
                keys.stalled(),
                keys.limiter(),
                keys.delayed(),
                keys.meta(),
                keys.pc(),
                keys.marker(),
                keys.completed(),
                keys.failed(),
                completed.0,
                completed.1,
                failed.0,
                failed.1,
            ],
            prefix: keys.key_prefix(),
            client,
            lock: milliseconds(settings.lock_duration),
            limit: settings.rate_limit.as_ref().map(|limit| (limit.max.get(), milliseconds(limit.per))),
            name: name.unwrap_or_default().to_owned(),
            policy,
        }
    }

    /// Ends these jobs and claims up to `claim` jobs. The lock of each contains `token` and a number.
    pub async fn call(&self, token: &str, settlements: &[&Settlement], claim: usize) -> Result<Answer, Error> {
        let now = now();
        // Without jobs to end, the shorter script is enough.
        let (script, keys) = if settlements.is_empty() { (&CLAIM, 10) } else { (&SETTLE, self.keys.len()) };
        let mut call = self.prepare(script, keys, token, claim, now);
        if !settlements.is_empty() {
            let policy = self.policy.load();
            let (packed, long) = packed(settlements, &policy)?;
            call.arg(policy.metrics.map(|points| points.to_string()).unwrap_or_default()).arg(packed).arg(long);
        }
        let reply: Reply = call.invoke_async(&mut self.client.connection()).await?;
        let answer = if settlements.is_empty() { claimed(reply, token, now) } else { settled(reply, token, now) };
        answer.filter(|answer| answer.moved.len() == settlements.len()).ok_or_else(foreign)
    }

    /// Finds the jobs of calls whose answers were lost, because Redis may have claimed jobs for them. `tokens` are the
    /// tokens of these calls. Each begins with `name` and a colon.
    pub async fn regain(&self, name: &str, tokens: impl Iterator<Item = &str>) -> Result<Answer, Error> {
        let now = now();
        let mut call = self.prepare(&REGAIN, 10, name, 0, now);
        for token in tokens {
            call.arg(token);
        }
        let reply: Reply = call.invoke_async(&mut self.client.connection()).await?;
        let mut answer = claimed(reply, name, now).ok_or_else(foreign)?;
        for job in &mut answer.jobs {
            // The first claim had already written its time when these fields were read.
            job.processed_on = job.processed_before.take().unwrap_or(now);
        }
        Ok(answer)
    }

    fn prepare<'a>(
        &self,
        script: &'a Script,
        keys: usize,
        token: &str,
        claim: usize,
        now: u64,
    ) -> ScriptInvocation<'a> {
        let mut call = script.prepare_invoke();
        for key in &self.keys[..keys] {
            call.key(key);
        }
        call.arg(&self.prefix).arg(now).arg(self.lock).arg(token).arg(claim);
        match self.limit {
            Some((max, per)) => call.arg(max).arg(per),
            None => call.arg("").arg(""),
        };
        call.arg(&self.name);
        call
    }
}

/// Texts of this many bytes become arguments of their own. Inside the packed argument, Redis' Lua would copy them
/// twice.
const LONG: usize = 4096;
/// The index of the first such text in the arguments of `settle.lua`, counted from 1 as in Lua.
const FIRST_LONG: usize = 11;

/// A return value or a failure reason.
#[derive(serde::Serialize)]
#[serde(untagged)]
enum Text<'a> {
    Here(&'a str),
    /// The index of the argument that contains the text.
    Argument(usize),
}

/// Packs the fields of each job in the order that `settle.lua` expects. Also returns the long texts, which follow as
/// arguments.
fn packed<'a>(settlements: &[&'a Settlement], policy: &EndPolicy) -> Result<(Vec<u8>, Vec<&'a str>), Error> {
    let mut long = Vec::new();
    let items: Vec<_> = settlements
        .iter()
        .map(|settlement| {
            let (job, end) = (&settlement.job, settlement.result.end());
            let Keep { count, age, limit } = end.keep(job, policy);
            let (value, traces) = match end {
                FinalResultRef::Completed(value) => (value, None),
                FinalResultRef::Failed(reason, traces) => (reason, Some(traces)),
            };
            let value = if value.len() < LONG {
                Text::Here(value)
            } else {
                long.push(value);
                Text::Argument(FIRST_LONG + long.len() - 1)
            };
            let attempts = job.options.attempts.unwrap_or(0);
            let started = job.attempts_started.to_string();
            (&job.id, &job.token, started, end.target(), value, traces, attempts, count, age, limit)
        })
        .collect();
    let packed = rmp_serde::to_vec(&items).map_err(|error| Error::MsgPack(error.to_string()))?;
    Ok((packed, long))
}

fn foreign() -> Error {
    let kind = redis::ErrorKind::UnexpectedReturnType;
    Error::Redis(RedisError::from((kind, "the script of the queue returned an unexpected answer")))
}

fn settled(reply: Reply, token: &str, now: u64) -> Option<Answer> {
    let [codes, next] = array(reply)?;
    let Reply::Array(codes) = codes else { return None };
    let moved = codes.into_iter().map(|code| number(&code).map(Moved::from_code)).collect::<Option<_>>()?;
    Some(Answer { moved, ..claimed(next, token, now)? })
}

fn claimed(reply: Reply, token: &str, now: u64) -> Option<Answer> {
    let [jobs, limited, next, more, full, unusable] = array(reply)?;
    let (Reply::Array(jobs), Reply::Array(unusable)) = (jobs, unusable) else { return None };
    let jobs = jobs.iter().map(|job| Claimed::read(job, token, now)).collect::<Option<_>>()?;
    let positive =
        |reply: &Reply| number(reply).and_then(|number| u64::try_from(number).ok()).filter(|number| *number > 0);
    Some(Answer {
        moved: Vec::new(),
        jobs,
        limited: positive(&limited).map(Duration::from_millis),
        next: positive(&next),
        more: positive(&more).is_some(),
        full: positive(&full).is_some(),
        unusable: unusable.into_iter().map(unusable_job).collect::<Option<_>>()?,
    })
}

fn unusable_job(reply: Reply) -> Option<Unusable> {
    let [Reply::BulkString(id), Reply::BulkString(reason)] = array(reply)? else { return None };
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Some(Unusable { id: text(id).into(), reason: text(reason) })
}

fn array<const N: usize>(reply: Reply) -> Option<[Reply; N]> {
    let Reply::Array(entries) = reply else { return None };
    entries.try_into().ok()
}

fn number(reply: &Reply) -> Option<i64> {
    let Reply::Int(number) = reply else { return None };
    Some(*number)
}
