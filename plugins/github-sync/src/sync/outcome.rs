//! How the sync of a resource ends, whatever the order of its listing.

use crate::result::Counts;

/// How the sync of a resource ended.
pub enum Listed {
    /// It is complete.
    Complete(Counts),
    /// GitHub does not let the token read the resource, for this reason. The stored data stays unchanged.
    Refused(String),
}
