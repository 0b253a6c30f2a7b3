//! The documents beside the items: how far a resource is synced, and by which job.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::result::Counts;

/// Which repository has a name, or had it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Name {
    pub id: u64,
    /// Its name when this was written.
    pub repo: String,
}

/// All items of a resource that are kept.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Index {
    pub items: BTreeMap<String, Mark>,
}

/// What tells one state of an item from another: the date of its last change, which is empty where GitHub names none, and
/// a digest of its document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark(pub String, pub String);

impl Mark {
    pub fn new(date: String, document: &[u8]) -> Self {
        // FNV-1a. Nothing but counts depend on it, so that it need not withstand anybody.
        let mix = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        let hash = document.iter().fold(0xcbf2_9ce4_8422_2325, mix);
        Self(date, format!("{hash:016x}"))
    }

    pub fn date(&self) -> &str {
        &self.0
    }
}

/// How far a resource is synced.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct State {
    /// The date of the newest change that the last complete sync saw. What is newer has to be read.
    pub cursor: Option<String>,
    /// When the last sync was completed.
    pub synced_at: Option<String>,
    /// When the last one was completed that read the whole listing.
    pub full_at: Option<String>,
    /// How many items are kept.
    pub count: usize,
    /// Whether there are older items at GitHub than those that are kept, and why.
    pub cut: Option<Cut>,
    /// How many pages are remembered.
    pub pages: u32,
    /// How many items to ask for at once, where a page of `page-size` items was too large.
    #[serde(default)]
    pub page_size: Option<u32>,
    /// The last sync.
    pub run: Option<Run>,
}

/// Why a listing was not read to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cut {
    /// No more than this are kept.
    Keep(usize),
    /// Nothing older than this was asked for.
    Since(String),
}

/// One sync of one resource, from its first page to its last. It is written together with each page, so that another
/// attempt of the same job goes on where this one stopped.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Run {
    /// The job that it belongs to: queue, id, and when it was added.
    pub job: String,
    /// Whether it reads the listing to its end.
    pub full: bool,
    /// Whether the sync before it was completed.
    pub follows_complete: bool,
    pub phase: Phase,
    /// The next page, counted from 1.
    pub page: u32,
    /// Its address. None: the first page's.
    pub next: Option<String>,
    /// Whether all pages are read that have to be.
    pub ended: bool,
    /// How many items the pages so far have listed.
    pub listed: usize,
    /// The newest change that this run has seen: the next cursor.
    pub newest: Option<String>,
    /// The oldest one.
    pub oldest: Option<String>,
    pub cut: Option<Cut>,
    /// Items that the listing did not have, and that no later pass has found.
    pub candidates: Vec<String>,
    /// How often the listing was read before this pass.
    #[serde(default)]
    pub passes: u32,
    /// How many pages of this pass hold other items than when they were last read.
    #[serde(default)]
    pub moved: u32,
    /// Whether the dates of this pass so far go from the newest to the oldest.
    #[serde(default = "yes")]
    pub in_order: bool,
    /// Whether the last pass saw the same items on each page as the pass before it, so that none was missed.
    #[serde(default = "yes")]
    pub settled: bool,
    pub counts: Counts,
}

/// How far a run has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// It reads the listing.
    Listing,
    /// It reads the listing again, since items may have moved from page to page while it was read.
    Confirming,
    /// It is complete.
    Done,
}

impl Run {
    pub fn new(job: &str, full: bool, follows_complete: bool) -> Self {
        Self {
            job: job.to_owned(),
            full,
            follows_complete,
            phase: Phase::Listing,
            page: 1,
            next: None,
            ended: false,
            listed: 0,
            newest: None,
            oldest: None,
            cut: None,
            candidates: Vec::new(),
            passes: 0,
            moved: 0,
            in_order: true,
            settled: true,
            counts: Counts::default(),
        }
    }

    /// Goes back to the first page, to read the listing once more and look for these items.
    pub fn look_again(&mut self, candidates: Vec<String>) {
        self.phase = Phase::Confirming;
        self.candidates = candidates;
        self.passes += 1;
        self.first_page();
    }

    /// Goes back to the first page of this pass.
    pub fn first_page(&mut self) {
        (self.page, self.next, self.ended, self.listed) = (1, None, false, 0);
        (self.oldest, self.cut, self.moved, self.in_order) = (None, None, 0, true);
    }
}

fn yes() -> bool {
    true
}

/// One page of a listing as GitHub last sent it.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Page {
    /// Its exact address: that is what the ETag belongs to.
    pub url: String,
    pub etag: Option<String>,
    pub next: Option<String>,
    /// The items on it that are kept.
    pub keys: Vec<String>,
    /// Whether there were more, which were too many.
    pub left_out: bool,
    /// The oldest and the newest change on it.
    pub oldest: Option<String>,
    pub newest: Option<String>,
    /// Whether its dates go from the newest to the oldest.
    #[serde(default = "yes")]
    pub in_order: bool,
}
