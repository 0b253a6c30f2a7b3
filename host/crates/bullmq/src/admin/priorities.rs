//! The number of waiting jobs per priority.

use serde::Serialize;
use utoipa::ToSchema;

use super::error::AdminError;
use super::handle::Admin;
use toril_job::{LARGEST_PRIORITY, QueueName};

/// The most priorities that one call counts.
pub const MOST_PRIORITIES: usize = 1000;
/// The distance between the scores of neighbouring priorities.
const STEP: u64 = 0x1_0000_0000;

/// How many jobs wait with a priority.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PriorityCount {
    /// The priority. 0: jobs without one, which go first.
    pub priority: u64,
    /// How many jobs of it wait.
    pub count: u64,
}

impl Admin {
    /// The number of waiting jobs with each of these priorities. If `wanted` is empty, counts every existing priority,
    /// at most [`MOST_PRIORITIES`], the highest priority first.
    pub async fn counts_per_priority(
        &self,
        queue: &QueueName,
        wanted: &[u64],
    ) -> Result<Vec<PriorityCount>, AdminError> {
        if wanted.len() > MOST_PRIORITIES {
            return Err(AdminError::Invalid(format!("at most {MOST_PRIORITIES} priorities are counted at once")));
        }
        if let Some(wrong) = wanted.iter().find(|priority| **priority > u64::from(LARGEST_PRIORITY)) {
            return Err(AdminError::Invalid(format!("a priority is at most {LARGEST_PRIORITY}, not {wrong}")));
        }
        let found;
        let wanted = match wanted.is_empty() {
            true => {
                found = self.priorities(queue).await?;
                &found
            }
            false => wanted,
        };
        let counts = self.queue(queue).await?.get_counts_per_priority(wanted).await?;
        let count = |priority: &u64| counts.get(priority).copied().unwrap_or(0);
        Ok(wanted.iter().map(|priority| PriorityCount { priority: *priority, count: count(priority) }).collect())
    }

    /// Finds the existing priorities, one after the other. It needs no more commands than there are priorities.
    async fn priorities(&self, queue: &QueueName) -> Result<Vec<u64>, AdminError> {
        let prioritized = self.keys(queue).await?.prioritized();
        let connection = self.redis.connection_of(queue).await?;
        let mut found = vec![0];
        let mut least = 0;
        while found.len() < MOST_PRIORITIES {
            let mut first = redis::cmd("ZRANGEBYSCORE");
            first.arg(&prioritized).arg(least).arg("+inf").arg("WITHSCORES").arg("LIMIT").arg(0).arg(1);
            let first: Vec<(Vec<u8>, f64)> = connection.cmd(&mut first).await?;
            let Some((_, score)) = first.first() else { break };
            let priority = *score as u64 / STEP;
            if priority > u64::from(LARGEST_PRIORITY) {
                break;
            }
            least = (priority + 1) * STEP;
            if priority > 0 {
                found.push(priority);
            }
        }
        Ok(found)
    }
}
