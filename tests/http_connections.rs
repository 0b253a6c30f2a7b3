//! Connections that several requests of a plugin share, and those that they must not share.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use toril_tests::certificates::Certificates;
use toril_tests::tls_front::TlsFront;
use toril_tests::wait::LONG;
use toril_tests::{RedisServer, Toril, wait_until};

/// A server that answers each request with the number of its connection, and keeps connections open for a minute.
struct Server {
    port: u16,
    open: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Server {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("it listens");
        let port = listener.local_addr().expect("an address").port();
        let open = Arc::new(AtomicUsize::new(0));
        let count = open.clone();
        let task = tokio::spawn(async move {
            let mut number = 0;
            while let Ok((stream, _)) = listener.accept().await {
                number += 1;
                count.fetch_add(1, Ordering::SeqCst);
                let count = count.clone();
                tokio::spawn(async move {
                    // Ends when the host closes the connection.
                    let _closed = answer(stream, number).await;
                    count.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Self { port, open, task }
    }

    fn url(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// Waits until so many connections are open.
    async fn has_open(&self, connections: usize) {
        let are_open = async || self.open.load(Ordering::SeqCst) == connections;
        wait_until("connections to be opened or closed", LONG, are_open).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(stream: TcpStream, number: usize) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let body = format!("connection {number}");
    let head = format!("HTTP/1.1 200 OK\r\nkeep-alive: timeout=61\r\ncontent-length: {}\r\n\r\n", body.len());
    loop {
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(());
            }
        }
        stream.write_all(format!("{head}{body}").as_bytes()).await?;
    }
}

struct Case {
    // Ends first.
    toril: Toril,
    _redis: RedisServer,
}

impl Case {
    /// A host of `basics` with this entry.
    async fn open(entry: &str) -> Self {
        let redis = RedisServer::start().await;
        let toril = Toril::new().redis(redis.url()).plugin("basics").plugin_as("basics", "other");
        let mut toril = toril.config(config(entry)).spawn_run();
        toril.wait_ready().await;
        Self { toril, _redis: redis }
    }

    async fn reconfigure(&mut self, entry: &str) {
        let reloads = |toril: &Toril| toril.logs().matches("configuration reloaded").count();
        let before = reloads(&self.toril);
        self.toril.rewrite_config(config(entry));
        wait_until("the host to reload", LONG, async || reloads(&self.toril) > before).await;
    }

    async fn run(&self, queue: &str, name: &str, data: Value) -> Value {
        self.toril.cli(["add", queue, name, "--data", &data.to_string(), "--wait"]).await.succeeded().json()
    }

    /// Sends a request in a job of its own. Returns the body of the response.
    async fn fetch(&self, queue: &str, url: &str) -> String {
        let answer = self.run(queue, "fetch", json!({ "url": url })).await;
        answer["body"].as_str().unwrap_or_default().to_owned()
    }

    async fn fails(&self, url: &str) -> String {
        let data = json!({ "url": url }).to_string();
        self.toril.cli(["add", "work", "fetch", "--data", &data, "--wait"]).await.exited(1).stderr
    }
}

fn config(entry: &str) -> String {
    format!("[queues.work]\nplugin = \"basics\"\n[queues.other]\nplugin = \"other\"\n{entry}\n")
}

fn granted(plugin: &str, origin: &str) -> String {
    format!("[plugins.{plugin}]\nhttp = [{origin:?}]\n")
}

#[tokio::test]
async fn the_requests_of_several_jobs_use_one_connection() {
    let server = Server::start().await;
    let case = Case::open(&granted("basics", &server.url())).await;
    for _ in 0..3 {
        assert_eq!(case.fetch("work", &server.url()).await, "connection 1");
    }
    case.run("work", "fetch-many", json!({ "url": server.url(), "count": 50 })).await;
    // A request may come before the host has noticed that the previous one is over.
    let open = server.open.load(Ordering::SeqCst);
    assert!(open < 10, "{open} connections");
}

#[tokio::test]
async fn plugins_do_not_share_connections() {
    let server = Server::start().await;
    let entries = granted("basics", &server.url()) + &granted("other", &server.url());
    let case = Case::open(&entries).await;
    assert_eq!(case.fetch("work", &server.url()).await, "connection 1");
    assert_eq!(case.fetch("other", &server.url()).await, "connection 2");
    assert_eq!(case.fetch("work", &server.url()).await, "connection 1");
}

#[tokio::test]
async fn an_instance_is_used_again_while_the_connection_of_its_last_job_is_idle() {
    let server = Server::start().await;
    let case = Case::open(&(granted("basics", &server.url()) + "isolation = \"reuse\"")).await;
    assert_eq!(case.run("work", "served", json!({})).await["served"], 1);
    assert_eq!(case.fetch("work", &server.url()).await, "connection 1");
    assert_eq!(case.run("work", "served", json!({})).await["served"], 2);
    server.has_open(1).await;
}

#[tokio::test]
async fn a_changed_entry_closes_the_connections_of_the_previous_one() {
    let server = Server::start().await;
    let entry = granted("basics", &server.url());
    let mut case = Case::open(&entry).await;
    assert_eq!(case.fetch("work", &server.url()).await, "connection 1");

    case.reconfigure("").await;
    server.has_open(0).await;
    assert!(case.fails(&server.url()).await.contains("may not send requests"));

    case.reconfigure(&entry).await;
    assert_eq!(case.fetch("work", &server.url()).await, "connection 2");
}

#[tokio::test]
async fn connections_with_tls_are_used_again_until_the_trusted_authority_changes() {
    let (server, folders) = (Server::start().await, [(); 2].map(|()| tempfile::tempdir().expect("a folder")));
    let [mine, other] = folders.each_ref().map(|folder| Certificates::create(folder.path()).expect("certificates"));
    let front = TlsFront::start(&mine, server.port).await.expect("it listens");
    let url = format!("https://localhost:{}", front.port());
    let entry = |ca: &Certificates| format!("{}ca = {:?}\n", granted("basics", &url), ca.ca.display().to_string());
    let mut case = Case::open(&entry(&mine)).await;
    for _ in 0..3 {
        assert_eq!(case.fetch("work", &url).await, "connection 1");
    }

    case.reconfigure(&entry(&other)).await;

    server.has_open(0).await;
    case.fails(&url).await;
}
