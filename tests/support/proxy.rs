//! A network that fails, between a host and a server: connections are cut, delayed, half-open, or lose an answer.

use std::future::pending;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::watch;

use crate::front::Front;

/// Bytes to forward at once.
const CHUNK: usize = 64 * 1024;

/// Forwards the traffic between a server of 127.0.0.1 and its clients. Dropping it closes all connections.
pub struct Proxy {
    front: Front,
    network: Arc<Network>,
}

struct Network {
    server: u16,
    state: watch::Sender<State>,
    /// Part of the request whose answer will be lost.
    loses: Mutex<Option<Vec<u8>>>,
    /// Part of the request that will be late.
    delays: Mutex<Option<Vec<u8>>>,
    /// The late request.
    late: Mutex<Option<Vec<u8>>>,
    /// Part of the request that will be held back.
    holds: Mutex<Option<Vec<u8>>>,
    /// A replacement in every answer: the old bytes and the new ones.
    replaces: Mutex<Option<(Vec<u8>, Vec<u8>)>>,
}

/// What to do with a chunk.
enum Piece {
    /// Forward it.
    Passes,
    /// Close the connection.
    Ends,
    /// Forward neither it nor anything after it, and keep the connection open.
    Held,
}

#[derive(Clone, Default)]
struct State {
    /// The number of connections so far.
    made: u64,
    /// The first connections up to this number are closed.
    cut: u64,
    /// The first connections up to this number carry no more traffic, and stay open.
    frozen: u64,
    /// The delay of each chunk, in both directions.
    delay: Duration,
    /// The number of lost answers.
    lost: u64,
    /// The number of requests that were held back.
    held: u64,
}

impl Proxy {
    /// Listens on a free port of 127.0.0.1, in front of the server at this port, which may start later.
    pub async fn start(server: u16) -> Self {
        let network = Arc::new(Network {
            server,
            state: watch::channel(State::default()).0,
            loses: Mutex::default(),
            delays: Mutex::default(),
            late: Mutex::default(),
            holds: Mutex::default(),
            replaces: Mutex::default(),
        });
        let shared = network.clone();
        let front = Front::start(move |client| {
            let network = shared.clone();
            // Counted here, so that a cut after a connection was accepted includes it.
            let number = network.next();
            async move { network.pass_on(client, number).await }
        });
        let front = front.await.unwrap_or_else(|error| panic!("could not start the test's proxy: {error:#}"));
        Self { front, network }
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.front.port()
    }

    /// Closes every connection. New ones are possible.
    pub fn cut(&self) {
        self.network.state.send_modify(|state| state.cut = state.made);
    }

    /// Stops all traffic on the present connections, without closing them, as a router does that has lost its state.
    /// New connections work.
    pub fn freeze(&self) {
        self.network.state.send_modify(|state| state.frozen = state.made);
    }

    /// Delays every chunk from now on.
    pub fn delay(&self, delay: Duration) {
        self.network.state.send_modify(|state| state.delay = delay);
    }

    /// The next request with these bytes reaches the server, which runs it. Then its connection is closed instead of
    /// answered.
    pub fn lose_answer_to(&self, part: &str) {
        *self.network.loses.lock().unwrap_or_else(PoisonError::into_inner) = Some(part.as_bytes().to_vec());
    }

    /// Closes the connection of the next request with these bytes, and keeps the request, as if it were still on its
    /// way when the client loses its connection.
    pub fn keep_request(&self, part: &str) {
        *self.network.delays.lock().unwrap_or_else(PoisonError::into_inner) = Some(part.as_bytes().to_vec());
    }

    /// Whether a request was kept.
    pub fn has_kept(&self) -> bool {
        self.network.late.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Delivers the kept request now. Returns when the server has run it.
    pub async fn deliver(&self) {
        let request = self.network.late.lock().unwrap_or_else(PoisonError::into_inner).take();
        let request = request.unwrap_or_else(|| panic!("no request was kept"));
        let delivered = async {
            let mut server = TcpStream::connect(("127.0.0.1", self.network.server)).await?;
            server.write_all(&request).await?;
            server.read(&mut [0]).await
        };
        assert_eq!(delivered.await.ok(), Some(1), "the server has not answered the late request");
    }

    /// Holds back the next request with these bytes, and everything after it on its connection, which stays open.
    pub fn hold_request(&self, part: &str) {
        *self.network.holds.lock().unwrap_or_else(PoisonError::into_inner) = Some(part.as_bytes().to_vec());
    }

    /// Replaces `before` with `after` in every answer from now on. Both have the same length.
    pub fn replace_in_answers(&self, before: &str, after: &str) {
        assert_eq!(
            before.len(),
            after.len(),
            "both texts must have the same length, because an answer begins with its length"
        );
        let pair = (before.as_bytes().to_vec(), after.as_bytes().to_vec());
        *self.network.replaces.lock().unwrap_or_else(PoisonError::into_inner) = Some(pair);
    }

    /// Whether a request was held back.
    pub fn has_held(&self) -> bool {
        self.network.state.borrow().held > 0
    }

    /// The number of lost answers.
    pub fn lost(&self) -> u64 {
        self.network.state.borrow().lost
    }

    /// The number of connections so far.
    pub fn connections(&self) -> u64 {
        self.network.state.borrow().made
    }
}

impl Network {
    fn next(&self) -> u64 {
        let mut number = 0;
        self.state.send_modify(|state| {
            state.made += 1;
            number = state.made;
        });
        number
    }

