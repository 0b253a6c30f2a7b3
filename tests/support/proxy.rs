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

/// How much is passed on at once.
const CHUNK: usize = 64 * 1024;

/// Passes on what a server of 127.0.0.1 and its clients say to each other. Dropped, it closes all connections.
pub struct Proxy {
    front: Front,
    network: Arc<Network>,
}

struct Network {
    server: u16,
    state: watch::Sender<State>,
    /// What the request holds whose answer is to be lost.
    loses: Mutex<Option<Vec<u8>>>,
    /// What the request holds that is to be late.
    delays: Mutex<Option<Vec<u8>>>,
    /// The late request.
    late: Mutex<Option<Vec<u8>>>,
    /// What the request holds that is to be held up.
    holds: Mutex<Option<Vec<u8>>>,
    /// What is replaced in every answer, and by what.
    replaces: Mutex<Option<(Vec<u8>, Vec<u8>)>>,
}

/// What becomes of a piece.
enum Piece {
    /// It is passed on.
    Passes,
    /// The connection ends with it.
    Ends,
    /// Neither it nor what follows on it is passed on, and the connection stays open.
    Held,
}

#[derive(Clone, Default)]
struct State {
    /// How many connections there have been.
    made: u64,
    /// The first so many are closed.
    cut: u64,
    /// The first so many carry nothing any more, and are not closed.
    frozen: u64,
    /// By how much each piece is late, in both directions.
    delay: Duration,
    /// How many answers were lost.
    lost: u64,
    /// How many requests were held up.
    held: u64,
}

impl Proxy {
    /// Listens on a free port of 127.0.0.1, in front of the server at this one, which need not be there yet.
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
            // Counted here, so that a cut that follows on a connection meets it.
            let number = network.next();
            async move { network.pass_on(client, number).await }
        });
        let front = front.await.unwrap_or_else(|error| panic!("no proxy for this test: {error:#}"));
        Self { front, network }
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.front.port()
    }

    /// Closes every connection. New ones can be made.
    pub fn cut(&self) {
        self.network.state.send_modify(|state| state.cut = state.made);
    }

    /// From now on every connection that there is carries nothing in either direction, and neither side hears of it: what
    /// a router leaves that has forgotten them. New ones can be made.
    pub fn freeze(&self) {
        self.network.state.send_modify(|state| state.frozen = state.made);
    }

    /// Makes every piece that is passed on later by this.
    pub fn delay(&self, delay: Duration) {
        self.network.state.send_modify(|state| state.delay = delay);
    }

    /// The next request that holds these bytes reaches the server, and is carried out; its connection is closed instead of
    /// answered.
    pub fn lose_answer_to(&self, part: &str) {
        *self.network.loses.lock().unwrap_or_else(PoisonError::into_inner) = Some(part.as_bytes().to_vec());
    }

    /// The connection of the next request that holds these bytes is closed, and the request is kept: as if it were still on
    /// its way when the client hears that it has lost the connection.
    pub fn keep_request(&self, part: &str) {
        *self.network.delays.lock().unwrap_or_else(PoisonError::into_inner) = Some(part.as_bytes().to_vec());
    }

    /// Whether such a request was kept.
    pub fn has_kept(&self) -> bool {
        self.network.late.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Lets the kept request arrive now. Returns when the server has carried it out.
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

    /// The next request that holds these bytes never reaches the server, nor does what follows on it on its connection, which
    /// stays open.
    pub fn hold_request(&self, part: &str) {
        *self.network.holds.lock().unwrap_or_else(PoisonError::into_inner) = Some(part.as_bytes().to_vec());
    }

    /// From now on every answer has the bytes of `after` where the server says `before`, which has as many.
    pub fn replace_in_answers(&self, before: &str, after: &str) {
        assert_eq!(before.len(), after.len(), "an answer's length precedes it");
        let pair = (before.as_bytes().to_vec(), after.as_bytes().to_vec());
        *self.network.replaces.lock().unwrap_or_else(PoisonError::into_inner) = Some(pair);
    }

    /// Whether such a request was held up.
    pub fn has_held(&self) -> bool {
        self.network.state.borrow().held > 0
    }

    /// How many answers were lost.
    pub fn lost(&self) -> u64 {
        self.network.state.borrow().lost
    }

    /// How many connections there have been.
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

    /// Passes pieces on. `look` looks at each before, and says what becomes of it.
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

    /// Notes whether a request is the one whose answer is to be lost. It is passed on all the same, unless it is the one
    /// that is to be late, or held up.
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

    /// Whether this is the answer that is to be lost. What is to be replaced in it is.
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

/// Whether a request holds what is looked for, which then is looked for no longer.
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
    async fn a_lost_answer_is_of_a_request_that_was_carried_out() {
        let (redis, proxy) = start().await;
        let mut through = connect(&proxy).await;
        proxy.lose_answer_to("INCR");

        ask(&mut through, &["INCR", "n"]).await.expect_err("the answer is lost");

        assert_eq!(proxy.lost(), 1);
        assert_eq!(ask(&mut redis.connection().await, &["GET", "n"]).await, Ok(1));
        assert_eq!(ask(&mut connect(&proxy).await, &["INCR", "n"]).await, Ok(2));
    }

    #[tokio::test]
    async fn a_frozen_connection_is_silent_and_a_new_one_is_not() {
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
