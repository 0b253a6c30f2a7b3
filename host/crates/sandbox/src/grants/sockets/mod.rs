//! The grant `tcp`, of which `tls` is a part: connections to the servers in a plugin's entry, through `wasi:sockets`. A
//! connection may go only to a granted host and port, and only to an address to which the host has resolved that name
//! in the same attempt. To a server in `tls` the host encrypts the connection, and the guest sees plain bytes. A guest
//! may upgrade a connection to a server in `tcp` through `wasi:tls`, or through `toril:plugin/tls` if it cannot give
//! away its streams.
//!
//! | module | holds |
//! | --- | --- |
//! | `prepared` | the granted servers and the limits, once per version of the settings |
//! | `remembered` | which granted server an address belongs to |
//! | `denied` | the denials, with the line to add |
//! | `lookup` | the host functions of `ip-name-lookup` |
//! | `socket` | the host functions of `tcp` |
//! | `tls` | the host functions of `wasi:tls` |
//! | `upgrade` | the host functions of `toril:plugin/tls` |
//! | `connect` | opens a connection, and encrypts it |
//! | `connection` | the state of a connection |
//! | `open` | the bytes of an open connection |
//! | `streams` | a connection as a pair of `wasi:io` streams |
//!
//! The host implements these interfaces itself. In wasmtime-wasi a socket is always the operating system's, so the host
//! could neither encrypt it nor limit its memory, and the streams of a socket that a guest keeps would outlive the
//! attempt.
//! `wasmtime-wasi-tls` has the same interface for `wasi:tls`. It is not used because its provider learns the server name that
//! the guest chose but not which connection it is for, and because its tasks and buffers would be outside of the limits
//! here.

mod bindings;
mod connect;
mod connection;
mod denied;
mod lookup;
mod open;
mod prepared;
mod remembered;
mod socket;
mod streams;
mod tls;
mod upgrade;

use std::sync::{Arc, Weak};

use tokio::sync::Semaphore;
use wasmtime::component::{HasData, Linker, ResourceTable};

pub use prepared::Prepared;

use crate::current_job::CurrentJob;
use crate::limits::TCP_CONNECTIONS;
use connection::Connection;
use remembered::Remembered;

/// The interface that uses this grant.
pub const INTERFACE: &str = "wasi:sockets/tcp-create-socket";
/// The line in the plugin's entry.
pub const LINE: &str =
    "tcp = [\"host:port\"]          # every server that it connects to, or `tls` if the host encrypts";

/// The state of the grant in one pen.
pub struct InPen {
    /// Lives as long as this attempt. A look-up that a guest keeps for its next job knows by it that its own attempt has
    /// ended.
    attempt: Arc<()>,
    /// The addresses that names have resolved to in this attempt.
    remembered: Remembered,
    /// The connections of this attempt whose streams the guest has got.
    streams: Vec<StreamPair>,
    /// The connections of this attempt.
    connections: Vec<Weak<Connection>>,
    /// One permit for each connection that is open at the same time.
    permits: Arc<Semaphore>,
    /// The number of connections that this attempt has opened.
    opened: usize,
}

/// The handles of a connection's streams. `wasi:tls` gets handles alone, and they do not show which connection they
/// belong to.
struct StreamPair {
    input: u32,
    output: u32,
    connection: Weak<Connection>,
}

impl Default for InPen {
    fn default() -> Self {
        Self {
            attempt: Arc::default(),
            remembered: Remembered::default(),
            streams: Vec::new(),
            connections: Vec::new(),
            permits: Arc::new(Semaphore::new(TCP_CONNECTIONS)),
            opened: 0,
        }
    }
}

impl InPen {
    /// Closes the connections, also those whose handles the guest keeps for its next job.
    pub fn end_attempt(&mut self) {
        for connection in self.connections.drain(..) {
            if let Some(connection) = connection.upgrade() {
                connection.close();
            }
        }
        self.streams.clear();
    }

    fn add(&mut self, connection: &Arc<Connection>) {
        self.connections.retain(|known| known.strong_count() > 0);
        self.connections.push(Arc::downgrade(connection));
    }
}

/// What a call uses of a pen.
pub struct View<'a> {
    pub grant: &'a Arc<Prepared>,
    pub pen: &'a mut InPen,
    pub table: &'a mut ResourceTable,
    pub job: &'a CurrentJob,
}

/// The data of a store whose guest may open connections.
pub trait SocketsHost: Send + 'static {
    /// What a call uses of it.
    fn sockets(&mut self) -> View<'_>;
}

struct HasSockets;

impl HasData for HasSockets {
    type Data<'a> = View<'a>;
}

/// Links the interfaces, in the place of wasmtime-wasi's own. Their version must be the one that wasmtime-wasi uses:
/// with another one, a component would get the one or the other.
pub fn link<T: SocketsHost>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    use bindings::toril::plugin;
    use bindings::wasi::{sockets, tls};
    linker.allow_shadowing(true);
    sockets::ip_name_lookup::add_to_linker::<T, HasSockets>(linker, T::sockets)?;
    sockets::tcp_create_socket::add_to_linker::<T, HasSockets>(linker, T::sockets)?;
    sockets::tcp::add_to_linker::<T, HasSockets>(linker, T::sockets)?;
    linker.allow_shadowing(false);
    tls::types::add_to_linker::<T, HasSockets>(linker, T::sockets)?;
    plugin::tls::add_to_linker::<T, HasSockets>(linker, T::sockets)
}
