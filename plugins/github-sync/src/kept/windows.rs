//! The documents beside the items of a resource that is kept without a bound. No document grows with the number of items: a
//! mark stands beside each item, and the keys of the items are in parts.

use serde::{Deserialize, Serialize};

use crate::result::Counts;

/// The most keys in a part: as many as the host reads at once.
pub const PART: usize = super::MOST_KEYS;

/// How far such a resource is synced.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct WindowState {
    /// How many parts there are, counted from 1.
    pub parts: u32,
    /// The number of the last run.
    pub serial: u64,
    /// The date of the newest change that the last complete sync saw.
    pub cursor: Option<String>,
    /// When the last sync was completed.
    pub synced_at: Option<String>,
    /// When the last one was completed that read the whole listing.
    pub full_at: Option<String>,
    /// How many items are kept.
    pub count: usize,
    /// How far back the last such sync read, if a job has said so.
    pub since: Option<String>,
    /// How many windows are remembered.
    pub pages: u32,
    /// How many items to ask for at once, where a page of `page-size` items was too large.
    pub page_size: Option<u32>,
    /// Which fields the items have. None: all.
    pub fields: Option<String>,
    /// The last sync.
    pub run: Option<WindowRun>,
}

/// How far a run has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WindowPhase {
    /// It reads windows.
    Reading,
    /// It asks for the items that no window had.
    Sweeping,
    /// It is complete.
    Done,
}

/// One sync of one resource. It is written together with each window, so that another attempt of the same job goes on where
/// this one stopped.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct WindowRun {
    /// The job that it belongs to: queue, id, and when it was added.
    pub job: String,
    /// Whether it reads all items.
    pub full: bool,
    /// Its number, by which items are marked that it has seen.
    pub serial: u64,
    pub phase: WindowPhase,
    /// Where the next window begins. None: with the oldest item. Of a resource that GitHub does not list by date: how far back
    /// the run reads.
    pub since: Option<String>,
    /// Its page, counted from 1. 0: the page of what was changed last. Of a resource that GitHub lists by date others than the
    /// first are read where one second has more items than a page.
    pub page: u32,
    /// How many windows were read.
    pub number: u32,
    /// How many items they have listed.
    pub listed: usize,
    /// The newest change that was seen: the next cursor.
    pub newest: Option<String>,
    /// The part that is swept next.
    pub part: u32,
    pub counts: Counts,
}

/// What is known of an item: the date of its last change, a digest of its document, the part that has its key, and the last
/// run that has seen it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Seen(pub String, pub String, pub u32, pub u64);

/// Some of the keys.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Part {
    pub keys: Vec<String>,
}

/// A window as GitHub last sent it.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Window {
    /// Its exact address: that is what the ETag belongs to.
    pub url: String,
    /// Where it begins.
    pub since: Option<String>,
    pub etag: Option<String>,
    /// Which fields its items were kept with. None: all.
    pub fields: Option<String>,
    pub keys: Vec<String>,
    /// The newest change in it.
    pub newest: Option<String>,
    /// The oldest change in it.
    pub oldest: Option<String>,
    /// Whether its dates are in the order of the listing.
    pub in_order: bool,
    /// Whether there was certainly nothing after it.
    pub is_last: bool,
}
