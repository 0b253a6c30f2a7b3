//! The grant `keyvalue`.

mod host;

pub use host::Imports;
