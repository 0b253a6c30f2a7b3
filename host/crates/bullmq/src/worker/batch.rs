//! The one call that the loop lives on: ends any number of jobs, and claims as many as there is room for.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use arc_swap::ArcSwap;
use bullmq::Error;
use redis::{RedisError, Script, ScriptInvocation, Value as Reply};

use crate::claimed::{Claimed, Keep};
use crate::clock::{milliseconds, now};
use crate::end_policy::EndPolicy;
use crate::home::Home;
use crate::scripts::{End, Moved};
use toril_job::Json;
use toril_job::settings;

/// A script that begins with the functions that wait for jobs and claim them.
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

/// A job that has come to its end, and which.
pub struct Ending {
    /// The job.
    pub job: Arc<Claimed>,
    /// Its end.
    pub how: How,
}

/// How a job ended, with what that needs.
#[derive(Clone)]
pub enum How {
    /// It returned this.
    Completed(Json),
    /// It has failed for good, for this reason and with these traces, which are a JSON array.
    Failed(String, String),
}

impl How {
    /// The same, borrowed.
    pub fn end(&self) -> End<'_> {
        match self {
            Self::Completed(value) => End::Completed(value.text()),
            Self::Failed(reason, traces) => End::Failed(reason, traces),
        }
    }
}

impl Ending {
    /// About how many bytes it takes to send it.
    pub fn size(&self) -> usize {
        match self.how.end() {
            End::Completed(value) => value.len(),
            End::Failed(reason, traces) => reason.len() + traces.len(),
        }
    }
}

/// What a call has brought.
#[derive(Debug, Default)]
pub struct Answer {
    /// What became of each job that was to be ended.
    pub moved: Vec<Moved>,
    /// The jobs that were claimed.
    pub jobs: Vec<Claimed>,
    /// No job may be claimed for this time.
    pub limited: Option<Duration>,
    /// When the next delayed job is due, in milliseconds since the Unix epoch.
    pub next: Option<u64>,
    /// Whether there may be more to claim at once.
    pub more: bool,
    /// Whether the queue's own concurrency, which all workers share, is used up.
    pub full: bool,
    /// Jobs that were taken out of the queue since they cannot be started.
    pub unusable: Vec<Unusable>,
}

/// A job that cannot be started.
#[derive(Debug)]
pub struct Unusable {
    /// Its id.
    pub id: String,
    /// Why not.
    pub reason: String,
}

/// Calls for one queue.
pub struct Batch {
    home: Arc<Home>,
    keys: Vec<String>,
    prefix: String,
    lock: u64,
    limit: Option<(u64, u64)>,
    /// The worker's name, which is written into each job that is claimed. Empty: none is.
    name: String,
    policy: Arc<ArcSwap<EndPolicy>>,
}

impl Batch {
    /// For this queue, with what its settings say of locks and limits, and the worker's name if it has one.
    pub fn new(
        home: Arc<Home>,
        settings: &settings::Queue,
        name: Option<&str>,
        policy: Arc<ArcSwap<EndPolicy>>,
    ) -> Self {
        let keys = home.keys();
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
            home,
            lock: milliseconds(settings.lock_duration),
            limit: settings.rate_limit.as_ref().map(|limit| (limit.max.get(), milliseconds(limit.per))),
            name: name.unwrap_or_default().to_owned(),
            policy,
        }
    }

    /// Ends these jobs and claims up to so many, whose locks hold `token` and a number each.
    pub async fn call(&self, token: &str, endings: &[&Ending], claim: usize) -> Result<Answer, Error> {
        let now = now();
        // Without an end, the part that ends jobs has nothing to say.
        let (script, keys) = if endings.is_empty() { (&CLAIM, 10) } else { (&SETTLE, self.keys.len()) };
        let mut call = self.prepare(script, keys, token, claim, now);
        if !endings.is_empty() {
            let policy = self.policy.load();
            let (packed, long) = packed(endings, &policy)?;
            call.arg(policy.metrics.map(|points| points.to_string()).unwrap_or_default()).arg(packed).arg(long);
        }
        let reply: Reply = call.invoke_async(&mut self.home.connection()).await?;
        let answer = if endings.is_empty() { claimed(reply, token, now) } else { settled(reply, token, now) };
        answer.filter(|answer| answer.moved.len() == endings.len()).ok_or_else(foreign)
    }

    /// Finds the jobs of calls whose answers were lost: Redis may have claimed jobs for them. `tokens` were theirs, each
    /// of which begins with `name` and a colon.
    pub async fn regain(&self, name: &str, tokens: impl Iterator<Item = &str>) -> Result<Answer, Error> {
        let now = now();
        let mut call = self.prepare(&REGAIN, 10, name, 0, now);
        for token in tokens {
            call.arg(token);
        }
        let reply: Reply = call.invoke_async(&mut self.home.connection()).await?;
        let mut answer = claimed(reply, name, now).ok_or_else(foreign)?;
        for job in &mut answer.jobs {
            // Their fields are read after the claim has written its time.
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

/// Text of so many bytes is sent by itself: packed, it would go through the hands of Redis' Lua twice.
const LONG: usize = 4096;
/// Where such texts begin in the arguments of `settle.lua`, counted from 1 as there.
const FIRST_LONG: usize = 11;

/// A value or a reason.
#[derive(serde::Serialize)]
#[serde(untagged)]
enum Text<'a> {
    Here(&'a str),
    /// The number of the argument.
    Argument(usize),
}

/// What `settle.lua` reads of each job, in its order, and the long texts, which follow on it.
fn packed<'a>(endings: &[&'a Ending], policy: &EndPolicy) -> Result<(Vec<u8>, Vec<&'a str>), Error> {
    let mut long = Vec::new();
    let items: Vec<_> = endings
        .iter()
        .map(|ending| {
            let (job, end) = (&ending.job, ending.how.end());
            let Keep { count, age, limit } = end.keep(job, policy);
            let (value, traces) = match end {
                End::Completed(value) => (value, None),
                End::Failed(reason, traces) => (reason, Some(traces)),
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
    Error::Redis(RedisError::from((kind, "the queue's script answered something else than it should")))
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
    Some(Unusable { id: text(id), reason: text(reason) })
}

fn array<const N: usize>(reply: Reply) -> Option<[Reply; N]> {
    let Reply::Array(entries) = reply else { return None };
    entries.try_into().ok()
}

fn number(reply: &Reply) -> Option<i64> {
    let Reply::Int(number) = reply else { return None };
    Some(*number)
}
