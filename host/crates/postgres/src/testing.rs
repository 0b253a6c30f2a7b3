//! A server that follows a script, for the tests: it behaves well until the script says otherwise.

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

use crate::{Answer, Borrower, Call, Connection, Error, Format, Pool, Query, Settings, Target};

const SSL_REQUEST: u32 = 80_877_103;
const CANCEL_REQUEST: u32 = 80_877_102;

/// A server on 127.0.0.1 that runs a script for each session.
pub(crate) struct ScriptedServer {
    pub port: u16,
    pub sessions: Arc<AtomicUsize>,
    pub cancels: Arc<AtomicUsize>,
    _task: AbortOnDropHandle<()>,
}

impl ScriptedServer {
    /// `script` gets the number of the session, from 0, and the connection before its start.
    pub(crate) async fn start<F>(script: impl Fn(usize, Peer) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Option<()>> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sessions, cancels) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let counts = (sessions.clone(), cancels.clone());
        let script = Arc::new(script);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (sessions, cancels) = counts.clone();
                let script = script.clone();
                tokio::spawn(async move {
                    let mut peer = Peer { stream, startup: Vec::new(), log: Arc::default() };
                    match peer.first_message().await? {
                        CANCEL_REQUEST => drop(cancels.fetch_add(1, Ordering::SeqCst)),
                        _ => drop(script(sessions.fetch_add(1, Ordering::SeqCst), peer).await),
                    }
                    Some(())
                });
            }
        });
        Self { port, sessions, cancels, _task: AbortOnDropHandle::new(task) }
    }

    /// A server whose sessions answer everything well, but each query that contains `lie` with these bytes.
    pub(crate) async fn lying(bytes: Vec<u8>) -> Self {
        Self::start(move |_, mut peer| {
            let bytes = bytes.clone();
            async move {
                peer.welcome().await?;
                peer.serve(|statement| statement.contains("lie").then(|| bytes.clone())).await
            }
        })
        .await
    }

    pub(crate) fn settings(&self) -> Settings {
        settings(&format!("postgres://app:secret@127.0.0.1:{}/app", self.port))
    }

    pub(crate) fn pool(&self) -> Pool {
        Pool::new(self.settings(), Arc::new(())).unwrap()
    }

    pub(crate) fn sessions(&self) -> usize {
        self.sessions.load(Ordering::SeqCst)
    }

    pub(crate) fn cancels(&self) -> usize {
        self.cancels.load(Ordering::SeqCst)
    }
}

pub(crate) fn settings(url: &str) -> Settings {
    Settings {
        target: Target::parse(url).unwrap(),
        ca: None,
        connections: 2,
        connect_timeout: Duration::from_secs(60),
        statement_timeout: Duration::from_secs(60),
        max_rows: 100,
        max_bytes: 64 * 1024,
        read_only: false,
        name: "tests".to_owned(),
    }
}

/// A borrower that has plenty of time.
pub(crate) fn borrower() -> Borrower {
    Borrower::new(Instant::now() + Duration::from_secs(600), TaskTracker::new())
}

/// A connection of a borrower of its own.
pub(crate) fn connection(pool: &Pool) -> Connection {
    Connection::new(pool, &borrower())
}

pub(crate) fn query(statement: &str) -> Query {
    Query { statement: statement.to_owned(), parameters: Vec::new(), results: Format::Text }
}

/// The result of a call.
pub(crate) async fn result(call: Call) -> Result<Vec<Answer>, Error> {
    call.ended().await;
    call.take().unwrap()
}

/// The client's side of a connection. Its methods return None when the client has gone.
pub(crate) struct Peer {
    pub stream: TcpStream,
    /// The body of the startup message.
    pub startup: Vec<u8>,
    /// The tags of the messages that were read.
    pub log: Arc<Mutex<String>>,
}

impl Peer {
    /// Reads a request without a tag, and refuses TLS. Returns the code of the request.
    async fn first_message(&mut self) -> Option<u32> {
        loop {
            let length = self.stream.read_u32().await.ok()?;
            let mut body = vec![0; length as usize - 4];
            self.stream.read_exact(&mut body).await.ok()?;
            let code = u32::from_be_bytes(*body.first_chunk()?);
            self.startup = body;
            if code != SSL_REQUEST {
                return Some(code);
            }
            self.send(b"N").await?;
        }
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) -> Option<()> {
        self.stream.write_all(bytes).await.ok()
    }