    /// Returns when the connection is over, which closes both sides.
    async fn pass_on(&self, client: TcpStream, number: u64) {
        let Ok(server) = TcpStream::connect(("127.0.0.1", self.server)).await else { return };
        let _ = (client.set_nodelay(true), server.set_nodelay(true));
        let (requests, answers_to) = client.into_split();
        let (answers, requests_to) = server.into_split();
        let doomed = AtomicBool::new(false);
        let mut state = self.state.subscribe();
        tokio::select! {
            _ended = self.forward(requests, requests_to, number, |bytes| self.request(bytes, &doomed)) => {}
            _ended = self.forward(answers, answers_to, number, |bytes| self.answer(bytes, &doomed)) => {}
            _cut = state.wait_for(|state| state.cut >= number) => {}
        }
    }

    /// Forwards chunks. `look` examines each one first, and decides what to do with it.
    async fn forward(
        &self,
        mut from: OwnedReadHalf,
        mut to: OwnedWriteHalf,
        number: u64,
        look: impl Fn(&mut [u8]) -> Piece,
    ) -> io::Result<()> {
        let mut chunk = vec![0; CHUNK];
        loop {
            let count = from.read(&mut chunk).await?;
            if count == 0 {
                return Ok(());
            }
            let State { delay, frozen, .. } = self.state.borrow().clone();
            if frozen >= number {
                return pending().await;
            }
            match look(&mut chunk[..count]) {
                Piece::Passes => {}
                Piece::Ends => return Ok(()),
                Piece::Held => return pending().await,
            }
            tokio::time::sleep(delay).await;
            to.write_all(&chunk[..count]).await?;
        }
    }

    /// Checks whether this is the request whose answer will be lost. It is forwarded, unless it is the one that will
    /// be late or held back.
    fn request(&self, request: &mut [u8], doomed: &AtomicBool) -> Piece {
        if is_next(&self.delays, request) {
            *self.late.lock().unwrap_or_else(PoisonError::into_inner) = Some(request.to_vec());
            return Piece::Ends;
        }
        if is_next(&self.holds, request) {
            self.state.send_modify(|state| state.held += 1);
            return Piece::Held;
        }
        if is_next(&self.loses, request) {
            doomed.store(true, Ordering::Release);
        }
        Piece::Passes
    }

    /// Returns whether this is the answer to lose. Replaces bytes in it.
    fn answer(&self, answer: &mut [u8], doomed: &AtomicBool) -> Piece {
        if let Some((before, after)) = &*self.replaces.lock().unwrap_or_else(PoisonError::into_inner) {
            for at in 0..(answer.len() + 1).saturating_sub(before.len()) {
                if answer[at..].starts_with(before) {
                    answer[at..at + after.len()].copy_from_slice(after);
                }
            }
        }
        if !doomed.load(Ordering::Acquire) {
            return Piece::Passes;
        }
        self.state.send_modify(|state| state.lost += 1);
        Piece::Ends
    }
}

/// Whether a request contains the part that is searched for. If so, the search ends.
fn is_next(part: &Mutex<Option<Vec<u8>>>, request: &[u8]) -> bool {
    let mut part = part.lock().unwrap_or_else(PoisonError::into_inner);
    let is_next = part.as_ref().is_some_and(|part| request.windows(part.len()).any(|window| window == part));
    if is_next {
        *part = None;
    }
    is_next
}

#[cfg(test)]
mod tests {
    use redis::aio::MultiplexedConnection;
    use redis::{AsyncConnectionConfig, Client, RedisError, cmd};

    use super::*;
    use crate::RedisServer;
    use crate::wait::LONG;

    async fn connect(proxy: &Proxy) -> MultiplexedConnection {
        let client = Client::open(format!("redis://127.0.0.1:{}", proxy.port())).expect("an address");
        let config = AsyncConnectionConfig::new().set_response_timeout(Some(LONG));
        client.get_multiplexed_async_connection_with_config(&config).await.expect("a connection")
    }

    async fn ask(connection: &mut MultiplexedConnection, words: &[&str]) -> Result<i64, RedisError> {
        cmd(words[0]).arg(&words[1..]).query_async(connection).await
    }

    async fn start() -> (RedisServer, Proxy) {
        let redis = RedisServer::start().await;
        let proxy = Proxy::start(redis.port()).await;
        (redis, proxy)
    }

    #[tokio::test]
    async fn the_request_of_a_lost_answer_was_run() {
        let (redis, proxy) = start().await;
        let mut through = connect(&proxy).await;
        proxy.lose_answer_to("INCR");

        ask(&mut through, &["INCR", "n"]).await.expect_err("the answer is lost");

        assert_eq!(proxy.lost(), 1);
        assert_eq!(ask(&mut redis.connection().await, &["GET", "n"]).await, Ok(1));
        assert_eq!(ask(&mut connect(&proxy).await, &["INCR", "n"]).await, Ok(2));
    }

    #[tokio::test]
    async fn a_frozen_connection_is_silent_and_a_new_one_works() {
        let (_redis, proxy) = start().await;
        let mut frozen = connect(&proxy).await;
        proxy.freeze();
        let silent = tokio::spawn(async move { ask(&mut frozen, &["INCR", "n"]).await });

        assert_eq!(ask(&mut connect(&proxy).await, &["INCR", "n"]).await, Ok(1));
        assert!(!silent.is_finished());

        proxy.cut();
        silent.await.expect("no panic").expect_err("the connection is closed");
    }
}
