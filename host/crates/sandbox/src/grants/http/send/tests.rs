//! Connections that are used again, against servers that a test writes byte by byte.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Instant;

use bytes::Bytes;
use http_body_util::{Full, StreamBody};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::task::AbortOnDropHandle;

use super::*;

const ANSWER: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
const EMPTY: &str = "HTTP/1.1 204 No Content\r\n\r\n";
const WAIT: Duration = Duration::from_secs(60);

/// What a server does on one of its connections.
#[derive(Clone, Copy)]
enum Step {
    /// Reads a request, and writes this.
    Answer(&'static str),
    /// Writes this without a request.
    Write(&'static str),
    /// Reads a request, and closes the connection.
    CloseOnRequest,
    /// Closes the connection.
    Close,
}

use Step::{Answer as Reply, Close, CloseOnRequest, Write};

/// A server with a script for each of its connections, in order. After its script, a connection stays open and reads.
struct Server {
    address: SocketAddr,
    seen: Seen,
    _task: AbortOnDropHandle<()>,
}

/// The requests so far, each as the number of its connection and its first line. The client's close is an empty line.
type Seen = Arc<Mutex<Vec<(usize, String)>>>;

impl Server {
    async fn start(script: &[&[Step]]) -> Self {
        Self::at("127.0.0.1:0", script).await
    }

    async fn at(address: &str, script: &[&[Step]]) -> Self {
        let listener = TcpListener::bind(address).await.expect("it listens");
        let address = listener.local_addr().expect("an address");
        let seen = Seen::default();
        let mut script: VecDeque<Vec<Step>> = script.iter().map(|steps| steps.to_vec()).collect();
        let noted = seen.clone();
        let task = tokio::spawn(async move {
            let mut open = tokio::task::JoinSet::new();
            let mut number = 0;
            while let Ok((stream, _)) = listener.accept().await {
                open.spawn(follow(stream, script.pop_front().unwrap_or_default(), number, noted.clone()));
                number += 1;
            }
        });
        Self { address, seen, _task: AbortOnDropHandle::new(task) }
    }

    fn seen(&self) -> Vec<(usize, String)> {
        self.seen.lock().expect("no panic").clone()
    }

    /// Waits until the client has closed this connection.
    async fn closed(&self, number: usize) {
        until(|| self.seen().contains(&(number, String::new()))).await;
    }
}

async fn follow(mut stream: TcpStream, steps: Vec<Step>, number: usize, seen: Seen) {
    let next = async |stream: &mut TcpStream| {
        let line = read(stream).await;
        seen.lock().expect("no panic").push((number, line));
    };
    for step in steps {
        match step {
            Reply(text) => {
                next(&mut stream).await;
                let _ = stream.write_all(text.as_bytes()).await;
            }
            Write(text) => drop(stream.write_all(text.as_bytes()).await),
            CloseOnRequest => return next(&mut stream).await,
            Close => return,
        }
    }
    next(&mut stream).await;
}

/// Reads a request, and returns its first line. Of its body, which has a length, the last byte is read, too.
async fn read(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => bytes.push(byte),
            Err(_) => return String::new(),
        }
    }
    let head = String::from_utf8(bytes).expect("text");
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
    let _ = stream.read_exact(&mut vec![0; length]).await;
    head.lines().next().unwrap_or_default().to_owned()
}

/// Waits until this is true.
async fn until(mut is_so: impl FnMut() -> bool) {
    let wait = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(WAIT, wait).await.expect("it comes true");
}

/// A plugin that sends requests.
struct Client {
    connections: Arc<Connections<Connection>>,
    permits: Arc<Semaphore>,
    tls: Tls,
}

impl Client {
    fn new() -> Self {
        let permits = Arc::new(Semaphore::new(1));
        Self { connections: Arc::new(Connections::new()), permits, tls: Tls::new(None) }
    }

    async fn open(&self, method: &str, body: WasiBody, addresses: &[SocketAddr]) -> Result<Response<WasiBody>, Error> {
        self.begin(method, body, addresses).await.map(|(response, _)| response)
    }

