//! The exchange of a pipeline with its replies: reading, stopping, and draining what a stopped statement still sends.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use postgres_protocol::message::frontend;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::stop::{Stop, Stopped};
use super::{Session, unavailable};
use crate::answer::Column;
use crate::cancel::Canceller;
use crate::error::Error;
use crate::wire::{Bounds, Pipeline, Progress, Reply, Text, WireError};

/// The interval of requests to cancel: a function can catch one of them.
const AGAIN: Duration = Duration::from_secs(1);
/// How long the server may take to end a cancelled statement.
pub(super) const CANCEL: Duration = Duration::from_secs(5);
/// The most bytes of a cancelled statement that are read and discarded.
const DRAIN: u64 = 64 * 1024 * 1024;

/// Bounds for replies without rows.
const NOTHING: Bounds = Bounds { rows: 0, bytes: 0 };
/// Bounds for the answers to the host's own statements.
pub(super) const OWN: Bounds = Bounds { rows: 1000, bytes: 1024 * 1024 };

/// The session is lost, and this is the error of the call.
#[derive(Debug)]
pub(crate) struct Lost(pub Error);

/// Requests to cancel that are under way.
struct Cancelling {
    /// True: none of them can come later than the end of the task.
    requests: JoinHandle<bool>,
    /// The statement has ended: no further request.
    ended: CancellationToken,
    until: Instant,
    /// The bytes that were read before it.
    received: u64,
}

impl Drop for Cancelling {
    fn drop(&mut self) {
        self.requests.abort();
    }
}

impl Session {
    /// Sends a pipeline and reads all its replies. If the future is dropped before it is done, the session is lost.
    pub(super) async fn exchange(
        &mut self,
        pipeline: Pipeline,
        bounds: Bounds,
        columns: Option<Vec<Column>>,
        stop: &Stop<'_>,
    ) -> Result<Reply, Lost> {
        if std::mem::replace(&mut self.busy, true) {
            return Err(Lost(Error::Unavailable("the connection to PostgreSQL was lost".to_owned())));
        }
        let (out, expected) = pipeline.into_parts();
        let mut reply = Reply::new(expected, bounds, columns);
        let mut stopping = pin!(stop.reached());
        tokio::select! {
            biased;
            sent = self.frames.send(&out) => sent.map_err(|error| Lost(unavailable(&error)))?,
            // A part of a message may be sent: there is no way back.
            stopped = &mut stopping => return Err(Lost(stopped.into_error())),
        }
        drop(out);
        let mut stopped = None;
        let mut cancelling: Option<Cancelling> = None;
        while !self.read_available(&mut reply, &mut cancelling).await? {
            let until = cancelling.as_ref().map(|one| one.until);
            tokio::select! {
                biased;
                reason = &mut stopping, if stopped.is_none() => {
                    stopped = Some(reason);
                    self.start_cancelling(&mut cancelling);
                }
                () = sleep_until(until), if until.is_some() => {
                    self.runs_on = true;
                    return Err(too_slow(stopped, &reply));
                }
                filled = self.frames.fill() => filled.map_err(|error| lost(&error, &reply, stopped.as_ref()))?,
            }
            if cancelling.as_ref().is_some_and(|one| self.frames.received() - one.received > DRAIN) {
                return Err(too_slow(stopped, &reply));
            }
        }
        self.settle(&mut reply, stopped, cancelling).await;
        Ok(reply)
    }

    /// Takes all messages that were read. True: the last reply is there.
    async fn read_available(&mut self, reply: &mut Reply, cancelling: &mut Option<Cancelling>) -> Result<bool, Lost> {
        while let Some(message) = self.frames.next().map_err(|error| lost(&error, reply, None))? {
            let Some(message) = self.note(message) else { continue };
            match reply.on(message).map_err(|error| lost(&error, reply, None))? {
                Progress::More => {}
                Progress::Done => return Ok(true),
                Progress::Cancel => self.start_cancelling(cancelling),
                Progress::RefuseCopy { fail, sync } => {
                    let refused = self.refuse_copy(fail, sync).await;
                    refused.map_err(|error| lost(&error, reply, None))?;
                }
            }
        }
        Ok(false)
    }

    /// A few bytes, for which the socket has room: the server has read everything that was sent before.
    async fn refuse_copy(&mut self, fail: bool, sync: bool) -> Result<(), WireError> {
        let mut out = BytesMut::new();
        if fail {
            frontend::copy_fail("COPY is not supported", &mut out)?;
        }
        if sync {
            frontend::sync(&mut out);
        }
        let sent = tokio::time::timeout(CANCEL, self.frames.send(&out)).await;
        sent.unwrap_or(Err(WireError::Violation("it does not read")))
    }

