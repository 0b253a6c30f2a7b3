//! Computes the next job of a schedule. Pure: the worker writes it.
//!
//! Two formats exist. BullMQ has had job schedulers (`upsertJobScheduler`) since 5.16. One script adds their next job.
//! Repeatable jobs (`add` with `repeat`) are older: BullMQ 5 still runs them, BullMQ 6 does not have them. Repeatable
//! jobs whose key is a hash (since about 5.9) use the schedulers' script. `legacy` handles the rest.

#[cfg(any(fuzzing, test))]
pub mod fuzz;
pub mod legacy;
pub mod next;
