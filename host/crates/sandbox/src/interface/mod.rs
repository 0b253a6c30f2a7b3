//! The plugin interface `toril:plugin`: its generated types, and the version that this host serves.
//!
//! A later version gets a folder of its own in `wit/` and bindings beside these. The host then continues to serve this
//! one.

mod bindings;
mod resources;
mod version;

pub use bindings::toril::plugin::{job_context, jobs, postgres, types};
pub use bindings::{Processor, ProcessorPre};
pub use resources::{BorrowedConnection, CallState, OpenCursor, PendingCall};
pub use version::{VERSION, check};
