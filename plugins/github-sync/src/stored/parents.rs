//! The state document for items that GitHub lists per pull request or commit.

use serde::{Deserialize, Serialize};

use crate::result::Counts;

/// The sync state of such a resource.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct ParentsState {
    /// The newest change of a pull request that the last complete sync saw.
    pub cursor: Option<String>,
    /// When the last sync was completed.
    pub synced_at: Option<String>,
    /// When the last sync that read the items of all parents was completed.
    pub full_at: Option<String>,
    /// Number of stored items.
    pub count: usize,
    /// How far back the last full sync read, if its job set `since`.
    pub since: Option<String>,
    /// The selected fields of the items. `None` means all.
    pub fields: Option<String>,
    /// The pull requests (by number) or commits (by SHA) whose listings are stored.
    pub parents: Vec<String>,
    /// The last run.
    pub run: Option<ParentsRun>,
}

/// One sync of one resource. It is written together with the items of each parent, so that another attempt of the same
/// job can continue here.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ParentsRun {
    /// The job that it belongs to: queue, id, and when it was added.
    pub job: String,
    /// Whether it reads the items of all parents.
    pub full: bool,
    /// The parents whose items are read. `None` if they are not known yet.
    pub queue: Option<Vec<String>>,
    /// Number of parents that have been read.
    pub done: usize,
    /// The newest change of a pull request. It becomes the next cursor.
    pub newest: Option<String>,
    pub is_complete: bool,
    pub counts: Counts,
}

impl ParentsRun {
    pub fn new(job: &str, full: bool) -> Self {
        Self {
            job: job.to_owned(),
            full,
            queue: None,
            done: 0,
            newest: None,
            is_complete: false,
            counts: Counts::default(),
        }
    }

    /// The next parent to read, if the parents are known.
    pub fn next(&self) -> Option<&String> {
        self.queue.as_ref()?.get(self.done)
    }
}
