//! A BullMQ client that a test controls call by call: `tests/interop/session.mjs` with one of two versions for Node,
//! and `session.py`. All support the same calls, so one test can run with each.

use std::collections::HashMap;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::{Mutex as AsyncMutex, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::wait::LONG;
use crate::{RedisServer, node, paths, python};

/// The kind of client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Client {
    /// BullMQ 5 in Node.
    BullMq5,
    /// BullMQ 6 in Node.
    BullMq6,
    /// BullMQ's port for Python.
    Python,
}

impl Client {
    fn command(self) -> Command {
        let mut command = match self {
            Self::BullMq5 | Self::BullMq6 => node::program("session"),
            Self::Python => {
                let mut command = Command::new(python::program("python"));
                command.arg("session.py");
                command
            }
        };
        command.current_dir(paths::interop());
        match self {
            Self::BullMq5 => command.env("TORIL_BULLMQ", "5"),
            Self::BullMq6 => command.env("TORIL_BULLMQ", "6"),
            Self::Python => &mut command,
        };
        command
    }
}

type Answer = Result<Value, String>;
type Waiting = Arc<Mutex<HashMap<u64, oneshot::Sender<Answer>>>>;

/// A running client. Dropping it kills it, with its workers.
pub struct Session {
    /// Its kind.
    pub client: Client,
    child: Child,
    calls: AsyncMutex<ChildStdin>,
    waiting: Waiting,
    next: AtomicU64,
    _answers: JoinHandle<()>,
}

impl Session {
    /// Starts a client of this server's queues.
    pub async fn start(client: Client, redis: &RedisServer) -> Self {
        let mut command = client.command();
        command.arg(json!({ "redis": redis.url() }).to_string());
        // Its own errors appear in the test's output.
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit()).kill_on_drop(true);
        let mut child =
            command.spawn().unwrap_or_else(|error| panic!("could not start the session of {client:?}: {error}"));
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            panic!("the session of {client:?} has no input or output");
        };
        let mut lines = BufReader::new(stdout).lines();
        let ready = timeout(LONG, lines.next_line()).await;
        let ready = ready.unwrap_or_else(|_| panic!("the session of {client:?} was not ready within {LONG:?}"));
        assert!(matches!(ready, Ok(Some(_))), "the session of {client:?} ended before it was ready");
        let waiting = Waiting::default();
        let answers = tokio::spawn(distribute(lines, waiting.clone()));
        Self { client, child, calls: AsyncMutex::new(stdin), waiting, next: AtomicU64::new(0), _answers: answers }
    }

    /// Makes a call to a queue, and returns its result. Panics with the client's error.
    pub async fn call(&self, queue: &str, call: &str, arguments: Value) -> Value {
        let answer = self.try_call(queue, call, arguments).await;
        answer.unwrap_or_else(|error| panic!("{call} on queue {queue} with {:?}: {error}", self.client))
    }

    /// The same, for a call that may fail.
    #[allow(clippy::await_holding_invalid_type)] // a call is written as a whole, before the next one
    pub async fn try_call(&self, queue: &str, call: &str, arguments: Value) -> Answer {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let mut message = json!({ "call": number, "do": call, "queue": queue });
        if let (Value::Object(message), Value::Object(arguments)) = (&mut message, arguments) {
            message.extend(arguments);
        }
        let (sender, receiver) = oneshot::channel();
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(number, sender);
        let mut calls = self.calls.lock().await;
        let written = calls.write_all(format!("{message}\n").as_bytes()).await;
        drop(calls);
        written.unwrap_or_else(|error| panic!("the session of {:?} accepts no calls: {error}", self.client));
        let answer = timeout(LONG, receiver).await;
        let answer = answer.unwrap_or_else(|_| panic!("{call} on queue {queue} was not answered within {LONG:?}"));
        answer.unwrap_or_else(|_| panic!("the session of {:?} ended during {call} on queue {queue}", self.client))
    }

    /// Kills the client and its workers, without a chance to clean up.
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap_or_else(|error| panic!("could not kill {:?}: {error}", self.client));
    }
}

async fn distribute(mut lines: Lines<BufReader<ChildStdout>>, waiting: Waiting) {
    while let Ok(Some(line)) = lines.next_line().await {
        let Ok(mut answer) = serde_json::from_str::<Value>(&line) else { continue };
        let number = answer["call"].as_u64().unwrap_or(u64::MAX);
        let Some(sender) = waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&number) else { continue };
        let outcome = match answer["error"].as_str() {
            Some(error) => Err(error.to_owned()),
            None => Ok(answer["ok"].take()),
        };
        // The receiver may be gone.
        let _ = sender.send(outcome);
    }
    waiting.lock().unwrap_or_else(PoisonError::into_inner).clear();
}
