//! The ended jobs that wait for the call that writes their ends, in the order in which they ended.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The approximate size of results and reasons that one call sends, in bytes.
const MOST_BYTES: usize = 1 << 20;

/// A queue of ended jobs. Owned by the driver.
#[derive(Debug)]
pub struct Outbox<T> {
    entries: VecDeque<Entry<T>>,
    /// Set while Redis refuses a batch. Each job is then sent alone, so that one bad job does not block the others.
    one_by_one: bool,
}

/// An ended job.
#[derive(Debug)]
pub struct Entry<T> {
    /// The job.
    pub item: T,
    /// The approximate number of bytes that the call needs for it.
    bytes: usize,
    /// When Redis first refused this job although it was sent alone.
    refused_since: Option<Instant>,
}

impl<T> Default for Outbox<T> {
    fn default() -> Self {
        Self { entries: VecDeque::new(), one_by_one: false }
    }
}

impl<T> Outbox<T> {
    /// Adds a job.
    pub fn push(&mut self, item: T, bytes: usize) {
        self.entries.push_back(Entry { item, bytes, refused_since: None });
    }

    /// How many jobs the next call takes: at most `most`, and together about a megabyte.
    pub fn batch_len(&self, most: usize) -> usize {
        let most = if self.one_by_one { 1 } else { most };
        let mut bytes = 0;
        let fits = |(index, entry): &(usize, &Entry<T>)| {
            bytes += entry.bytes;
            *index == 0 || bytes <= MOST_BYTES
        };
        self.entries.iter().take(most).enumerate().take_while(fits).count()
    }

    /// Removes and returns this many jobs.
    pub fn take(&mut self, count: usize) -> Vec<Entry<T>> {
        self.entries.drain(..count.min(self.entries.len())).collect()
    }

    /// Reports that Redis has accepted a batch.
    pub fn succeeded(&mut self) {
        if self.entries.is_empty() {
            self.one_by_one = false;
        }
    }

    /// Puts jobs back at the front, because Redis was away. They are sent again unchanged.
    pub fn put_back(&mut self, batch: Vec<Entry<T>>) {
        batch.into_iter().rev().for_each(|entry| self.entries.push_front(entry));
    }

    /// Puts jobs back because Redis refused the batch. From now on each job is sent alone, after the others. Returns
    /// the jobs that Redis has refused alone for longer than `limit`: these cannot be written.
    pub fn refused(&mut self, batch: Vec<Entry<T>>, now: Instant, limit: Duration) -> Vec<T> {
        self.one_by_one = true;
        let was_alone = batch.len() == 1;
        let mut given_up = Vec::new();
        for mut entry in batch {
            let since = *entry.refused_since.get_or_insert(now);
            if was_alone && now.saturating_duration_since(since) > limit {
                given_up.push(entry.item);
                continue;
            }
            if !was_alone {
                entry.refused_since = None;
            }
            self.entries.push_back(entry);
        }
        given_up
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outbox(sizes: &[usize]) -> Outbox<usize> {
        let mut outbox = Outbox::default();
        for (number, bytes) in sizes.iter().enumerate() {
            outbox.push(number, *bytes);
        }
        outbox
    }

    fn items(entries: Vec<Entry<usize>>) -> Vec<usize> {
        entries.into_iter().map(|entry| entry.item).collect()
    }

    #[test]
    fn a_batch_is_bounded_by_jobs_and_by_bytes() {
        assert_eq!(outbox(&[1; 100]).batch_len(64), 64);
        assert_eq!(outbox(&[MOST_BYTES / 2, MOST_BYTES / 2, 1]).batch_len(64), 2);
        assert_eq!(outbox(&[2 * MOST_BYTES, 1]).batch_len(64), 1, "a single large job is sent");
        assert_eq!(outbox(&[]).batch_len(64), 0);
    }

    #[test]
    fn jobs_that_redis_could_not_take_keep_their_order() {
        let mut outbox = outbox(&[1; 4]);
        let batch = outbox.take(3);
        outbox.put_back(batch);
        let all = outbox.take(4);
        assert_eq!(items(all), [0, 1, 2, 3]);
    }

    #[test]
    fn a_refused_batch_is_sent_one_by_one_until_all_are_written() {
        let (mut outbox, now) = (outbox(&[1; 3]), Instant::now());
        let batch = outbox.take(3);
        assert!(outbox.refused(batch, now, Duration::ZERO).is_empty(), "which job is to blame is not known yet");
        assert_eq!(outbox.batch_len(64), 1);
        outbox.take(3);
        outbox.succeeded();
        outbox.push(7, 1);
        outbox.push(8, 1);
        assert_eq!(outbox.batch_len(64), 2);
    }

    #[test]
    fn a_job_that_redis_refuses_alone_is_given_up_after_a_while() {
        let (mut outbox, begin, limit) = (outbox(&[1]), Instant::now(), Duration::from_secs(30));
        for (seconds, given_up) in [(0, vec![]), (30, vec![]), (31, vec![0])] {
            let batch = outbox.take(1);
            assert_eq!(outbox.refused(batch, begin + Duration::from_secs(seconds), limit), given_up);
        }
        assert_eq!(outbox.batch_len(64), 0);
    }
}
