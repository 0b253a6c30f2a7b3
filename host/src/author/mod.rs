//! What a plugin's author uses, without Redis and without a running host: a project to start with, a component made of
//! it, one job through that component, and types for those who add the jobs.
//!
//! | module | what it does |
//! | --- | --- |
//! | [`template`] | a project to start with |
//! | [`build`] | from the project to the component |
//! | [`rebuild`] | that, after each change of a source |
//! | [`types`] | types for those who add the jobs |
//! | [`workbench`] | loads one component as a host does, and runs jobs on it |
//! | [`job_file`] | a job that somebody wrote down |
//! | [`notebook`] | stands for the queue: keeps what the job logs, reports and adds |
//! | [`shelf`] | stands for the plugin's key-value data |

pub mod build;
pub mod job_file;
pub mod notebook;
pub mod rebuild;
pub mod shelf;
pub mod template;
pub mod types;
pub mod workbench;
