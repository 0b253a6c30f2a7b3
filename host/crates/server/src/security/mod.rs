//! Who may look at queues and change them, and the headers that keep browsers from helping others to do it.

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
