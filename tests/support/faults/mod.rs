//! Runs jobs on hosts, servers and networks that fail at seeded moments, and checks the outcome of each job. The
//! tests in `tests/faults.rs` and `cargo xtask soak` run the same rounds.
//!
//! | module | contents |
//! | --- | --- |
//! | [`fault`] | the faults: required fleet, action, and whether a job may run twice |
//! | [`servers`] | one Redis, or several with replicas |
//! | [`fleet`] | a private Redis, hosts with a separate network each, and BullMQ's workers in Node |
//! | [`jobs`] | the jobs, and their planned outcomes |
//! | [`ledger`] | every run of every job, recorded outside of all faults |
//! | [`round`] | one fault on one fleet |
//! | [`account`] | the outcome of each job |
//! | [`table`] | the rounds as a table |

pub mod account;
pub mod fault;
pub mod fleet;
pub mod jobs;
pub mod ledger;
pub mod round;
pub mod servers;
pub mod table;

pub use fault::Fault;
pub use round::{Outcome, Plan, run};
pub use table::Table;
