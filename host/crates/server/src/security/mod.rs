//! Authorisation of requests, and the headers that prevent browsers from being abused by other sites.

mod cross_site;
#[cfg(any(fuzzing, test))]
pub mod fuzz;
mod guard;
mod headers;
mod host_name;
mod sessions;

pub use guard::{Guard, Refusal, bearer, guarded};
pub use headers::add_headers;
pub use host_name::{HostNames, named};
pub use sessions::{Sessions, same};