    async fn begin(&self, method: &str, body: WasiBody, addresses: &[SocketAddr]) -> Result<Answered, Error> {
        let origin: Origin = "http://localhost".parse().expect("an origin");
        let target = Target {
            origin: &origin,
            addresses,
            tls: &self.tls,
            connections: Some(&self.connections),
            timeouts: Timeouts::new(RequestOptions::default(), WAIT),
        };
        let request = Request::builder().method(method).uri("http://localhost/path").header("host", "localhost");
        let permit = self.permits.clone().acquire_owned().await.expect("a permit");
        send(request.body(body).expect("a request"), target, permit).await
    }

    /// Sends a request and returns the body of the response.
    async fn ask(&self, method: &str, body: &'static str, server: &Server) -> Result<String, Error> {
        let response = self.open(method, text(body), &[server.address]).await?;
        let bytes = response.into_body().collect().await?.to_bytes();
        Ok(String::from_utf8(bytes.to_vec()).expect("text"))
    }

    /// The same, and waits until the connection is idle.
    async fn ask_and_keep(&self, server: &Server) {
        assert_eq!(self.ask("GET", "", server).await.expect("an answer"), "ok");
        self.has_idle(1).await;
    }

    /// Waits until there are so many idle connections.
    async fn has_idle(&self, connections: usize) {
        until(|| self.connections.count() == connections).await;
    }

    /// Waits until no request is running.
    async fn is_quiet(&self) {
        until(|| self.permits.available_permits() == 1).await;
    }
}

fn text(body: &'static str) -> WasiBody {
    Full::new(Bytes::from(body)).map_err(|never| match never {}).boxed_unsync()
}

fn get(connection: usize) -> (usize, String) {
    (connection, "GET /path HTTP/1.1".to_owned())
}

#[tokio::test]
async fn requests_that_follow_each_other_use_one_connection() {
    let server = Server::start(&[&[Reply(ANSWER), Reply(ANSWER), Reply(ANSWER)]]).await;
    let client = Client::new();
    for _ in 0..3 {
        client.ask_and_keep(&server).await;
        client.is_quiet().await;
    }
    assert_eq!(server.seen(), [get(0), get(0), get(0)]);
}

#[tokio::test]
async fn responses_without_a_body_free_their_connection() {
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n";
    let chunked =
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-end\r\n\r\n2\r\nok\r\n0\r\nx-end: 1\r\n\r\n";
    let server = Server::start(&[&[Reply(EMPTY), Reply(head), Reply(chunked), Reply(ANSWER)]]).await;
    let client = Client::new();
    for method in ["POST", "HEAD", "PUT", "GET"] {
        client.ask(method, "some text", &server).await.expect("an answer");
        client.has_idle(1).await;
    }
    assert!(server.seen().iter().all(|(connection, _)| *connection == 0), "{:?}", server.seen());
}

#[tokio::test]
async fn requests_at_the_same_time_use_their_own_connections() {
    let server = Server::start(&[&[Reply(ANSWER), Reply(ANSWER)], &[Reply(ANSWER)]]).await;
    let client = Client { permits: Arc::new(Semaphore::new(2)), ..Client::new() };
    let first = client.open("GET", text(""), &[server.address]).await.expect("an answer");
    let second = client.open("GET", text(""), &[server.address]).await.expect("an answer");
    for response in [first, second] {
        response.into_body().collect().await.expect("a body");
    }
    client.has_idle(2).await;
    assert_eq!(server.seen(), [get(0), get(1)]);
}

#[tokio::test]
async fn a_response_that_is_not_read_closes_its_connection() {
    let server = Server::start(&[&[Reply("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhalf")], &[Reply(ANSWER)]]).await;
    let client = Client::new();
    let mut response = client.open("GET", text(""), &[server.address]).await.expect("an answer");
    response.body_mut().frame().await.expect("a frame").expect("its bytes");
    drop(response);
    server.closed(0).await;
    client.is_quiet().await;
    client.ask_and_keep(&server).await;
    assert_eq!(server.seen(), [get(0), (0, String::new()), get(1)]);
}

