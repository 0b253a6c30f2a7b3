//! The document beside items that GitHub lists for one pull request or commit at a time.

use serde::{Deserialize, Serialize};

use crate::result::Counts;

/// How far such a resource is synced.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct ParentsState {
    /// The newest change of a pull request that the last complete sync saw.
    pub cursor: Option<String>,
    /// When the last sync was completed.
    pub synced_at: Option<String>,
    /// When the last one was completed that read the items of all parents.
    pub full_at: Option<String>,
    /// How many items are kept.
    pub count: usize,
    /// How far back the last such sync read, if a job has said so.
    pub since: Option<String>,
    /// Which fields the items have. None: all.
    pub fields: Option<String>,
    /// The pull requests (by number) or commits (by id) whose listings are remembered.
    pub parents: Vec<String>,
    /// The last sync.
    pub run: Option<ParentsRun>,
}

/// One sync of one resource. It is written together with the items of each parent, so that another attempt of the same job
/// goes on where this one stopped.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ParentsRun {
    /// The job that it belongs to: queue, id, and when it was added.
    pub job: String,
    /// Whether it reads the items of all parents.
    pub full: bool,
    /// The parents whose items are read. None: they are not known yet.
    pub queue: Option<Vec<String>>,
    /// How many of them are read.
    pub done: usize,
    /// The newest change of a pull request: the next cursor.
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

    /// The next parent, once they are known.
    pub fn next(&self) -> Option<&String> {
        self.queue.as_ref()?.get(self.done)
    }
}
