//! Returns dead letters to their original queues.

use bullmq::JobOptions as StoredOptions;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::change::Children;
use super::error::AdminError;
use super::handle::Admin;
use super::job_options::NewJobOptions;
use super::list::PageRequest;
use super::new_job::NewJob;
use super::state::State;
use crate::add;
use crate::scripts::moves::RetryAttempts;
use toril_job::{JobId, JobOptions, QueueName};

/// The number of letters per page.
const BATCH: u64 = 100;

/// A dead letter, as [`DeadLetter`](crate::dead_letter::DeadLetter) writes it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Letter {
    queue: QueueName,
    id: JobId,
    name: String,
    data: Value,
    /// The options of the job, as they were stored. Letters of older versions have none.
    #[serde(default)]
    opts: Map<String, Value>,
}

/// The result of returning dead letters.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct LettersReturned {
    /// The number of returned letters. They are no longer dead letters.
    pub returned: u64,
    /// The letters that were not returned. They are still dead letters.
    pub kept: Vec<LetterOutcome>,
    /// Whether there may be more letters, because the limit was reached.
    pub more: bool,
}

/// A dead letter that was not returned.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LetterOutcome {
    /// The letter's id in the queue of dead letters.
    #[schema(value_type = String)]
    pub id: JobId,
    /// Why it was not returned.
    pub reason: String,
}

impl Admin {
    /// Returns dead letters: the named ones, or those that wait in `queue`, the oldest first, `limit` at most.
    ///
    /// If the letter's job still exists and is failed, that job is retried with all its attempts. If the job is gone, a
    /// new job with the same name, data and options is added. A job that is not a dead letter stays where it is. So
    /// does a letter whose job is no longer failed.
    pub async fn return_letters(
        &self,
        queue: &QueueName,
        ids: &[JobId],
        limit: Option<u64>,
    ) -> Result<LettersReturned, AdminError> {
        let mut outcome = LettersReturned::default();
        if !ids.is_empty() {
            for id in ids {
                self.return_one(queue, id, &mut outcome).await?;
            }
            return Ok(outcome);
        }
        let keys = self.keys(queue).await?;
        // The limit is the number of letters at the start. A job that fails again at once creates a new letter, and
        // would otherwise be returned forever.
        let mut left = None;
        loop {
            let done = outcome.returned + outcome.kept.len() as u64;
            let wanted = limit.map_or(BATCH, |limit| BATCH.min(limit.saturating_sub(done)));
            if wanted == 0 {
                outcome.more = true;
                return Ok(outcome);
            }
            let wanted = left.map_or(wanted, |left: u64| left.saturating_sub(done).min(wanted));
            if wanted == 0 {
                return Ok(outcome);
            }
            // The kept letters are still in the queue, before the others.
            let start = outcome.kept.len() as u64;
            let page = PageRequest { state: State::Waiting, start, end: start + wanted - 1, ascending: true };
            let (waiting, ids) = self.ids(&keys, page).await?;
            left.get_or_insert(waiting);
            if ids.is_empty() {
                return Ok(outcome);
            }
            for id in &ids {
                self.return_one(queue, id, &mut outcome).await?;
            }
        }
    }

    async fn return_one(&self, queue: &QueueName, id: &JobId, outcome: &mut LettersReturned) -> Result<(), AdminError> {
        match self.return_letter(queue, id).await {
            Ok(()) => outcome.returned += 1,
            Err(error @ AdminError::Redis(_)) => return Err(error),
            Err(error) => outcome.kept.push(LetterOutcome { id: id.clone(), reason: error.to_string() }),
        }
        Ok(())
    }

    async fn return_letter(&self, queue: &QueueName, id: &JobId) -> Result<(), AdminError> {
        let (_, job) = self.job(queue, id).await?;
        let letter: Letter = serde_json::from_value(job.data().clone())
            .map_err(|_| AdminError::Conflict(format!("job {id} of queue {queue} is not a dead letter of Toril")))?;
        if letter.queue == *queue {
            return Err(AdminError::Conflict(format!(
                "dead letter {id} of queue {queue} was not returned: it names the same queue as its origin"
            )));
        }
        let keys = self.keys(&letter.queue).await?;
        if self.is_job(&keys, &letter.id).await? {
            self.retry_failed(&letter).await?;
        } else {
            self.add_again(id, letter).await?;
        }
        self.remove(queue, id, Children::Keep).await
    }

    async fn retry_failed(&self, letter: &Letter) -> Result<(), AdminError> {
        let keys = self.keys(&letter.queue).await?;
        match self.state(&keys, &letter.id).await? {
            Some(State::Failed) => self.retry(&letter.queue, &letter.id, RetryAttempts::All).await,
            _ => Err(self.not_in(&keys, &letter.id, State::Failed.name()).await),
        }
    }

    /// Adds the letter's job as a new one. The letter's id becomes the job's id. So if an earlier try was interrupted
    /// and the letter is returned twice, there is only one job.
    async fn add_again(&self, id: &JobId, letter: Letter) -> Result<(), AdminError> {
        let job = NewJob { name: letter.name, data: letter.data, opts: NewJobOptions::default() };
        let mut spec = self.spec(&letter.queue, job)?;
        let mut kept = letter.opts;
        // These options belong to the original run only.
        for option in ["jobId", "delay", "timestamp", "repeat", "repeatJobKey", "prevMillis", "parent", "de"] {
            kept.remove(option);
        }
        if !kept.is_empty() {
            let stored: StoredOptions = serde_json::from_value(Value::Object(kept.clone())).map_err(|error| {
                AdminError::Conflict(format!("the options of dead letter {id} cannot be read: {error}"))
            })?;
            // The stored options replace all others. Only these two decide how the job is added.
            let (priority, size_limit) = (stored.priority, stored.size_limit);
            spec.options = JobOptions { priority, size_limit, ..JobOptions::default() };
        }
        spec.earlier = kept;
        spec.options.id = Some(id.clone());
        add::add(&self.redis, spec).await.map(drop).map_err(AdminError::of_added)
    }
}
