//! The documents beside the items: the sync state of a resource, and the job that made it.

use serde::{Deserialize, Serialize};

use crate::result::Counts;

/// The repository that has a name, or had it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Name {
    pub id: u64,
    /// Its name when this document was written.
    pub repo: String,
}

/// The sync state of a resource.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct State {
    /// The date of the newest change that the last complete sync saw. Newer changes must be read.
    pub cursor: Option<String>,
    /// When the last sync was completed.
    pub synced_at: Option<String>,
    /// When the last sync that read the whole listing was completed.
    pub full_at: Option<String>,
    /// Number of stored items.
    pub count: usize,
    /// Why GitHub has older items than those that are stored. `None` if it has none.
    pub cut: Option<Cut>,
    /// Number of stored pages.
    pub pages: u32,
    /// Number of items per request, if a page of `page-size` items was too large.
    #[serde(default)]
    pub page_size: Option<u32>,
    /// The selected fields of the items. `None` means all.
    #[serde(default)]
    pub fields: Option<String>,
    /// The last run.
    pub run: Option<Run>,
}

/// Why a listing was not read to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cut {
    /// The limit on the number of stored items was reached.
    Keep(usize),
    /// The job asked for nothing older than this date.
    Since(String),
}

/// One sync of one resource, from its first page to its last. It is written together with each page, so that another
/// attempt of the same job can continue here.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Run {
    /// The job that it belongs to: queue, id, and when it was added.
    pub job: String,
    /// Whether it reads the listing to its end.
    pub full: bool,
    /// Whether the previous sync was completed.
    pub follows_complete: bool,
    pub phase: Phase,
    /// The next page, counted from 1.
    pub page: u32,
    /// Its URL. `None` means the first page.
    pub next: Option<String>,
    /// Whether all necessary pages of this pass have been read.
    pub ended: bool,
    /// Number of items on the pages read so far.
    pub listed: usize,
    /// The newest change in this run. It becomes the next cursor.
    pub newest: Option<String>,
    /// The oldest change in this run.
    pub oldest: Option<String>,
    /// The date of the oldest item that will change without moving in the listing. The next sync reads back to it.
    #[serde(default)]
    pub unfinished: Option<String>,
    pub cut: Option<Cut>,
    /// Stored items that the listing did not contain and that no later pass has found.
    pub candidates: Vec<String>,
    /// Number of passes over the listing before this one.
    #[serde(default)]
    pub passes: u32,
    /// Number of pages of this pass whose items differ from those of the last read.
    #[serde(default)]
    pub moved: u32,
    /// Whether all dates of this pass so far are in order, newest first.
    #[serde(default = "yes")]
    pub in_order: bool,
    /// Whether the last pass saw the same items on each page as the previous pass. Then no item was missed.
    #[serde(default = "yes")]
    pub settled: bool,
    pub counts: Counts,
}

/// The phase of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Reads the listing.
    Listing,
    /// Reads the listing again, because items may have moved between pages while it was read.
    Confirming,
    /// Complete.
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

    /// Returns to the first page, to read the listing once more and look for these items.
    pub fn look_again(&mut self, candidates: Vec<String>) {
        self.phase = Phase::Confirming;
        self.candidates = candidates;
        self.passes += 1;
        self.first_page();
    }

    /// Returns to the first page of this pass.
    pub fn first_page(&mut self) {
        (self.page, self.next, self.ended, self.listed) = (1, None, false, 0);
        (self.oldest, self.unfinished, self.cut) = (None, None, None);
        (self.moved, self.in_order) = (0, true);
    }
}

fn yes() -> bool {
    true
}

/// One page of a listing as last received from GitHub.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Page {
    /// Its exact URL, which the ETag belongs to.
    pub url: String,
    pub etag: Option<String>,
    /// The selected fields of its items. `None` means all.
    #[serde(default)]
    pub fields: Option<String>,
    pub next: Option<String>,
    /// The keys of its stored items.
    pub keys: Vec<String>,
    /// Whether the page had more items, which exceeded the limit.
    pub left_out: bool,
    /// The oldest and the newest change on the page.
    pub oldest: Option<String>,
    pub newest: Option<String>,
    /// The date of the oldest item on the page that will change without moving in the listing.
    #[serde(default)]
    pub unfinished: Option<String>,
    /// Whether its dates are in order, newest first.
    #[serde(default = "yes")]
    pub in_order: bool,
}
