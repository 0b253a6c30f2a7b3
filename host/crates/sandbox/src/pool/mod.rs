//! The pool of pens: the places that they take, and the idle ones that wait for another job.

pub mod idle;
pub mod reuse;
