//! How many jobs of a queue ended in each minute. The numbers come from BullMQ's own metrics keys. Every worker that
//! has metrics enabled adds to them, on any host.

use bullmq::QueueKeys;
use serde::Serialize;

use super::error::AdminError;
use super::handle::Admin;
use toril_job::QueueName;

const MINUTE: u64 = 60_000;

/// The number of ended jobs per minute, the oldest minute first. The last one is the current minute.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Minutes {
    /// Jobs that completed.
    pub completed: Vec<u64>,
    /// Jobs that failed for good.
    pub failed: Vec<u64>,
    /// Whether there are metrics. If not, the queue's workers have metrics disabled, or no job has ended yet.
    pub counted: bool,
}

impl Admin {
    /// The last `minutes` of each of these queues, in one round trip with four commands per queue.
    pub async fn minutes(&self, queues: &[QueueName], minutes: usize, now: u64) -> Result<Vec<Minutes>, AdminError> {
        if queues.is_empty() || minutes == 0 {
            return Ok(vec![Minutes::default(); queues.len()]);
        }
        let parts = queues.iter().map(|queue| {
            let mut pipe = redis::pipe();
            let keys = QueueKeys::new(queue.as_str(), Some(self.redis.prefix()));
            for ended in ["completed", "failed"] {
                let key = keys.get(&format!("metrics:{ended}"));
                pipe.cmd("HMGET").arg(&key).arg(&["count", "prevTS", "prevCount"]);
                pipe.cmd("LRANGE").arg(format!("{key}:data")).arg(0).arg(minutes - 1);
            }
            (queue, pipe)
        });
        type Counted = (Vec<Option<u64>>, Vec<u64>);
        let answers = self.redis.ask_each(&parts.collect::<Vec<_>>()).await?;
        let mut series = answers.chunks(2).map(|pair| {
            let counted: Result<Counted, _> = redis::from_redis_value(redis::Value::Array(pair.to_vec()));
            // If another client has written something else there, the queue is still shown, without numbers.
            let (head, data) = counted.unwrap_or_default();
            (spread(&head, &data, minutes, now), head.first().is_some_and(Option::is_some))
        });
        let mut all = Vec::with_capacity(queues.len());
        for _ in queues {
            let (completed, failed) = (series.next().unwrap_or_default(), series.next().unwrap_or_default());
            let counted = completed.1 || failed.1;
            all.push(Minutes { completed: completed.0, failed: failed.0, counted });
        }
        Ok(all)
    }
}

/// Assigns BullMQ's numbers to their minutes. `data` begins with the minute before that of `prevTS`. The difference of
/// the counts is what came since then. BullMQ writes minutes without jobs only when the next job ends.
fn spread(head: &[Option<u64>], data: &[u64], minutes: usize, now: u64) -> Vec<u64> {
    let mut spread = vec![0; minutes];
    let &[Some(count), Some(last), before] = head else { return spread };
    let (last, now) = (last / MINUTE, now / MINUTE);
    let since = count.saturating_sub(before.unwrap_or(0));
    for (age, jobs) in std::iter::once(since).chain(data.iter().copied()).enumerate() {
        // The clocks of the clients that write to Redis and of this host may differ by some seconds.
        let place = usize::try_from(now.saturating_sub(last)).ok().and_then(|idle| idle.checked_add(age));
        if let Some(minute) = place.and_then(|place| minutes.checked_sub(place + 1)) {
            spread[minute] = jobs;
        }
    }
    spread
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_stands_at_its_minute() {
        let head = [Some(10), Some(5 * MINUTE + 7), Some(8)];
        assert_eq!(spread(&head, &[3, 4, 1], 4, 5 * MINUTE + 59_000), [1, 4, 3, 2]);
    }

    #[test]
    fn minutes_since_the_last_job_are_empty() {
        let head = [Some(10), Some(5 * MINUTE), Some(8)];
        assert_eq!(spread(&head, &[3], 4, 7 * MINUTE), [3, 2, 0, 0]);
        assert_eq!(spread(&head, &[3], 2, 90 * MINUTE), [0, 0]);
    }

    #[test]
    fn a_queue_without_metrics_has_zeros() {
        assert_eq!(spread(&[None, None, None], &[], 2, 0), [0, 0]);
    }
}
