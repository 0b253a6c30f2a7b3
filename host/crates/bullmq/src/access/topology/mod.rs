//! Finds the server that owns a slot: the master that sentinels know, or a node of a cluster.

pub mod cluster;
pub mod dial;
pub mod directory;
pub mod find_error;
pub mod sentinel;
pub mod slot;
