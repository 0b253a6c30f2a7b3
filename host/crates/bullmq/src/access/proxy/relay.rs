//! A relay to a Redis whose address can change: the current master behind sentinels, or the cluster node that has a
//! queue's slot.
//!
//! BullMQ's client keeps one address as long as it lives. So the client gets the address of a Unix socket of this
//! process. The relay connects each client on it to the responsible server, and closes the connection when another
//! server becomes responsible. To the client this is a normal lost connection: it reconnects, and handles unanswered
//! requests as usual. The relay never sends a request twice, unlike cluster clients that retry by themselves.
//!
//! The relay does the login, so no other part needs the password. The socket is in a folder that only this user can
//! enter. The relay knows nothing about queues.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf};
use tokio::net::unix::OwnedWriteHalf;
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;

use crate::access::topology::dial::{self, Stream};
use crate::access::topology::directory::Directory;

/// The size of one read, in bytes.
const CHUNK: usize = 16 * 1024;
/// Error answers which suggest that the server is no longer responsible.
const WRONG_SERVER: [&[u8]; 3] = [b"-MOVED ", b"-READONLY ", b"-CLUSTERDOWN "];

/// A socket whose connections lead to the owner of one slot. Dropping it closes the socket and its connections.
pub struct Relay {
    path: PathBuf,
    _accepting: AbortOnDropHandle<()>,
}

impl Relay {
    /// Listens on a socket at `path`. The path must not exist yet.
    pub fn open(directory: Arc<Directory>, slot: u16, path: PathBuf) -> io::Result<Self> {
        let listener = UnixListener::bind(&path)?;
        let accepting = AbortOnDropHandle::new(tokio::spawn(accept(listener, directory, slot)));
        Ok(Self { path, _accepting: accepting })
    }

    /// The URL for clients.
    pub fn url(&self) -> String {
        format!("unix://{}", self.path.display())
    }
}

async fn accept(listener: UnixListener, directory: Arc<Directory>, slot: u16) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((client, _)) => drop(connections.spawn(forward(client, directory.clone(), slot))),
                Err(error) => {
                    // For example because the limit of open files is reached. New clients wait.
                    tracing::warn!(%error, "accepting a client connection for Redis failed, retrying");
                    tokio::time::sleep(dial::TIMEOUT).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Forwards bytes between a client and its server, until one of them closes the connection or another server becomes
/// responsible.
async fn forward(client: UnixStream, directory: Arc<Directory>, slot: u16) {
    let address = match directory.owner(slot).await {
        Ok(address) => address,
        // The directory logs this once. The client reconnects.
        Err(error) => return tracing::debug!(%error, "connecting a client to Redis failed"),
    };
    let server = match directory.dialler().stream(&address).await {
        Ok(server) => server,
        Err(error) => {
            directory.doubt();
            return tracing::debug!(%address, %error, "connecting a client to Redis failed");
        }
    };
    let (mut from_client, to_client) = client.into_split();
    let (from_server, mut to_server) = tokio::io::split(server);
    let ended = tokio::select! {
        sent = tokio::io::copy(&mut from_client, &mut to_server) => sent.map(drop),
        answered = forward_answers(from_server, to_client, &directory) => answered,
        () = directory.left(slot, &address) => Ok(()),
    };
    if let Err(error) = ended {
        tracing::debug!(%address, %error, "a connection was lost");
        directory.doubt();
    }
}

async fn forward_answers(
    mut from: ReadHalf<Box<dyn Stream>>,
    mut to: OwnedWriteHalf,
    directory: &Directory,
) -> io::Result<()> {
    let mut chunk = vec![0; CHUNK];
    loop {
        let length = from.read(&mut chunk).await?;
        if length == 0 {
            directory.doubt();
            return Ok(());
        }
        let read = &chunk[..length];
        // An error behind other answers is not noticed here. The directory refreshes every two seconds anyway.
        if WRONG_SERVER.iter().any(|prefix| read.starts_with(prefix)) {
            directory.doubt();
        }
        to.write_all(read).await?;
    }
}
