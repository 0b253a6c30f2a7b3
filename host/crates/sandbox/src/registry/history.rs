//! The latest reload results of one plugin, kept in memory.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

/// Maximum number of records.
const KEPT: usize = 20;

/// The result of one reload of a plugin's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReloadRecord {
    /// Time of the reload.
    pub at: SystemTime,
    /// The id of the version that came into use, or why the file was refused.
    pub result: Result<String, String>,
}

/// The latest records of one plugin, and the time since when its current version is in use.
#[derive(Debug)]
pub struct History(Mutex<Inside>);

#[derive(Debug)]
struct Inside {
    since: SystemTime,
    records: VecDeque<ReloadRecord>,
}

impl History {
    /// Starts with the version that was loaded first.
    pub fn begin(version: &str) -> Self {
        let now = SystemTime::now();
        let first = ReloadRecord { at: now, result: Ok(version.to_owned()) };
        Self(Mutex::new(Inside { since: now, records: VecDeque::from([first]) }))
    }

    /// Records that another version came into use now.
    pub fn replaced(&self, version: &str) {
        self.inside().since = SystemTime::now();
        self.add(Ok(version.to_owned()));
    }

    /// Records that a file was refused.
    pub fn refused(&self, reason: &str) {
        self.add(Err(reason.to_owned()));
    }

    /// When the current version came into use.
    pub fn since(&self) -> SystemTime {
        self.inside().since
    }

    /// The records, newest first.
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
