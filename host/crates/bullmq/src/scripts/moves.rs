//! Moves jobs for an operator: back to the waiting jobs, or among them.

use std::sync::LazyLock;

use bullmq::Error;
use redis::Script;

use super::{Scripts, rerouted};
use toril_job::JobId;

rerouted! {
    CHANGE_PRIORITY = "changePriority-7";
    MOVE_JOBS_TO_WAIT = "moveJobsToWait-8";
    PROMOTE = "promote-9";
    REPROCESS_JOB = "reprocessJob-9";
}

/// The most jobs that one call moves. Redis is blocked meanwhile. This is BullMQ's own default.
const AT_ONCE: u32 = 1000;

/// The place of a job among the jobs with the same priority.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// After the jobs that already wait.
    Fifo,
    /// Before the jobs that already wait.
    Lifo,
}

/// How many attempts a job gets that is retried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryAttempts {
    /// One more.
    One,
    /// All its attempts again.
    All,
}

/// The set of ended jobs that a job is moved from.
#[derive(Clone, Copy, Debug)]
pub enum EndedSet {
    /// The completed jobs.
    Completed,
    /// The failed jobs.
    Failed,
}

impl EndedSet {
    /// The names of the set, and of the field that contains the result or the failure reason.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Completed => ("completed", "returnvalue"),
            Self::Failed => ("failed", "failedReason"),
        }
    }
}

impl Scripts {
    /// Moves a delayed job to the waiting jobs. Returns false if it is not delayed.
    pub async fn promote(&self, job_id: &JobId) -> Result<bool, Error> {
        let keys = self.keys();
        let mut call = PROMOTE.prepare_invoke();
        for key in [keys.delayed(), keys.wait(), keys.paused(), keys.meta(), keys.prioritized(), keys.active()] {
            call.key(key);
        }
        call.key(keys.pc()).key(keys.events()).key(keys.marker());
        call.arg(keys.key_prefix()).arg(job_id.as_str());
        let code: i64 = self.run(&call).await?;
        Ok(code >= 0)
    }

    /// Moves an ended job to the waiting jobs. Returns false if the job is not in the set.
    pub async fn reprocess(
        &self,
        job_id: &JobId,
        ended: EndedSet,
        order: Order,
        attempts: RetryAttempts,
    ) -> Result<bool, Error> {
        let keys = self.keys();
        let (set, field) = ended.names();
        let reset = if attempts == RetryAttempts::All { "1" } else { "0" };
        let mut call = REPROCESS_JOB.prepare_invoke();
        for key in
            [keys.job_key(job_id.as_str()), keys.events(), keys.get(set), keys.wait(), keys.meta(), keys.active()]
        {
            call.key(key);
        }
        call.key(keys.marker()).key(keys.prioritized()).key(keys.pc());
        call.arg(job_id.as_str())
            .arg(if order == Order::Lifo { "RPUSH" } else { "LPUSH" })
            .arg(field)
            .arg(set)
            .arg(reset)
            .arg(reset);
        let code: i64 = self.run(&call).await?;
        Ok(code == 1)
    }

    /// Changes a job's priority. Returns whether the job exists.
    pub async fn change_priority(&self, job_id: &JobId, priority: u32, order: Order) -> Result<bool, Error> {
        let keys = self.keys();
        let mut call = CHANGE_PRIORITY.prepare_invoke();
        for key in [keys.wait(), keys.paused(), keys.meta(), keys.prioritized(), keys.active(), keys.pc()] {
            call.key(key);
        }
        call.key(keys.marker());
        let lifo = if order == Order::Lifo { "1" } else { "0" };
        call.arg(priority).arg(keys.key_prefix()).arg(job_id.as_str()).arg(lifo);
        let code: i64 = self.run(&call).await?;
        Ok(code >= 0)
    }

    /// Moves the jobs that had failed by this time to the waiting jobs.
    pub async fn retry_failed(&self, until: u64) -> Result<(), Error> {
        let keys = self.keys();
        let mut call = MOVE_JOBS_TO_WAIT.prepare_invoke();
        for key in [keys.key_prefix(), keys.events(), keys.failed(), keys.wait(), keys.paused(), keys.meta()] {
            call.key(key);
        }
        call.key(keys.active()).key(keys.marker());
        call.arg(AT_ONCE).arg(until).arg("failed");
        // 1 means that there may be more.
        while self.run::<i64>(&call).await? == 1 {}
        Ok(())
    }
}
