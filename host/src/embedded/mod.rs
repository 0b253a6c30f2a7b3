//! The private Redis server of `toril dev`: a real server that is found, started and ended with the host.

mod find;
mod guard;
mod server;

pub use find::{NoServer, find};
pub use guard::guard;
pub use server::{Claim, Running, Server, ServerError, running};
