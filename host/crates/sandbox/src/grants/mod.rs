//! The grants: what a plugin may do if its entry in the configuration allows it. Each has a folder of its own.

pub mod http;
pub mod jobs;
pub mod keyvalue;
