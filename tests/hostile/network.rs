//! Plugins that request more of the network than they were granted, or that talk to servers with endless responses.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::case::Case;
use crate::ring::Ring;

/// How a server responds to a request.
#[derive(Clone, Copy)]
enum Answer {
    /// Normally.
    Fine,
    /// With two answers to one request.
    Twice,
    /// With an endless head.
    EndlessHead,
    /// With an endless body.
    EndlessBody,
    /// With a body of which one byte arrives now and then.
    SlowBody,
}

/// A hand-written server, because no library responds like this.
struct Server {
    authority: String,
    asked: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
}

impl Server {
    async fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("it listens");
        let authority = listener.local_addr().expect("an address").to_string();
        let asked = Arc::new(AtomicUsize::new(0));
        let count = asked.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(async move {
                    // Ends when the host closes the connection.
                    let _closed = answer.give(stream).await;
                });
            }
        });
        Self { authority, asked, task }
    }

    /// The lines of the configuration that grant it.
    fn granted(&self) -> String {
        format!("[plugins.hostile]\nhttp = [\"http://{}\"]\n", self.authority)
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Answer {
    async fn give(self, mut stream: TcpStream) -> std::io::Result<()> {
        let mut request = [0; 4096];
        let _ = stream.read(&mut request).await?;
        match self {
            Self::Fine => stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await,
            Self::Twice => {
                let answers =
                    b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\nHTTP/1.1 299 Other\r\ncontent-length: 0\r\n\r\n";
                stream.write_all(answers).await?;
                while stream.read(&mut request).await? > 0 {}
                Ok(())
            }
            Self::EndlessHead => {
                stream.write_all(b"HTTP/1.1 200 OK\r\n").await?;
                loop {
                    stream.write_all(b"x-header: and another one\r\n").await?;
                }
            }
            Self::EndlessBody => {
                stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
                loop {
                    stream.write_all(&[b'x'; 64 * 1024]).await?;
                }
            }
            Self::SlowBody => {
                stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
                loop {
                    stream.write_all(b"x").await?;
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
    }
}

/// The result of the guest `reach`.
fn got(job: &Value) -> String {
    assert_eq!(job["state"], "completed", "{job}");
    job["returnvalue"]["got"].to_string()
}

pub async fn a_forbidden_origin(case: &Case) {
    let server = Server::start(Answer::Fine).await;
    let mut ring = Ring::open("basics", "").await;
    let url = format!("http://{}/secret", server.authority);
    case.was_seen(&ring.failure("fetch", json!({ "url": url })).await);
    assert_eq!(server.asked(), 0);
    ring.assert_unaffected().await;
}

/// Request targets that could mean another server than the granted one.
pub async fn targets_that_mean_another_server(case: &Case) {
    let (granted, other) = (Server::start(Answer::Fine).await, Server::start(Answer::Fine).await);
    let mut ring = Ring::open("reach", &granted.granted()).await;
    let (mine, theirs) = (&granted.authority, &other.authority);
    let targets = [
        [theirs.clone(), "/".to_owned()],
        [format!("{mine}@{theirs}"), "/".to_owned()],
        [format!("{theirs}#{mine}"), "/".to_owned()],
        [format!("{theirs}/{mine}"), "/".to_owned()],
        [format!("{theirs}\\@{mine}"), "/".to_owned()],
        [format!("{mine}\r\nhost: {theirs}"), "/".to_owned()],
        [mine.clone(), format!("http://{theirs}/")],
        [mine.clone(), format!("@{theirs}/")],
        [mine.clone(), format!(":80@{theirs}/")],
        [mine.clone(), format!("/ HTTP/1.1\r\nhost: {theirs}\r\n\r\nGET /")],
    ];
    let job = ring.job("targets", json!(targets)).await;
    case.was_seen(&got(&job));
    assert_eq!(other.asked(), 0);
    ring.assert_unaffected().await;
}

/// The machine's own name resolves to loopback or to its private network, but is not `localhost`. It stands for a
/// name whose owner points it there after it was granted.
pub async fn a_name_that_leads_inside(case: &Case) {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").expect("the machine has a name");
    let origin = format!("http://{}:9", name.trim().to_lowercase());
    let mut ring = Ring::open("basics", &format!("[plugins.hostile]\nhttp = [{origin:?}]")).await;
    case.was_seen(&ring.failure("fetch", json!({ "url": format!("{origin}/") })).await);
    ring.assert_unaffected().await;
}

pub async fn headers(case: &Case) {
    let mut ring = Ring::open("flood", "").await;
    case.was_seen(&ring.failure("headers", json!(1_000_000)).await);
    ring.assert_unaffected().await;
}

/// The second answer must not become that of the next request, which goes to the same server.
pub async fn two_answers(case: &Case) {
    let server = Server::start(Answer::Twice).await;
    let mut ring = Ring::open("reach", &server.granted()).await;
    let job = ring.job("targets", json!([[server.authority, "/"], [server.authority, "/"]])).await;
    case.was_seen(&got(&job));
    assert_eq!(server.asked(), 2);
    ring.assert_unaffected().await;
}

pub async fn an_endless_head(case: &Case) {
    let server = Server::start(Answer::EndlessHead).await;
    let mut ring = Ring::open("reach", &server.granted()).await;
    let job = ring.job("targets", json!([[server.authority, "/"]])).await;
    case.was_seen(&got(&job));
    ring.assert_unaffected().await;
}

pub async fn an_endless_body(case: &Case) {
    let server = Server::start(Answer::EndlessBody).await;
    let mut ring = Ring::open("reach", &server.granted()).await;
    let job = ring.job("drain", json!(server.authority)).await;
    case.was_seen(&got(&job));
    ring.assert_unaffected().await;
}

pub async fn a_slow_body(case: &Case) {
    let server = Server::start(Answer::SlowBody).await;
    let mut ring = Ring::open("reach", &format!("timeout = \"2s\"\n{}", server.granted())).await;
    case.was_seen(&ring.failure("drain", json!(server.authority)).await);
    ring.assert_unaffected().await;
}

/// Requests to a port on which nothing listens, and invalid requests.
pub async fn failing_requests(case: &Case) {
    let closed = TcpListener::bind("127.0.0.1:0").await.expect("it listens").local_addr().expect("an address");
    let config = format!("[plugins.hostile]\nhttp = [\"http://{closed}\"]\n");
    let mut ring = Ring::open("reach", &config).await;
    let targets: Vec<_> = ["/", ""].iter().cycle().take(200).map(|path| [closed.to_string(), (*path).into()]).collect();
    let job = ring.job("targets", json!(targets)).await;
    assert_eq!(job["returnvalue"]["got"].as_array().map(Vec::len), Some(200), "{job}");
    let logs = ring.toril.logs();
    let about: Vec<_> = logs.lines().filter(|line| line.contains("request")).collect();
    assert_eq!(about.len(), 11, "{about:#?}");
    assert!(!logs.contains("http request error"), "{logs}");
    case.was_seen(about[0]);
    ring.assert_unaffected().await;
}
