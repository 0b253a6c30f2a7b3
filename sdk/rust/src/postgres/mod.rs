//! PostgreSQL, through the pools of connections in the plugin's entry in `queues.toml`. The host keeps the connections
//! open between jobs. A plugin borrows one, and gives it back when it drops it or when its attempt ends.
//!
//! ```no_run
//! use serde::Deserialize;
//! use toril_plugin::postgres::{self, PostgresError};
//!
//! #[derive(Deserialize)]
//! struct Order {
//!     id: i64,
//!     customer: String,
//!     note: Option<String>,
//! }
//!
//! # fn orders() -> Result<(), PostgresError> {
//! let mut db = postgres::connect("main")?;
//! let changed = db.execute("update orders set sent = true where id = $1", &[&7])?;
//! let order: Order = db.query_one("select id, customer, note from orders where id = $1", &[&7])?;
//! let totals: Vec<(String, i64)> = db.query_as("select customer, sum(cents)::int8 from orders group by 1", &[])?;
//! db.transaction(|t| {
//!     t.execute("insert into orders(customer) values ($1)", &[&"Ada"])?;
//!     t.execute("update customers set orders = orders + 1 where name = $1", &[&"Ada"])
//! })?;
//! # Ok(())
//! # }
//! ```
//!
//! **Rows** become any type that implements [`Deserialize`](serde::Deserialize): a struct with the names of the
//! columns, a tuple with their order, or the type of the only column. Types of other crates work through their `serde`
//! feature, such as `uuid::Uuid`, `rust_decimal::Decimal` and those of `chrono` and `jiff`.
//!
//! | type of the server | types in Rust |
//! | --- | --- |
//! | `bool` | `bool` |
//! | `int2`, `int4`, `int8`, `oid` | any integer that the value fits in |
//! | `float4`, `float8` | `f32`, `f64` |
//! | `numeric` | `String`, a number that it fits in, or a type that reads a decimal number from text |
//! | `text`, `varchar`, `char`, enums | `String`, `char`, an enum of unit variants |
//! | `bytea` | `Vec<u8>` |
//! | `uuid` | `String`, or a type that reads a UUID from text |
//! | `timestamptz` | [`Timestamp`], or a type that reads RFC 3339 |
//! | `date` | [`Date`], or a type that reads `2026-01-31` |
//! | `timestamp`, `time`, `interval` | `String`, or a type that reads ISO 8601. An `interval` has the server's own text |
//! | `json`, `jsonb` | any type |
//! | arrays | `Vec<T>`, or `Vec<Option<T>>` |
//! | every nullable value | `Option<T>` |
//! | other types | `String` with the server's text |
//!
//! **Parameters** are references to values that implement [`ToParameter`]. The server chooses the type of a parameter
//! by its place in the statement. Where it cannot, write a cast: `$1::int8`.
//!
//! Write values as parameters, never into the text of a statement. The host prepares each text once for each
//! connection, and keeps it prepared for later jobs.
//!
//! Outside of a component, as in unit tests, there is no database, and [`connect`] fails.

mod answer;
#[cfg(target_arch = "wasm32")]
mod component;
mod connection;
mod cursor;
mod error;
mod once;
mod parameter;
mod pending;
mod rows;
#[cfg(not(target_arch = "wasm32"))]
mod stand_in;
mod time;
mod transaction;
mod value;

#[cfg(target_arch = "wasm32")]
use component as host;
#[cfg(not(target_arch = "wasm32"))]
use stand_in as host;

pub use answer::Column;
pub use connection::Connection;
pub use cursor::Cursor;
pub use error::{DatabaseError, PostgresError};
pub use once::ensure_steps_table;
pub use parameter::{AsJson, Parameter, ToParameter, text, typed};
pub use pending::Pending;
pub use rows::{Row, RowIter, Rows};
pub use time::{Date, Timestamp};
pub use transaction::{Isolation, Transaction, TransactionOptions};

/// Borrows a connection of a pool, `[plugins.NAME.postgres.POOL]` in `queues.toml`. The first call on it waits until a
/// connection is free.
///
/// # Errors
/// [`PostgresError::Denied`] if the plugin's entry has no such pool, and [`PostgresError::Unavailable`] outside of a
/// job.
pub fn connect(pool: &str) -> Result<Connection, PostgresError> {
    host::Session::connect(pool).map(Connection::new)
}
