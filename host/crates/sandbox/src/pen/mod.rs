//! The pen: the store, instance and limits that an attempt runs in.

pub mod state;
