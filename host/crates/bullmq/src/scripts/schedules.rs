//! Continues schedules: adds the next job of a job scheduler or of a repeatable job.

use std::sync::LazyLock;

use bullmq::Error;
use redis::Script;
use serde_json::Value;

use super::{Scripts, pack, rerouted};
use crate::claimed::Claimed;
use crate::clock::now;
use crate::repeat::legacy::Repetition;

rerouted! {
    ADD_DELAYED_JOB = "addDelayedJob-6";
    ADD_PRIORITIZED_JOB = "addPrioritizedJob-9";
    ADD_STANDARD_JOB = "addStandardJob-9";
}

static UPDATE_JOB_SCHEDULER: LazyLock<Script> = LazyLock::new(|| {
    let official = text!("updateJobScheduler-12");
    Script::new(&rerouted(&[include_str!("keep_data.lua"), official].concat()))
});

/// Sets the next time of a repeatable job, under the first of its keys that exists. KEYS: the sorted set. ARGV: the
/// time, then the keys. Returns that key, or nil if the repeatable job was removed.
static MOVE_REPEATABLE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "for i = 2, #ARGV do
           if redis.call('ZSCORE', KEYS[1], ARGV[i]) then
             redis.call('ZADD', KEYS[1], ARGV[1], ARGV[i])
             return ARGV[i]
           end
         end",
    )
});

impl Scripts {
    /// Adds the next job of the scheduler that created this one, with these options. Does nothing if the job was
    /// already added. `at`: when it is due, in milliseconds since the Unix epoch. With 0 the script computes it.
    pub async fn next_iteration(&self, job: &Claimed, at: u64, options: &Value) -> Result<(), Error> {
        let keys = self.keys();
        let mut call = UPDATE_JOB_SCHEDULER.prepare_invoke();
        for key in [keys.repeat(), keys.delayed(), keys.wait(), keys.paused(), keys.meta(), keys.prioritized()] {
            call.key(key);
        }
        for key in [keys.marker(), keys.id(), keys.events(), keys.pc(), keys.job_key(job.id.as_str()), keys.active()] {
            call.key(key);
        }
        call.arg(at).arg(job.scheduler.as_deref().unwrap_or_default()).arg(&*job.data).arg(pack(options)?);
        call.arg(now()).arg(keys.key_prefix()).arg(job.id.as_str());
        self.run::<redis::Value>(&call).await.map(drop)
    }

    /// Adds the next job of the repeatable job that this one belongs to. Adds none if the repeatable job was removed. A
    /// next job that already exists stays unchanged.
    pub async fn next_repeatable(&self, job: &Claimed, next: &Repetition) -> Result<(), Error> {
        let keys = self.keys();
        let mut call = MOVE_REPEATABLE.prepare_invoke();
        call.key(keys.repeat()).arg(next.at).arg(&next.keys.hashed).arg(&next.keys.plain);
        let Some(key) = self.run::<Option<String>>(&call).await? else { return Ok(()) };
        let (id, options) = next.job(&key);
        let deduplication = next.deduplication().map(|id| keys.get(&format!("de:{id}")));
        let nothing = None::<()>;
        let arguments =
            pack(&(keys.key_prefix(), &id, &job.name, next.now, nothing, nothing, nothing, &key, deduplication))?;
        let mut call;
        if next.delay() > 0 {
            call = ADD_DELAYED_JOB.prepare_invoke();
            for key in [keys.marker(), keys.meta(), keys.id(), keys.delayed(), keys.completed(), keys.events()] {
                call.key(key);
            }
        } else if next.priority() > 0.0 {
            call = ADD_PRIORITIZED_JOB.prepare_invoke();
            for key in [keys.marker(), keys.meta(), keys.id(), keys.prioritized(), keys.delayed()] {
                call.key(key);
            }
            call.key(keys.completed()).key(keys.active()).key(keys.events()).key(keys.pc());
        } else {
            call = ADD_STANDARD_JOB.prepare_invoke();
            for key in [keys.wait(), keys.paused(), keys.meta(), keys.id(), keys.completed(), keys.delayed()] {
                call.key(key);
            }
            call.key(keys.active()).key(keys.events()).key(keys.marker());
        }
        call.arg(arguments).arg(&*job.data).arg(pack(&options)?);
        self.run::<redis::Value>(&call).await.map(drop)
    }

    /// Whether this is the id of a job scheduler, and not the key of a repeatable job.
    pub async fn is_scheduler(&self, key: &str) -> Result<bool, Error> {
        let mut exists = redis::cmd("HEXISTS");
        exists.arg(format!("{}:{key}", self.keys().repeat())).arg("ic");
        Ok(exists.query_async(&mut self.client.connection()).await?)
    }

    /// Whether a schedule with one of these keys waits for this job, and so would end with it.
    pub async fn awaits(&self, job: &Claimed, schedules: &[&str]) -> Result<bool, Error> {
        let due = job.id.as_str().rsplit(':').next().and_then(|due| due.parse::<f64>().ok());
        for schedule in schedules {
            let mut score = redis::cmd("ZSCORE");
            score.arg(self.keys().repeat()).arg(*schedule);
            let score: Option<f64> = score.query_async(&mut self.client.connection()).await?;
            if score.is_some() {
                return Ok(score == due);
            }
        }
        Ok(false)
    }
}
