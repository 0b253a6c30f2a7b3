//! A way to a Redis that is not always in the same place: behind sentinels the master changes, and in a cluster the node
//! that has a queue's slot.
//!
//! BullMQ's client keeps one address for as long as it lives. So it is given a socket of this process, and what connects
//! there is led to the server that is responsible at that moment, and is cut off when another one is. To the client that
//! is a lost connection like any other: it connects again, and what was not answered is handled as that always is. No
//! request is ever sent twice here, which cluster clients do that retry by themselves.
//!
//! The relay logs in, so that the password is in nobody else's hands; the socket is in a folder that only this user can
//! enter. It knows nothing of queues.

mod cluster;
mod dial;
mod directory;
mod sentinel;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use redis::RedisError;
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf};
use tokio::net::unix::OwnedWriteHalf;
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;

pub use cluster::Nodes;
pub use dial::{Address, Asking, Dialler, is_refusal};
pub use directory::{Directory, FindError, Source};
pub use sentinel::Sentinels;

use dial::Stream;

/// How much is read at once.
const CHUNK: usize = 16 * 1024;
/// How an answer begins that makes one doubt whether the server is still responsible.
const STRANGER: [&[u8]; 3] = [b"-MOVED ", b"-READONLY ", b"-CLUSTERDOWN "];

/// A socket whose connections lead to whoever has one slot. Closed with its connections when it is dropped.
pub struct Relay {
    path: PathBuf,
    _accepting: AbortOnDropHandle<()>,
}

/// Why nobody is reached.
#[derive(Debug, thiserror::Error)]
pub enum ReachError {
    /// It is not known where it is.
    #[error(transparent)]
    Find(#[from] FindError),
    /// It does not answer as it should.
    #[error("{address}: {source}")]
    Server {
        /// Where it is.
        address: Address,
        /// What it said.
        source: RedisError,
    },
}

impl Relay {
    /// Listens on a socket at `path`, which must not be there yet.
    pub fn open(directory: Arc<Directory>, slot: u16, path: PathBuf) -> io::Result<Self> {
        let listener = UnixListener::bind(&path)?;
        let accepting = AbortOnDropHandle::new(tokio::spawn(accept(listener, directory, slot)));
        Ok(Self { path, _accepting: accepting })
    }

    /// What clients connect to.
    pub fn url(&self) -> String {
        format!("unix://{}", self.path.display())
    }
}

/// A connection to whoever has the slot, without a relay between: it tells what is wrong.
pub async fn reach(directory: &Directory, slot: u16) -> Result<Asking, ReachError> {
    let address = directory.owner(slot).await?;
    directory.dialler().ask(&address).await.map_err(|source| {
        directory.doubt();
        ReachError::Server { address, source }
    })
}

async fn accept(listener: UnixListener, directory: Arc<Directory>, slot: u16) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((client, _)) => drop(connections.spawn(carry(client, directory.clone(), slot))),
                Err(error) => {
                    // No more files can be opened, for one. Whoever connects waits.
                    tracing::warn!(%error, "a connection to Redis could not be taken on");
                    tokio::time::sleep(dial::BOUND).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Leads a client to its server, until one of them ends the connection or another server is responsible.
async fn carry(client: UnixStream, directory: Arc<Directory>, slot: u16) {
    let address = match directory.owner(slot).await {
        Ok(address) => address,
        // Told once by the directory; the client connects again.
        Err(error) => return tracing::debug!(%error, "a connection leads nowhere"),
    };
    let server = match directory.dialler().stream(&address).await {
        Ok(server) => server,
        Err(error) => {
            directory.doubt();
            return tracing::debug!(%address, %error, "a connection leads nowhere");
        }
    };
    let (mut from_client, to_client) = client.into_split();
    let (from_server, mut to_server) = tokio::io::split(server);
    let ended = tokio::select! {
        sent = tokio::io::copy(&mut from_client, &mut to_server) => sent.map(drop),
        answered = answers(from_server, to_client, &directory) => answered,
        () = directory.left(slot, &address) => Ok(()),
    };
    if let Err(error) = ended {
        tracing::debug!(%address, %error, "a connection was lost");
        directory.doubt();
    }
}

async fn answers(mut from: ReadHalf<Box<dyn Stream>>, mut to: OwnedWriteHalf, directory: &Directory) -> io::Result<()> {
    let mut chunk = vec![0; CHUNK];
    loop {
        let length = from.read(&mut chunk).await?;
        if length == 0 {
            directory.doubt();
            return Ok(());
        }
        let read = &chunk[..length];
        // An answer that stands behind others is not seen here: the directory asks every other second anyway.
        if STRANGER.iter().any(|stranger| read.starts_with(stranger)) {
            directory.doubt();
        }
        to.write_all(read).await?;
    }
}
