//! The documents beside the items: how far a resource is synced, and by which job.

use serde::{Deserialize, Serialize};

use crate::result::Counts;

/// Which repository has a name, or had it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Name {
    pub id: u64,
    /// Its name when this was written.
    pub repo: String,
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
    /// Which fields the items have. None: all.
    #[serde(default)]
    pub fields: Option<String>,
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
    /// The date of the oldest item that will change without moving. The next sync reads back to it.
    #[serde(default)]
    pub unfinished: Option<String>,
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
            unfinished: None,
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
        (self.oldest, self.unfinished, self.cut) = (None, None, None);
        (self.moved, self.in_order) = (0, true);
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
    /// Which fields its items were kept with. None: all.
    #[serde(default)]
    pub fields: Option<String>,
    pub next: Option<String>,
    /// The items on it that are kept.
    pub keys: Vec<String>,
    /// Whether there were more, which were too many.
    pub left_out: bool,
    /// The oldest and the newest change on it.
    pub oldest: Option<String>,
    pub newest: Option<String>,
    /// The oldest item on it that will change without moving.
    #[serde(default)]
    pub unfinished: Option<String>,
    /// Whether its dates go from the newest to the oldest.
    #[serde(default = "yes")]
    pub in_order: bool,
}
