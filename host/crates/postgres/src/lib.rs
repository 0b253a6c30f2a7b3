//! Pooled connections to PostgreSQL servers, for plugins whose attempts come and go within milliseconds.
//!
//! The server and the caller are both untrusted. A server's answer never takes more memory than the pool's limits allow, and a
//! caller cannot leave anything in a session for the next one. Values pass through unread, in the server's own text or binary
//! form.
//!
//! This crate must not know WebAssembly or the configuration file.
//!
//! | modules | contents |
//! | --- | --- |
//! | [`target`] | connection strings: URLs and key-value pairs |
//! | `settings`, `answer`, `error` | the types that callers see |
//! | `pool` | the pool: lending, idle connections, status |
//! | `connection` | a borrowed connection: the queue of its calls, cursors, and giving it back |
//! | `session` | one session on a server: statements, batches, portions of cursors, reset, the cache of statements |
//! | `connect` | from a target to a session: hosts in turn, TLS, authentication |
//! | `cancel` | the request that cancels a running statement |
//! | `wire` | messages of the protocol: limits of their sizes, pipelines, and the check of the server's replies |

#![warn(missing_docs)]

mod answer;
mod cancel;
mod connect;
mod connection;
mod error;
#[cfg(any(fuzzing, test))]
pub mod fuzz;
mod pool;
mod session;
mod settings;
pub mod target;
#[cfg(test)]
mod testing;
mod wire;

pub use answer::{Answer, Column, Format, Parameter, Query, TransactionStatus};
pub use connection::{Borrower, Call, Connection, Cursor, Released};
pub use error::{DatabaseError, Error, PoolError};
pub use pool::Pool;
pub use settings::{Observer, Settings, StatementResult, Status};
pub use target::{Target, TargetError};
