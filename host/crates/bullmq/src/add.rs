//! Adds a job and waits for its end. `toril add` uses this.

use std::time::Duration;

use bullmq::types::JobState;
use bullmq::{Error, Queue, QueueEvent, QueueEvents};
use serde_json::Value;

use super::insert;
use super::job_spec::JobSpec;
use crate::access::{ConnectError, Redis};
use toril_job::{JobId, QueueName};

/// A job that was added, and whose end can be awaited.
pub struct Added {
    /// The job's id.
    pub id: JobId,
    name: QueueName,
    queue: Queue,
    events: QueueEvents,
}

/// Why waiting for a job ended without its result.
#[derive(Debug, thiserror::Error)]
pub enum WaitError {
    /// The job failed for good.
    #[error("job {id} failed: {reason}")]
    Failed {
        /// The job's id.
        id: JobId,
        /// Its `failedReason`.
        reason: String,
    },
    /// The job did not end in time.
    #[error("job {id} has not ended within {}, and continues", humantime::format_duration(*.waited))]
    Late {
        /// The job's id.
        id: JobId,
        /// Its queue.
        queue: QueueName,
        /// How long the caller has waited.
        waited: Duration,
    },
    /// Redis failed.
    #[error(transparent)]
    Redis(#[from] ConnectError),
}

/// Adds a job with all of its options in one step. Returns its id.
pub async fn add(redis: &Redis, spec: JobSpec) -> Result<JobId, ConnectError> {
    let queue = checked(redis, &spec).await?;
    Ok(insert::one(&queue, &spec).await?)
}

/// Adds a job like [`add`], and listens to the queue's events, so that the caller can wait for the job's end.
pub async fn add_and_listen(redis: &Redis, spec: JobSpec) -> Result<Added, ConnectError> {
    let queue = checked(redis, &spec).await?;
    // This subscribes before the job is added, so that its end cannot be missed.
    let events = events(redis, &queue, &spec.queue).await?;
    let id = insert::one(&queue, &spec).await?;
    Ok(Added { id, name: spec.queue, queue, events })
}

/// Checks the job, and opens its queue.
async fn checked(redis: &Redis, spec: &JobSpec) -> Result<Queue, ConnectError> {
    spec.check()?;
    if let Some(parent) = &spec.options.parent {
        redis.check_parent(&spec.queue, &parent.queue)?;
    }
    redis.queue(&spec.queue).await
}

impl Added {
    /// Waits until the job has completed, and returns its return value.
    pub async fn wait(self, bound: Duration) -> Result<Value, WaitError> {
        let end = self.end();
        match tokio::time::timeout(bound, end).await {
            Ok(ended) => ended,
            Err(_) => Err(WaitError::Late { id: self.id.clone(), queue: self.name.clone(), waited: bound }),
        }
    }

    async fn end(&self) -> Result<Value, WaitError> {
        // If a job with this id already existed, it may have ended long ago.
        if let Some(ended) = self.ended().await.map_err(ConnectError::from)? {
            return ended;
        }
        while let Some(entry) = self.events.next_event().await {
            match entry.event {
                QueueEvent::Completed { job_id, return_value, .. } if self.id == *job_id => {
                    return Ok(parse(&return_value));
                }
                QueueEvent::Failed { job_id, failed_reason, .. } if self.id == *job_id => {
                    return Err(WaitError::Failed { id: job_id.into(), reason: failed_reason });
                }
                _ => {}
            }
        }
        Err(WaitError::Redis(Error::ConnectionClosed.into()))
    }

    async fn ended(&self) -> Result<Option<Result<Value, WaitError>>, Error> {
        let state = self.queue.get_job_state(self.id.as_str()).await?;
        if !matches!(state, JobState::Completed | JobState::Failed) {
            return Ok(None);
        }
        let Some(job) = self.queue.get_job(self.id.as_str()).await? else { return Ok(None) };
        Ok(Some(match state {
            JobState::Completed => Ok(parse(job.returnvalue())),
            _ => Err(WaitError::Failed { id: self.id.clone(), reason: job.failed_reason().to_owned() }),
        }))
    }
}

fn parse(return_value: &str) -> Value {
    serde_json::from_str(return_value).unwrap_or_else(|_| Value::String(return_value.to_owned()))
}

async fn events(redis: &Redis, queue: &Queue, name: &QueueName) -> Result<QueueEvents, ConnectError> {
    let mut last = redis::cmd("XREVRANGE");
    last.arg(queue.keys().events()).arg("+").arg("-").arg("COUNT").arg(1);
    let last: Vec<(String, Vec<String>)> = queue.connection().cmd(&mut last).await?;
    redis.queue_events(name, last.first().map_or_else(|| "0".to_owned(), |(id, _)| id.clone())).await
}
