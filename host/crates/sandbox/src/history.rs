//! What became of the files of one plugin: the last ones, kept in memory.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

/// How many are kept.
const KEPT: usize = 20;

/// A file of a plugin that was looked at, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReloadRecord {
    /// When.
    pub at: SystemTime,
    /// The version that it was taken into use as, or why it was refused.
    pub result: Result<String, String>,
}

/// The latest records of one plugin, and since when its version is in use.
#[derive(Debug)]
pub struct History(Mutex<Inside>);

#[derive(Debug)]
struct Inside {
    since: SystemTime,
    records: VecDeque<ReloadRecord>,
}

impl History {
    /// Begins with the version that was loaded first.
    pub fn begin(version: &str) -> Self {
        let now = SystemTime::now();
        let first = ReloadRecord { at: now, result: Ok(version.to_owned()) };
        Self(Mutex::new(Inside { since: now, records: VecDeque::from([first]) }))
    }

    /// Another version is in use from now on.
    pub fn replaced(&self, version: &str) {
        self.inside().since = SystemTime::now();
        self.add(Ok(version.to_owned()));
    }

    /// A file was refused.
    pub fn refused(&self, reason: &str) {
        self.add(Err(reason.to_owned()));
    }

    /// Since when the version is in use.
    pub fn since(&self) -> SystemTime {
        self.inside().since
    }

    /// The records, the newest first.
    pub fn records(&self) -> Vec<ReloadRecord> {
        self.inside().records.iter().cloned().collect()
    }

    fn add(&self, result: Result<String, String>) {
        let mut inside = self.inside();
        inside.records.push_front(ReloadRecord { at: SystemTime::now(), result });
        inside.records.truncate(KEPT);
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_twenty_are_kept_the_newest_first() {
        let history = History::begin("a");
        (0..30).for_each(|n| history.refused(&n.to_string()));
        history.replaced("b");
        let records = history.records();
        assert_eq!((records.len(), &records[0].result, &records[1].result), (20, &Ok("b".into()), &Err("29".into())));
        assert!(history.since() <= records[0].at);
    }
}
