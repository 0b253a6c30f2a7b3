//! A version of a plugin: its component, compiled, checked and ready to run.

use crate::pen::GuestPre;
use toril_schema::JobTypes;

/// A plugin's component, compiled and ready to run.
pub struct Version {
    /// The first 12 hexadecimal digits of the bytes' SHA-256.
    pub id: String,
    /// The full SHA-256 of the bytes, in hexadecimal.
    pub digest: String,
    /// The version of the plugin interface that it was built for.
    pub interface: &'static str,
    /// The job types that it handles.
    pub jobs: JobTypes,
    pub(crate) pre: GuestPre,
}

impl std::fmt::Debug for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Version").field("id", &self.id).finish_non_exhaustive()
    }
}
