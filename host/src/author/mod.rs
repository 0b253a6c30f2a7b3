//! Tools for plugin authors that need neither Redis nor a running host: project templates, builds, test runs of
//! single jobs, and types for producers.
//!
//! | module | purpose |
//! | --- | --- |
//! | [`template`] | creates a new project |
//! | [`build`] | builds the project into a component |
//! | [`rebuild`] | builds again after each change of a source |
//! | [`types`] | generates types for producers |
//! | [`test_harness`] | loads one component as a host does, and runs jobs on it |
//! | [`job_file`] | reads a job from a JSON file |
//! | [`recording_context`] | a substitute for the queue: records what the job logs, reports and adds |
//! | [`memory_store`] | a substitute for the plugin's key-value data |

pub mod build;
pub mod job_file;
pub mod memory_store;
pub mod rebuild;
pub mod recording_context;
pub mod template;
pub mod test_harness;
pub mod types;