    /// Lets the client in without a password.
    pub(crate) async fn welcome(&mut self) -> Option<()> {
        self.welcome_with(&[]).await
    }

    /// The same, with settings that the server reports.
    pub(crate) async fn welcome_with(&mut self, settings: &[(&str, &str)]) -> Option<()> {
        let mut out = message(b'R', &0_u32.to_be_bytes());
        for (name, value) in settings {
            out.extend(message(b'S', format!("{name}\0{value}\0").as_bytes()));
        }
        out.extend(message(b'K', &[0, 0, 0, 7, 0, 0, 0, 9]));
        out.extend(ready(b'I'));
        self.send(&out).await
    }

    /// Reads the next message: its tag and its body.
    pub(crate) async fn read(&mut self) -> Option<(u8, Vec<u8>)> {
        let tag = self.stream.read_u8().await.ok()?;
        let length = self.stream.read_u32().await.ok()?;
        let mut body = vec![0; length as usize - 4];
        self.stream.read_exact(&mut body).await.ok()?;
        self.log.lock().unwrap().push(char::from(tag));
        Some((tag, body))
    }

    /// Reads messages up to a Sync or a simple query. Returns the statement in them, if there is one.
    pub(crate) async fn request(&mut self) -> Option<(String, Vec<u8>)> {
        let (mut statement, mut tags) = (String::new(), Vec::new());
        loop {
            let (tag, body) = self.read().await?;
            tags.push(tag);
            let mut parts = body.split(|byte| *byte == 0).map(|part| String::from_utf8_lossy(part).into_owned());
            match tag {
                b'P' => statement = parts.nth(1)?,
                b'Q' => statement = parts.next()?,
                b'B' if statement.is_empty() => statement = parts.nth(1)?,
                _ => {}
            }
            if matches!(tag, b'Q' | b'S' | b'H') {
                return Some((statement, tags));
            }
            if tag == b'X' {
                return None;
            }
        }
    }

    /// Answers requests until the client goes: with bytes of the script, else with the right messages and no row.
    pub(crate) async fn serve(&mut self, script: impl Fn(&str) -> Option<Vec<u8>>) -> Option<()> {
        loop {
            let (statement, tags) = self.request().await?;
            let out = match script(&statement) {
                Some(bytes) => bytes,
                None => answer_to(&tags),
            };
            self.send(&out).await?;
        }
    }
}

/// The right replies to these messages, for statements without rows.
pub(crate) fn answer_to(tags: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for tag in tags {
        match tag {
            b'P' => out.extend(message(b'1', &[])),
            b'B' => out.extend(message(b'2', &[])),
            b'C' => out.extend(message(b'3', &[])),
            b'D' => {
                out.extend(message(b't', &[0, 0]));
                out.extend(message(b'n', &[]));
            }
            b'E' => out.extend(message(b'C', b"SET\0")),
            b'Q' => out.extend([message(b'C', b"SET\0"), ready(b'I')].concat()),
            b'S' => out.extend(ready(b'I')),
            _ => {}
        }
    }
    out
}

/// A message with its length.
pub(crate) fn message(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap().to_be_bytes();
    [&[tag][..], &length, body].concat()
}

/// ReadyForQuery.
pub(crate) fn ready(status: u8) -> Vec<u8> {
    message(b'Z', &[status])
}

/// An error with this SQLSTATE.
pub(crate) fn error(severity: &str, code: &str) -> Vec<u8> {
    message(b'E', format!("S{severity}\0C{code}\0Mmade up\0\0").as_bytes())
}

/// RowDescription of columns of type text.
pub(crate) fn columns(names: &[&str]) -> Vec<u8> {
    let mut body = u16::try_from(names.len()).unwrap().to_be_bytes().to_vec();
    for name in names {
        body.extend(name.as_bytes());
        body.extend([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 25, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0]);
    }
    message(b'T', &body)
}

/// DataRow.
pub(crate) fn row(values: &[Option<&[u8]>]) -> Vec<u8> {
    let mut body = u16::try_from(values.len()).unwrap().to_be_bytes().to_vec();
    for value in values {
        match value {
            Some(value) => {
                body.extend(u32::try_from(value.len()).unwrap().to_be_bytes());
                body.extend(*value);
            }
            None => body.extend((-1_i32).to_be_bytes()),
        }
    }
    message(b'D', &body)
}
