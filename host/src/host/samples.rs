//! Samples of the queues from the last hour, in memory, for the dashboard's charts.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use toril_job::QueueName;
use toril_server::QueueSample;

/// The number of samples kept per queue: one hour, one sample every 15 seconds.
const KEPT: usize = 240;

/// The latest samples of every queue.
#[derive(Debug, Default)]
pub struct Samples(Mutex<BTreeMap<QueueName, VecDeque<QueueSample>>>);

impl Samples {
    /// Adds one sample for each queue. Drops the samples of all other queues.
    pub fn take(&self, samples: impl IntoIterator<Item = (QueueName, QueueSample)>) {
        let mut queues = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut before = std::mem::take(&mut *queues);
        for (queue, sample) in samples {
            let mut ring = before.remove(&queue).unwrap_or_default();
            ring.push_back(sample);
            if ring.len() > KEPT {
                ring.pop_front();
            }
            queues.insert(queue, ring);
        }
    }

    /// The samples of one queue, the oldest first.
    pub fn of(&self, queue: &QueueName) -> Vec<QueueSample> {
        let queues = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        queues.get(queue).map(|ring| ring.iter().copied().collect()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(queue: &str) -> QueueName {
        QueueName::new(queue).unwrap()
    }

    fn sample(at: u64) -> QueueSample {
        QueueSample { at, ready: 0, oldest_wait: None }
    }

    #[test]
    fn an_hour_is_kept_and_a_queue_that_is_gone_is_forgotten() {
        let samples = Samples::default();
        for at in 0..300 {
            samples.take([(name("a"), sample(at))]);
        }
        let kept = samples.of(&name("a"));
        assert_eq!((kept.len(), kept[0].at, kept[239].at), (240, 60, 299));
        samples.take([(name("b"), sample(300))]);
        assert!(samples.of(&name("a")).is_empty() && samples.of(&name("b")).len() == 1);
    }
}
