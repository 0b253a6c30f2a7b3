//! The index of a resource's stored items.

use std::collections::BTreeMap;
use std::hash::Hasher;

use fnv::FnvHasher;
use serde::{Deserialize, Serialize};
use toril_plugin::Failure;

use super::Writes;
use crate::answer::Subject;
use crate::items::Entry;
use crate::result::Counts;

/// Maximum size of an index, in bytes: the store's limit for one value.
const LARGEST: usize = 1024 * 1024;

/// All stored items of a resource.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Index {
    pub items: BTreeMap<String, Mark>,
}

/// Identifies the state of an item: the date of its last change, which is empty if GitHub provides none, and a digest
/// of its document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark(pub String, pub String);

impl Mark {
    pub fn new(date: String, document: &[u8]) -> Self {
        Self(date, digest(document))
    }

    pub fn date(&self) -> &str {
        &self.0
    }
}

/// A digest of a document.
pub fn digest(document: &[u8]) -> String {
    // Only counts depend on it, so it need not resist attacks.
    let mut hash = FnvHasher::default();
    hash.write(document);
    format!("{:016x}", hash.finish())
}

impl Index {
    /// Counts the received items and writes them. `name` returns the store key of an item's key.
    pub fn take(
        &mut self,
        entries: Vec<Entry>,
        name: impl Fn(&str) -> String,
        writes: &mut Writes,
        counts: &mut Counts,
    ) {
        for Entry { key, date, document, .. } in entries {
            let mark = Mark::new(date, &document);
            counts.fetched += 1;
            match self.items.get(&key) {
                None => counts.created += 1,
                Some(known) if *known == mark => counts.unchanged += 1,
                Some(_) => counts.updated += 1,
            }
            writes.bytes(name(&key), document);
            self.items.insert(key, mark);
        }
    }

    /// The oldest items beyond the limit `keep`.
    pub fn too_old(&self, keep: usize) -> Vec<String> {
        let excess = self.items.len().saturating_sub(keep);
        let mut by_age: Vec<_> = self.items.iter().map(|(key, mark)| (mark.date(), key)).collect();
        by_age.sort_unstable();
        by_age.into_iter().take(excess).map(|(_, key)| key.clone()).collect()
    }

    /// The index in its stored form.
    pub fn written(&self, subject: Subject<'_>) -> Result<Vec<u8>, Failure> {
        let bytes = serde_json::to_vec(self)?;
        if bytes.len() <= LARGEST {
            return Ok(bytes);
        }
        let items = self.items.len();
        Err(Failure::fatal(format!(
            "the index of {subject}, which has {items} items, is larger than {LARGEST} bytes: set `keep` in the plugin's \
             `config` to a smaller number"
        )))
    }
}
