//! TCP connections to the servers that the plugin's entry in `queues.toml` lists under `tcp` and `tls`.
//!
//! ```no_run
//! use std::io::{BufRead, BufReader, Write};
//! use toril_plugin::tcp;
//!
//! # fn ask() -> std::io::Result<()> {
//! let mut server = BufReader::new(tcp::connect("smtp.example.com:465")?);
//! let mut greeting = String::new();
//! server.read_line(&mut greeting)?;
//! server.get_mut().write_all(b"QUIT\r\n")?;
//! # Ok(())
//! # }
//! ```
//!
//! A [`TcpStream`] implements [`Read`](std::io::Read) and [`Write`](std::io::Write), so it works with clients that take
//! any stream. To a server under `tls`, the host encrypts the connection and checks the server's certificate: send and
//! read plain bytes. A connection to a server under `tcp` is plain, and [`TcpStream::start_tls`] encrypts it
//! (STARTTLS).
//!
//! A connection ends with the attempt. An attempt can have 16 of them at the same time.
//!
//! Outside of a component, as in unit tests, there is no server, and [`connect`] fails.

#[cfg(target_arch = "wasm32")]
mod component;
mod error;
mod first;
#[cfg(not(target_arch = "wasm32"))]
mod stand_in;
mod stream;
mod target;

#[cfg(target_arch = "wasm32")]
use component as host;
#[cfg(not(target_arch = "wasm32"))]
use stand_in as host;

use std::time::Duration;

pub use error::TcpError;
pub use stream::TcpStream;
use target::Target;

/// Connects to a server, given as `host:port`, with an IPv6 address in brackets. If the host is a name, its addresses
/// are tried one after the other.
///
/// # Errors
/// [`TcpError::Denied`] if the plugin's entry does not list the server. Other errors say why there is no connection.
pub fn connect(server: &str) -> Result<TcpStream, TcpError> {
    open(server, None)
}

/// The same, for at most this long.
///
/// # Errors
/// As [`connect`], and [`TcpError::Timeout`].
pub fn connect_timeout(server: &str, timeout: Duration) -> Result<TcpStream, TcpError> {
    open(server, Some(timeout))
}

fn open(server: &str, timeout: Option<Duration>) -> Result<TcpStream, TcpError> {
    let target = Target::parse(server)?;
    host::Channel::connect(&target, timeout).map(|channel| TcpStream::new(channel, target))
}
