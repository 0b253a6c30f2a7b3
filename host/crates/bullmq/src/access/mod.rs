//! Access to Redis: connections, finding the server of each key, and the state of the connections.
//!
//! | module | contents |
//! | --- | --- |
//! | `pool` | the shared connections of a process |
//! | `endpoint` | the shared connection to one server |
//! | `topology` | finding the server of a slot: sentinels and clusters |
//! | `proxy` | local sockets that lead to the current server of a slot |
//! | `health` | readiness, outages, and the backoff between attempts |
//! | `queue_client` | a worker's access to its queue |
//! | `error` | why Redis cannot be used |
//!
//! No module in here knows what a job is.

mod endpoint;
mod error;
pub mod health;
mod pool;
mod proxy;
mod queue_client;
mod topology;

pub use error::ConnectError;
pub use pool::{Redis, SharedRedis};
pub use queue_client::QueueClient;
