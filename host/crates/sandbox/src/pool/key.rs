//! Identifies which jobs a pen can run.

use std::sync::Arc;

use crate::settings::Settings;
use crate::version::Version;

/// What a pen was created from. A pen runs only jobs with an equal key.
pub struct Key {
    /// The version of its instance.
    pub version: Arc<Version>,
    /// The settings with its grants and limits.
    pub settings: Arc<Settings>,
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.version, &other.version) && Arc::ptr_eq(&self.settings, &other.settings)
    }
}