#[tokio::test]
async fn a_request_that_is_given_up_closes_its_connection() {
    let server = Server::start(&[&[Reply(ANSWER), Reply("HTTP/1.1 200")]]).await;
    let client = Client::new();
    client.ask_and_keep(&server).await;
    let addresses = [server.address];
    let waiting = client.open("GET", text(""), &addresses);
    tokio::select! {
        _ = waiting => panic!("the head of the answer is not complete"),
        () = until(|| server.seen().len() == 2) => {}
    }
    server.closed(0).await;
    client.is_quiet().await;
}

#[tokio::test]
async fn an_early_answer_does_not_free_a_connection_that_still_sends() {
    let server = Server::start(&[&[Reply(ANSWER)]]).await;
    let client = Client::new();
    let endless = StreamBody::new(futures::stream::pending::<Result<hyper::body::Frame<Bytes>, Error>>());
    let begun = client.begin("POST", endless.boxed_unsync(), &[server.address]).await;
    let (response, rest) = begun.expect("an answer");
    let rest = AbortOnDropHandle::new(tokio::spawn(Box::into_pin(rest)));
    response.into_body().collect().await.expect("a body");
    assert!(!rest.is_finished());
    assert_eq!((client.connections.count(), client.permits.available_permits()), (0, 0));
    drop(rest);
    server.closed(0).await;
    client.is_quiet().await;
    assert_eq!(client.connections.count(), 0);
}

#[tokio::test]
async fn a_server_that_says_close_gets_a_new_connection() {
    let close = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok";
    let short = "HTTP/1.1 200 OK\r\nkeep-alive: timeout=1\r\ncontent-length: 2\r\n\r\nok";
    let old = "HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 2\r\n\r\nok";
    let unframed = "HTTP/1.1 200 OK\r\n\r\nok";
    let script: [&[Step]; 5] =
        [&[Reply(close)], &[Reply(short)], &[Reply(old)], &[Reply(unframed), Close], &[Reply(ANSWER)]];
    let server = Server::start(&script).await;
    let client = Client::new();
    for number in 0..5 {
        assert_eq!(client.ask("GET", "", &server).await.expect("an answer"), "ok", "{number}");
        client.is_quiet().await;
        assert_eq!(client.connections.count(), usize::from(number == 4), "{number}");
    }
}

#[tokio::test]
async fn a_connection_that_the_server_closed_while_it_was_idle_is_not_used() {
    let server = Server::start(&[&[Reply(ANSWER), Close], &[Reply(ANSWER)]]).await;
    let client = Client::new();
    client.ask("GET", "", &server).await.expect("an answer");
    client.is_quiet().await;
    client.has_idle(0).await;
    client.ask("POST", "once", &server).await.expect("an answer");
    assert_eq!(server.seen(), [get(0), (1, "POST /path HTTP/1.1".to_owned())]);
}

#[tokio::test]
async fn a_request_that_met_a_closing_connection_is_repeated_only_if_that_does_no_harm() {
    for (method, body, is_repeated) in [
        ("GET", "", true),
        ("HEAD", "", true),
        ("OPTIONS", "", true),
        ("PUT", "", true),
        ("DELETE", "", true),
        ("DELETE", "body", false),
        ("PUT", "body", false),
        ("POST", "", false),
        ("POST", "body", false),
        ("PATCH", "", false),
    ] {
        let server = Server::start(&[&[Reply(ANSWER), CloseOnRequest], &[Reply(EMPTY)]]).await;
        let client = Client::new();
        client.ask_and_keep(&server).await;

        let answer = client.ask(method, body, &server).await;

        let times = server.seen().iter().filter(|(_, line)| line.starts_with(method)).count();
        let times = times - usize::from(method == "GET");
        assert_eq!((answer.is_ok(), times), (is_repeated, 1 + usize::from(is_repeated)), "{method} {body:?}");
        client.has_idle(usize::from(is_repeated)).await;
        client.is_quiet().await;
    }
}

#[tokio::test]
async fn a_request_whose_answer_has_begun_is_not_repeated() {
    let server = Server::start(&[&[Reply(ANSWER), Reply("HTTP/1.1 2"), Close], &[Reply(ANSWER)]]).await;
    let client = Client::new();
    client.ask_and_keep(&server).await;
    assert!(client.ask("GET", "", &server).await.is_err());
    assert_eq!(server.seen(), [get(0), get(0)]);
}

