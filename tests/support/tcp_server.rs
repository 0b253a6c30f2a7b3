//! Servers of small protocols over TCP. A test says how a server talks, and sees its connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::Result;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy, split};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

use crate::certificates::Certificates;
use crate::tls_front;
use crate::wait::{LONG, wait_until};

/// How a server talks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Talk {
    /// It sends back what it gets, and ends when the client does.
    Echo,
    /// It greets with `hello\n`, answers the line `STARTTLS` with `go\n`, encrypts, and then echoes.
    StartTls,
    /// As `StartTls`, but a plain line follows directly on `go\n`.
    StartTlsWithMore,
    /// As `StartTls`, but it closes the connection in the place of the handshake.
    StartTlsCloses,
    /// It sends nothing, and reads a byte now and then.
    Silent,
    /// It reads everything and sends nothing.
    Swallow,
    /// It sends without end.
    Endless,
    /// It greets with `hello\n` and closes.
    Greeting,
    /// It closes at once, with a reset.
    Reset,
}

/// A server. Dropping it closes all connections.
pub struct TcpServer {
    port: u16,
    counts: Arc<Counts>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Counts {
    accepted: AtomicUsize,
    open: AtomicUsize,
}

impl TcpServer {
    /// Listens on a free port of all addresses of IPv4.
    pub async fn start(talk: Talk) -> Self {
        Self::with(talk, None, false).await
    }

    /// The same. Connections are encrypted from the beginning.
    pub async fn start_tls(talk: Talk, certificates: &Certificates) -> Self {
        Self::with(talk, Some(certificates), true).await
    }

    /// The same. The certificates are for the handshake after `STARTTLS`.
    pub async fn start_with(talk: Talk, certificates: &Certificates) -> Self {
        Self::with(talk, Some(certificates), false).await
    }

    async fn with(talk: Talk, certificates: Option<&Certificates>, tls: bool) -> Self {
        let config =
            certificates.map(|certificates| Arc::new(tls_front::config(certificates).expect("a configuration")));
        let listener = TcpListener::bind("0.0.0.0:0").await.expect("it listens");
        let port = listener.local_addr().expect("an address").port();
        let counts = Arc::new(Counts::default());
        let of_task = counts.clone();
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                of_task.accepted.fetch_add(1, Ordering::SeqCst);
                of_task.open.fetch_add(1, Ordering::SeqCst);
                let (config, counts) = (config.clone(), of_task.clone());
                connections.spawn(async move {
                    // The test sees in the counts that a connection has ended.
                    let _ended = serve(talk, client, config, tls).await;
                    counts.open.fetch_sub(1, Ordering::SeqCst);
                });
                while connections.try_join_next().is_some() {}
            }
        });
        Self { port, counts, task }
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its address with `127.0.0.1`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Its address with another host.
    pub fn at(&self, host: &str) -> String {
        format!("{host}:{}", self.port)
    }

    /// How many connections it has had.
    pub fn accepted(&self) -> usize {
        self.counts.accepted.load(Ordering::SeqCst)
    }

    /// Waits until it has had this many connections. A client is connected before its server has accepted it.
    pub async fn wait_for_accepted(&self, count: usize) {
        wait_until(&format!("{count} accepted connections"), LONG, async || self.accepted() >= count).await;
    }

    /// How many connections are open.
    pub fn open(&self) -> usize {
        self.counts.open.load(Ordering::SeqCst)
    }

    /// Waits until this many connections are open.
    pub async fn wait_for_open(&self, count: usize) {
        wait_until(&format!("{count} open connections"), LONG, async || self.open() == count).await;
    }
}

impl Drop for TcpServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(talk: Talk, client: TcpStream, config: Option<Arc<ServerConfig>>, tls: bool) -> Result<()> {
    match config {
        Some(config) if tls => talk_to(talk, TlsAcceptor::from(config).accept(client).await?).await,
        Some(config) => start_tls(talk, client, config).await,
        None if talk == Talk::Reset => {
            // Closing with unread bytes is a reset.
            client.peek(&mut [0]).await?;
            Ok(())
        }
        None => talk_to(talk, client).await,
    }
}

async fn talk_to(talk: Talk, mut client: impl AsyncRead + AsyncWrite + Unpin) -> Result<()> {
    match talk {
        Talk::Greeting => client.write_all(b"hello\n").await?,
        Talk::Endless => loop {
            client.write_all(&[b'x'; 64 * 1024]).await?;
        },
        // One byte at a time is as good as nothing, and shows that the client has gone.
        Talk::Silent => {
            while client.read_u8().await.is_ok() {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
        Talk::Swallow => {
            let mut part = vec![0; 64 * 1024];
            while client.read(&mut part).await? > 0 {}
        }
        _ => {
            let (mut from, mut to) = split(client);
            copy(&mut from, &mut to).await?;
            to.shutdown().await?;
        }
    }
    Ok(())
}

async fn start_tls(talk: Talk, mut client: TcpStream, config: Arc<ServerConfig>) -> Result<()> {
    client.write_all(b"hello\n").await?;
    let mut line = Vec::new();
    while !line.ends_with(b"\n") {
        line.push(client.read_u8().await?);
    }
    if line != b"STARTTLS\r\n" {
        return Ok(());
    }
    let answer: &[u8] = if talk == Talk::StartTlsWithMore { b"go\nand more\n" } else { b"go\n" };
    client.write_all(answer).await?;
    if talk == Talk::StartTlsCloses {
        return Ok(());
    }
    talk_to(Talk::Echo, TlsAcceptor::from(config).accept(client).await?).await
}
