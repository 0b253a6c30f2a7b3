//! Removes a queue and all its jobs.

use std::sync::LazyLock;

use redis::Script;

use super::error::AdminError;
use super::handle::Admin;
use toril_job::QueueName;

/// The most jobs that one script removes. Redis is blocked meanwhile.
const BATCH: u64 = 1000;

static OBLITERATE: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!(concat!(env!("BULLMQ_COMMANDS"), "/obliterate-2.lua"))));

/// What happens if a queue that is obliterated has active jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActiveJobs {
    /// Nothing is removed, and the call fails.
    Refuse,
    /// They are removed too, and their workers lose them.
    Remove,
}

impl Admin {
    /// Removes every job of a paused queue, and the queue itself, in batches. Toril's own records of the queue's attempts stay until newer ones replace them.
    pub async fn obliterate(&self, queue: &QueueName, active: ActiveJobs) -> Result<(), AdminError> {
        let keys = self.keys(queue).await?;
        let connection = self.redis.connection_of(queue).await?;
        // The BullMQ crate's own method passes a "0". The script takes that for "force".
        let forced = match active {
            ActiveJobs::Remove => "force",
            ActiveJobs::Refuse => "",
        };
        loop {
            let mut call = OBLITERATE.prepare_invoke();
            call.key(keys.meta()).key(keys.key_prefix()).arg(BATCH).arg(forced);
            let code: i64 = call.invoke_async(&mut connection.connection()).await.map_err(bullmq::Error::from)?;
            match code {
                -1 => {
                    return Err(AdminError::Conflict(format!(
                        "queue {queue} was not removed: it is not paused. Pause it first"
                    )));
                }
                -2 => {
                    return Err(AdminError::Conflict(format!(
                        "queue {queue} was not removed: it has active jobs. Wait until they end, or force the removal"
                    )));
                }
                ..0 => {
                    return Err(AdminError::Conflict(format!(
                        "queue {queue} was not removed: its script answered {code}"
                    )));
                }
                0 => return Ok(()),
                _ => {}
            }
        }
    }
}
