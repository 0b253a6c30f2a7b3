//! Messages of the protocol: sockets and frames with limits, pipelines of messages to the server, and the check of its replies.

mod frames;
#[cfg(any(fuzzing, test))]
pub(crate) mod fuzz;
mod pipeline;
mod reply;
#[cfg(test)]
mod tests;

pub(crate) use frames::{Frames, Limits, Socket, WireError};
pub(crate) use pipeline::{Pipeline, Text};
pub(crate) use reply::{Bounds, Progress, Reply};
