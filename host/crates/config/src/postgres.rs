//! `[plugins.NAME.postgres.POOL]`: a pool of connections to a PostgreSQL server.

use std::num::{NonZeroU32, NonZeroU64};
use std::path::PathBuf;
use std::time::Duration;

use super::secret::Secret;

/// A pool of connections that a plugin may borrow from. Each host has one, which all attempts of the plugin share.
#[derive(Clone, Debug, PartialEq)]
pub struct Postgres {
    /// Where the server is, and who connects, already loaded: a `postgres://` URL, or a list of `key=value` as in
    /// libpq. This crate does not check it.
    pub url: Secret,
    /// A PEM file of the CA certificates that the server may be verified with. Default: those that browsers trust.
    pub ca: Option<PathBuf>,
    /// The limit of open connections. Default 10, from 1 to 1,000.
    pub connections: NonZeroU32,
    /// The limit of the wait for a free connection, and for each address when one is opened. Default 5 s, longer than
    /// 0.
    pub connect_timeout: Duration,
    /// The limit of the time that one statement runs. Default 5 s, longer than 0. An attempt's remaining time is a
    /// further limit.
    pub statement_timeout: Duration,
    /// The limit of rows in one answer. Default 10,000, from 1 to 4,294,967,295.
    pub max_rows: NonZeroU64,
    /// The limit of bytes in one answer. Default 8 MiB, from 1 KiB to 1 GiB.
    pub max_bytes: u64,
    /// Whether transactions are read-only. Default: false.
    pub read_only: bool,
}

impl Postgres {
    /// A pool of this server with the default limits.
    pub fn new(url: Secret) -> Self {
        Self {
            url,
            ca: None,
            connections: CONNECTIONS,
            connect_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(5),
            max_rows: MAX_ROWS,
            max_bytes: 8 << 20,
            read_only: false,
        }
    }
}

/// The default of [`Postgres::connections`].
const CONNECTIONS: NonZeroU32 = NonZeroU32::new(10).unwrap();
/// The default of [`Postgres::max_rows`].
const MAX_ROWS: NonZeroU64 = NonZeroU64::new(10_000).unwrap();
