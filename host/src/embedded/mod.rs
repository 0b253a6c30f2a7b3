//! The private Redis server of `toril dev`: a real server that starts and stops with the host.

mod find;
mod guard;
mod server;

pub use find::{NoServer, find};
pub use guard::guard;
pub use server::{Claim, Running, Server, ServerError, running};
