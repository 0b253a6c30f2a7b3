//! One session on a server: what is known about it, and the exchange of a pipeline with its replies.

mod batch;
mod cursor;
mod exchange;
mod query;
mod read_only;
mod reset;
mod statements;
mod stop;
mod terminate;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use postgres_protocol::message::backend::Message;
use postgres_protocol::message::frontend;

use crate::answer::TransactionStatus;
use crate::cancel::Canceller;
use crate::error::Error;
use crate::wire::{Bounds, Frames, WireError};
pub(crate) use cursor::Portal;
pub(crate) use exchange::Lost;
use statements::Statements;
pub(crate) use stop::Stop;

/// The most settings that are kept of a server. PostgreSQL 18 reports 15.
const SETTINGS: usize = 64;
/// The longest value of a setting that is kept, in bytes.
const SETTING: usize = 8 * 1024;
/// How long a polite end may take.
const GOODBYE: Duration = Duration::from_secs(1);

/// The limits of a session, from the pool's settings.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub bounds: Bounds,
    pub read_only: bool,
    /// Whether a server that refuses writes is of no use.
    pub needs_primary: bool,
}

/// A session on a server.
pub(crate) struct Session {
    frames: Frames,
    canceller: Arc<Canceller>,
    rules: Rules,
    status: TransactionStatus,
    settings: BTreeMap<String, String>,
    /// Whether `settings` changed since they were last asked for.
    settings_changed: bool,
    statements: Statements,
    /// A borrower has the session, and it was not reset since.
    lent: bool,
    /// A pipeline is under way. Stays true if it is given up, and then the session is of no further use.
    busy: bool,
    /// The session was given up, while the server runs a statement in spite of the requests to cancel it.
    runs_on: bool,
    /// A cursor outside of a transaction is open: no Sync has ended its implicit transaction.
    unsynced: bool,
    /// Portals on the server that nobody uses any more.
    unused_portals: Vec<String>,
    /// How many portals were named.
    portals: u64,
    /// The server does not suit any more. The session is closed when it comes back.
    unsuitable: bool,
    idle_since: Instant,
}

impl Session {
    /// A session that is ready for statements.
    pub(crate) fn new(
        frames: Frames,
        canceller: Canceller,
        rules: Rules,
        settings: BTreeMap<String, String>,
        status: TransactionStatus,
    ) -> Self {
        Self {
            frames,
            canceller: Arc::new(canceller),
            rules,
            status,
            settings,
            settings_changed: true,
            statements: Statements::default(),
            lent: false,
            busy: false,
            runs_on: false,
            unsynced: false,
            unused_portals: Vec::new(),
            portals: 0,
            unsuitable: false,
            idle_since: Instant::now(),
        }
    }

    /// Whether a transaction is open.
    pub(crate) fn status(&self) -> TransactionStatus {
        self.status
    }

    /// The settings that the server reported, if they changed since the last call.
    pub(crate) fn changed_settings(&mut self) -> Option<Vec<(String, String)>> {
        let changed = std::mem::take(&mut self.settings_changed);
        changed.then(|| self.settings.iter().map(|(name, value)| (name.clone(), value.clone())).collect())
    }

    /// One setting that the server reported.
    pub(crate) fn setting(&self, name: &str) -> Option<&str> {
        self.settings.get(name).map(String::as_str)
    }

    /// How long nobody has used the session.
    pub(crate) fn idle(&self) -> Duration {
        self.idle_since.elapsed()
    }

    /// Marks the session as unused from now on.
    pub(crate) fn rest(&mut self) {
        self.lent = false;
        self.idle_since = Instant::now();
        self.settings_changed = true;
        self.frames.shrink();
    }

    /// Whether the session may be lent: it was reset, its connection is open, and the server has sent nothing that ends it.
    pub(crate) fn is_usable(&mut self) -> bool {
        !self.lent && !self.busy && !self.unsuitable && self.drain_idle().is_ok()
    }

    /// Marks the session as lent, so that nobody else gets it before it was reset.
    pub(crate) fn lend(&mut self) {
        self.lent = true;
    }

    /// Reads what the server has sent to an idle session.
    fn drain_idle(&mut self) -> Result<(), WireError> {
        loop {
            while let Some(message) = self.frames.next()? {
                if self.note(message).is_some() {
                    return Err(WireError::Violation("a message came that no request is waiting for"));
                }
            }
            if !self.frames.fill_now()? {
                return Ok(());
            }
        }
    }

    /// Takes what the server may send at any time. Returns every other message.
    fn note(&mut self, message: Message) -> Option<Message> {
        match message {
            Message::NoticeResponse(_) | Message::NotificationResponse(_) => None,
            Message::ParameterStatus(body) => {
                if let (Ok(name), Ok(value)) = (body.name(), body.value()) {
                    note_setting(&mut self.settings, name, value);
                    self.settings_changed = true;
                }
                None
            }
            message => Some(message),
        }
    }

    /// Tells the server that the session ends.
    pub(crate) async fn close(mut self) {
        let mut out = BytesMut::new();
        frontend::terminate(&mut out);
        let goodbye = async {
            // In the middle of a message, the server would take it for a part of that.
            if !self.busy && self.frames.send(&out).await.is_err() {
                return;
            }
            self.frames.shut_down().await;
        };
        let _ = tokio::time::timeout(GOODBYE, goodbye).await;
    }
}

/// Keeps a setting that the server reports, within bounds.
pub(crate) fn note_setting(settings: &mut BTreeMap<String, String>, name: &str, value: &str) {
    let known = settings.contains_key(name);
    if (known || settings.len() < SETTINGS) && name.len() + value.len() <= SETTING {
        settings.insert(name.to_owned(), value.to_owned());
    }
}

/// The error of a call on a session that is lost.
pub(crate) fn unavailable(error: &WireError) -> Error {
    Error::Unavailable(format!("the connection to PostgreSQL was lost: {error}"))
}