#[tokio::test]
async fn a_request_over_a_new_connection_is_not_repeated() {
    let server = Server::start(&[&[CloseOnRequest], &[Reply(ANSWER)]]).await;
    assert!(Client::new().ask("GET", "", &server).await.is_err());
    assert_eq!(server.seen(), [get(0)]);
}

#[tokio::test]
async fn a_name_that_leads_to_another_address_now_gets_a_new_connection() {
    let first = Server::start(&[&[Reply(ANSWER), Reply(ANSWER)]]).await;
    let moved = format!("127.0.0.2:{}", first.address.port());
    let second = Server::at(&moved, &[&[Reply("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nnew")]]).await;
    let client = Client::new();
    client.ask_and_keep(&first).await;
    assert_eq!(client.ask("GET", "", &second).await.expect("an answer"), "new");
    client.has_idle(2).await;
    client.ask("GET", "", &first).await.expect("an answer");
    assert_eq!((first.seen(), second.seen()), (vec![get(0), get(0)], vec![get(0)]));
}

#[tokio::test]
async fn bytes_after_an_answer_do_not_answer_the_next_request() {
    const SMUGGLED: &str = "HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nsmuggled";
    let both = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nsmuggled";
    let empty = "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nsmuggled";
    for script in [&[Reply(both)][..], &[Reply(empty)], &[Reply(ANSWER), Write(SMUGGLED)], &[Reply(ANSWER), Write("x")]]
    {
        let server = Server::start(&[script, &[Reply(ANSWER)]]).await;
        let client = Client::new();
        client.ask("GET", "", &server).await.expect("an answer");
        // The client closes the connection by itself, not because another request comes.
        server.closed(0).await;
        client.has_idle(0).await;
        assert_eq!(client.ask("GET", "", &server).await.expect("an answer"), "ok");
        assert_eq!(server.seen(), [get(0), (0, String::new()), get(1)]);
    }
}

#[tokio::test]
async fn a_connection_is_closed_when_its_idle_time_is_over() {
    let answer = "HTTP/1.1 200 OK\r\nkeep-alive: timeout=2\r\ncontent-length: 2\r\n\r\nok";
    let server = Server::start(&[&[Reply(answer)]]).await;
    let client = Client::new();
    let begun = Instant::now();
    client.ask_and_keep(&server).await;
    server.closed(0).await;
    assert!(begun.elapsed() >= Duration::from_secs(1), "{:?}", begun.elapsed());
    assert_eq!(client.connections.count(), 0);
}

#[tokio::test]
async fn idle_connections_are_closed_with_the_settings_of_their_plugin() {
    let server = Server::start(&[&[Reply(ANSWER)]]).await;
    let client = Client::new();
    client.ask_and_keep(&server).await;
    drop(client);
    server.closed(0).await;
}

#[tokio::test]
async fn a_connection_whose_response_ends_after_the_settings_went_is_closed() {
    let server = Server::start(&[&[Reply(ANSWER)]]).await;
    let client = Client::new();
    let response = client.open("GET", text(""), &[server.address]).await.expect("an answer");
    drop(client);
    response.into_body().collect().await.expect("a body");
    server.closed(0).await;
}

// With several threads, a request can begin before the task of the connection has noticed the end of the previous one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_in_a_row_seldom_open_a_connection() {
    let steps = [Reply(ANSWER); 1000];
    let server = Server::start(&[&steps[..]; 200]).await;
    let client = Arc::new(Client { permits: Arc::new(Semaphore::new(10)), ..Client::new() });
    let asked = tokio::spawn({
        let (client, address) = (client.clone(), server.address);
        async move {
            for _ in 0..1000 {
                let response = client.open("GET", text(""), &[address]).await.expect("an answer");
                response.into_body().collect().await.expect("a body");
            }
        }
    });
    asked.await.expect("no panic");
    let opened = server.seen().iter().map(|(connection, _)| connection + 1).max();
    assert!(opened.is_some_and(|opened| opened < 20), "{opened:?} connections");
}