    fn start_cancelling(&self, cancelling: &mut Option<Cancelling>) {
        if cancelling.is_none() {
            let ended = CancellationToken::new();
            let requests = tokio::spawn(cancel(self.canceller.clone(), ended.clone()));
            let (until, received) = (Instant::now() + CANCEL, self.frames.received());
            *cancelling = Some(Cancelling { requests, ended, until, received });
        }
    }

    /// Notes what the replies say about the session, which is then free for the next pipeline.
    async fn settle(&mut self, reply: &mut Reply, stopped: Option<Stopped>, cancelling: Option<Cancelling>) {
        let mut free = true;
        if let Some(mut cancelling) = cancelling {
            // The server closes the request's connection after it has sent the signal. Before that, the next statement could be
            // the one that is cancelled.
            cancelling.ended.cancel();
            let done = tokio::time::timeout_at(cancelling.until, &mut cancelling.requests).await;
            free = matches!(done, Ok(Ok(true)));
        }
        if let (Some(stopped), Some(Error::Database(error))) = (stopped, reply.error())
            && error.is_cancelled()
        {
            reply.replace_error(stopped.into_error());
        }
        // SQLSTATE of a write on a server that accepts none: the primary has become a standby.
        if let Some(Error::Database(error)) = reply.error()
            && error.code == "25006"
            && self.rules.needs_primary
        {
            self.unsuitable = true;
        }
        if let Some(status) = reply.status() {
            self.status = status;
        }
        if reply.forgot_statements() {
            self.statements.forget();
        }
        self.busy = !free;
    }

    /// Sends a Sync and reads the replies up to its end.
    pub(super) async fn sync(&mut self, stop: &Stop<'_>) -> Result<Reply, Lost> {
        let mut pipeline = Pipeline::default();
        pipeline.sync();
        self.exchange(pipeline, NOTHING, None, stop).await
    }

    /// Reads one value as text, such as that of SHOW.
    pub(crate) async fn show(&mut self, statement: &'static str) -> Result<String, Lost> {
        let answers = self.run(statement).await?.into_result().map_err(Lost)?;
        let row = answers.first().map_or(&[][..], |answer| answer.rows.as_slice());
        Ok(String::from_utf8_lossy(row.get(4..).unwrap_or_default()).into_owned())
    }

    /// Runs statements of the host, whose answers nobody wants.
    pub(super) async fn run(&mut self, statements: &'static str) -> Result<Reply, Lost> {
        let mut pipeline = Pipeline::default();
        let text = Text::statement(statements).map_err(Lost)?;
        pipeline.simple(text).map_err(Lost)?;
        self.exchange(pipeline, OWN, None, &Stop::after(CANCEL)).await
    }
}

/// Asks the server to cancel the statement, again and again until it has ended. True: the server has acted on all requests.
async fn cancel(canceller: Arc<Canceller>, ended: CancellationToken) -> bool {
    let mut done = true;
    loop {
        done &= canceller.cancel().await;
        tokio::select! {
            biased;
            () = ended.cancelled() => return done,
            () = tokio::time::sleep(AGAIN) => {}
        }
    }
}

async fn sleep_until(until: Option<Instant>) {
    match until {
        Some(until) => tokio::time::sleep_until(until).await,
        None => std::future::pending().await,
    }
}

/// The error of a call whose session ended in the middle.
fn lost(error: &WireError, reply: &Reply, stopped: Option<&Stopped>) -> Lost {
    Lost(match (error, reply.error(), stopped) {
        (WireError::LongRow(length), _, _) => Error::TooLarge(format!(
            "a row has {length} bytes, which is more than max_bytes. The host closed the connection"
        )),
        (_, Some(Error::Database(error)), _) if error.ends_session() => {
            Error::Unavailable(format!("the server ended the connection: {} (SQLSTATE {})", error.message, error.code))
        }
        (_, _, Some(stopped)) => stopped.clone().into_error(),
        (_, Some(refused @ (Error::TooLarge(_) | Error::Invalid(_))), _) => refused.clone(),
        _ => unavailable(error),
    })
}

/// The error of a call whose statement did not end after it was cancelled.
fn too_slow(stopped: Option<Stopped>, reply: &Reply) -> Lost {
    Lost(match (stopped, reply.error()) {
        (_, Some(error)) => error.clone(),
        (Some(stopped), None) => stopped.into_error(),
        (None, None) => Error::Unavailable("the server does not end a cancelled statement".to_owned()),
    })
}
