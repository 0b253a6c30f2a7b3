//! The plugin side: the engine, loading and replacing versions, and the pens that attempts run in. Knows nothing of
//! Redis or of how a job came here.

mod bindings;
mod cache;
mod contents;
mod egress;
mod engine;
mod limits;
mod pen;
mod registry;
mod schema;
mod settings;
mod state;
mod tape;
mod transport;
mod version;

pub use contents::{Contents, Grant};
pub use engine::{Engine, EngineError};
pub use registry::{Handle, Plugins, Prepared, Reload, StartError, Status};
pub use schema::{JobType, JobTypes, ManifestError};
pub use tape::{Answer, Asked, Body, Exchange, Tape, TapeError};
pub use transport::{Network, Recorder, Replayer, Sent, Transport};
pub use version::{LoadError, Version, read};
