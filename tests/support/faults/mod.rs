//! Jobs under hosts, servers and networks that fail at seeded moments, and an account of every one of them. The tests in
//! `tests/faults.rs` and `cargo xtask soak` run the same rounds.
//!
//! | module | what it offers |
//! | --- | --- |
//! | [`fault`] | the faults: what each needs and does, and whether a job may run twice for it |
//! | [`servers`] | one Redis, or several with replicas |
//! | [`fleet`] | a private Redis, hosts, each with a network of its own, and BullMQ's workers in Node |
//! | [`jobs`] | the jobs, and how each is to end |
//! | [`ledger`] | every run of every job, where no fault reaches |
//! | [`round`] | one fault on one fleet |
//! | [`account`] | what became of each job |
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
