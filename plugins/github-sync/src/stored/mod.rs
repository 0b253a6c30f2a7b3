//! The plugin's key-value data. docs/github-sync.md describes the keys and their values.

mod index;
pub mod keys;
mod lease;
mod parents;
mod state;
mod windows;

use serde::Serialize;
use serde::de::DeserializeOwned;
use toril_plugin::Failure;
use toril_plugin::kv::Store;

pub use index::{Index, Mark, digest};
pub use lease::Lease;
pub use parents::{ParentsRun, ParentsState};
pub use state::{Cut, Name, Page, Phase, Run, State};
pub use windows::{PART, Part, Seen, Window, WindowPhase, WindowRun, WindowState};

/// Maximum number of keys per host call.
pub const MOST_KEYS: usize = 1_000;

/// A batch of values that is written in one step.
#[derive(Default)]
pub struct Writes(Vec<(String, Vec<u8>)>);

impl Writes {
    pub fn json(&mut self, key: String, document: &impl Serialize) -> Result<(), Failure> {
        self.0.push((key, serde_json::to_vec(document)?));
        Ok(())
    }

    pub fn bytes(&mut self, key: String, document: Vec<u8>) {
        self.0.push((key, document));
    }

    /// Writes all values atomically.
    pub fn send(self, store: &Store) -> Result<(), Failure> {
        Ok(store.set_many(&self.0)?)
    }
}

/// Parses a stored document. `None` if it is missing or has another form, because another version of the plugin or
/// another program wrote it. Then the data is read from GitHub again.
pub fn document<T: DeserializeOwned>(bytes: Option<&Vec<u8>>) -> Option<T> {
    bytes.and_then(|bytes| serde_json::from_slice(bytes).ok())
}
