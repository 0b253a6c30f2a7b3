//! The documents beside the items of a resource without a limit on the number of items. No document grows with the
//! number of items: each item has a mark, and the keys of the items are split into parts.

use serde::{Deserialize, Serialize};

use crate::result::Counts;

/// Maximum number of keys in a part: the number of keys that one host call can read.
pub const PART: usize = super::MOST_KEYS;

/// The sync state of such a resource.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct WindowState {
    /// Number of parts. Parts are counted from 1.
    pub parts: u32,
    /// The number of the last run.
    pub serial: u64,
    /// The date of the newest change that the last complete sync saw.
    pub cursor: Option<String>,
    /// When the last sync was completed.
    pub synced_at: Option<String>,
    /// When the last sync that read the whole listing was completed.
    pub full_at: Option<String>,
    /// Number of stored items.
    pub count: usize,
    /// How far back the last full sync read, if its job set `since`.
    pub since: Option<String>,
    /// Number of stored windows.
    pub pages: u32,
    /// Number of items per request, if a page of `page-size` items was too large.
    pub page_size: Option<u32>,
    /// The selected fields of the items. `None` means all.
    pub fields: Option<String>,
    /// The last run.
    pub run: Option<WindowRun>,
}

/// The phase of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WindowPhase {
    /// Reads windows.
    Reading,
    /// Requests the items that no window contained.
    Sweeping,
    /// Complete.
    Done,
}

/// One sync of one resource. It is written together with each window, so that another attempt of the same job can
/// continue here.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct WindowRun {
    /// The job that it belongs to: queue, id, and when it was added.
    pub job: String,
    /// Whether it reads all items.
    pub full: bool,
    /// Its number. The marks of the items that it has seen contain this number.
    pub serial: u64,
    pub phase: WindowPhase,
    /// The date where the next window begins. `None` means at the oldest item. For a resource that GitHub cannot list
    /// by date: how far back the run reads.
    pub since: Option<String>,
    /// The page to read, counted from 1. Page 0 is the page of the latest changes. For a resource that GitHub lists by
    /// date, pages after the first are read only if one second has more items than a page.
    pub page: u32,
    /// Number of windows read.
    pub number: u32,
    /// Number of items in them.
    pub listed: usize,
    /// The newest change seen. It becomes the next cursor.
    pub newest: Option<String>,
    /// The next part to sweep.
    pub part: u32,
    pub counts: Counts,
}

/// The mark of an item: the date of its last change, a digest of its document, the number of the part with its key, and
/// the number of the last run that has seen it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Seen(pub String, pub String, pub u32, pub u64);

/// A part of the keys.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Part {
    pub keys: Vec<String>,
}

/// A window as last received from GitHub.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Window {
    /// Its exact URL, which the ETag belongs to.
    pub url: String,
    /// The date where it begins.
    pub since: Option<String>,
    pub etag: Option<String>,
    /// The selected fields of its items. `None` means all.
    pub fields: Option<String>,
    pub keys: Vec<String>,
    /// The newest change in it.
    pub newest: Option<String>,
    /// The oldest change in it.
    pub oldest: Option<String>,
    /// Whether its dates are in the listing's order.
    pub in_order: bool,
    /// Whether it was certainly the last one.
    pub is_last: bool,
}
