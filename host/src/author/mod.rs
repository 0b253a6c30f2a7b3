//! What a plugin's author uses, without Redis and without a running host: a project to start with, a component made of
//! it, one job through that component, and types for those who add the jobs.
//!
//! | module | what it does |
//! | --- | --- |
//! | [`workbench`] | loads one component as a host does, and runs jobs on it |
//! | [`notebook`] | stands for the queue: keeps what the job logs and reports |

pub mod notebook;
pub mod workbench;
