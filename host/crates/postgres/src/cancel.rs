//! The request that cancels the running statement of a session. It needs a connection of its own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use postgres_protocol::message::frontend;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::connect::{ConnectError, Encryption};

/// How long a request may take.
const LIMIT: Duration = Duration::from_secs(5);

/// Cancels the statements of one session.
pub(crate) struct Canceller {
    /// The server that the session is on, which may not be the one that the name leads to now.
    pub address: SocketAddr,
    pub encryption: Arc<Encryption>,
    /// The name of the host, for TLS.
    pub host: String,
    /// The session has TLS, and so must the request: its key is a secret.
    pub encrypted: bool,
    pub process_id: i32,
    pub secret_key: i32,
}

impl Canceller {
    /// Sends the request, and waits until the server has closed its connection, which it does after it has sent the signal.
    /// True: so it was.
    pub(crate) async fn cancel(&self) -> bool {
        matches!(tokio::time::timeout(LIMIT, self.request()).await, Ok(Ok(())))
    }

    async fn request(&self) -> Result<(), ConnectError> {
        let stream = tokio::net::TcpStream::connect(self.address).await?;
        let mut socket = match self.encrypted {
            true => self.encryption.require(stream, &self.host).await?.socket,
            false => Box::new(stream),
        };
        let mut out = BytesMut::new();
        frontend::cancel_request(self.process_id, self.secret_key, &mut out);
        socket.write_all(&out).await?;
        socket.flush().await?;
        // A server that sends something instead of closing is not waited for.
        let _ = socket.read(&mut [0]).await;
        Ok(())
    }
}
