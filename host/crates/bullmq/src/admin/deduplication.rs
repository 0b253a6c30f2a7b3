//! Deduplication ids: finding the job that holds one, and releasing it.

use serde::Serialize;
use utoipa::ToSchema;

use super::error::AdminError;
use super::handle::Admin;
use super::new_job::check_name;
use super::reply::next;
use toril_job::QueueName;

/// The holder of a deduplication id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeduplicationHolder {
    /// The deduplication id.
    pub id: String,
    /// The job that holds it: others of this id are not added.
    pub job_id: String,
    /// How many more milliseconds it is held. None: until the job ends.
    pub expires_in: Option<u64>,
}

impl Admin {
    /// Returns the job that holds a deduplication id. `None`: no job holds it.
    pub async fn deduplication(&self, queue: &QueueName, id: &str) -> Result<Option<DeduplicationHolder>, AdminError> {
        let key = self.deduplication_key(queue, id).await?;
        let mut pipe = redis::pipe();
        pipe.cmd("GET").arg(&key).cmd("PTTL").arg(&key);
        let answers: Vec<redis::Value> = self.redis.connection_of(queue).await?.pipe(&pipe).await?;
        let mut answers = answers.into_iter();
        let (job_id, left): (Option<String>, i64) = (next(&mut answers)?, next(&mut answers)?);
        let expires_in = u64::try_from(left).ok();
        Ok(job_id.map(|job_id| DeduplicationHolder { id: id.to_owned(), job_id, expires_in }))
    }

    /// Releases a deduplication id, so that the next job with it can be added. Returns whether any job held it.
    pub async fn remove_deduplication(&self, queue: &QueueName, id: &str) -> Result<bool, AdminError> {
        let key = self.deduplication_key(queue, id).await?;
        let removed: u64 = self.redis.connection_of(queue).await?.cmd(redis::cmd("DEL").arg(key)).await?;
        Ok(removed > 0)
    }

    async fn deduplication_key(&self, queue: &QueueName, id: &str) -> Result<String, AdminError> {
        check_name("the deduplication id", id)?;
        Ok(self.keys(queue).await?.get(&format!("de:{id}")))
    }
}
