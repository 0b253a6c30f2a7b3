//! The task of one borrowed connection. It owns the session, runs the calls, and gives the session back.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::account::Account;
use super::call::{Request, Work};
use super::cursor::CursorState;
use super::{State, given_back};
use crate::answer::{Answer, TransactionStatus};
use crate::error::Error;
use crate::pool::{Borrowed, Pool};
use crate::session::{Lost, Portal, Stop};
use crate::settings::StatementResult;

/// The most cursors of a connection that have been read from.
const CURSORS: usize = 64;

type Outcome = Result<Vec<Answer>, Error>;

pub(super) struct Worker {
    pool: Pool,
    deadline: Instant,
    state: Arc<State>,
    account: Arc<Account>,
    session: Holding,
    /// A session that was given up while its statement runs on.
    runs_on: Option<Box<Borrowed>>,
    portals: HashMap<u64, Opened>,
}

/// A cursor that was read from.
struct Opened {
    cursor: Arc<CursorState>,
    portal: Portal,
}

/// What the task has of the pool.
enum Holding {
    /// Nothing yet: the next call borrows a session.
    Nothing,
    Session(Box<Borrowed>),
    /// The session was lost. The next call must not run on another one, which does not have the transaction of the first.
    Lost,
}

impl Worker {
    pub(super) fn new(pool: Pool, deadline: Instant, state: Arc<State>, account: Arc<Account>) -> Self {
        Self { pool, deadline, state, account, session: Holding::Nothing, runs_on: None, portals: HashMap::new() }
    }

    /// Runs calls until the connection is dropped, and gives the session back.
    pub(super) async fn run(mut self, mut requests: UnboundedReceiver<Request>) {
        let state = self.state.clone();
        loop {
            tokio::select! {
                biased;
                () = state.closed.cancelled() => break,
                () = state.cursors.changed() => self.close_cursors().await,
                request = requests.recv() => match request {
                    Some(request) => self.serve(request).await,
                    None => break,
                },
            }
            // Its call has ended already: the caller need not wait for this.
            if let Some(session) = self.runs_on.take() {
                session.terminate().await;
            }
        }
        // Ends the calls that are left.
        drop(requests);
        if let Holding::Session(session) = self.session {
            session.give_back().await;
        }
    }

    async fn serve(&mut self, request: Request) {
        let dropped = request.dropped();
        if dropped.is_cancelled() {
            return;
        }
        self.close_cursors().await;
        let room = self.account.has_room(self.pool.settings().max_bytes);
        if let Err(error) = room.and_then(|()| self.check_exclusive(&request.work)) {
            self.pool.observer().statement(std::time::Duration::ZERO, outcome_of(&Err(error.clone()), false));
            return request.end(Err(error));
        }
        if let Err(error) = self.borrow(&dropped).await {
            return request.end(Err(error));
        }
        let started = Instant::now();
        let outcome = match self.perform(&request.work, &dropped).await {
            Some(outcome) => outcome,
            None => return request.end(Ok(Vec::new())),
        };
        // The cursor may have been dropped before its portal was there.
        self.close_cursors().await;
        self.publish();
        self.pool.observer().statement(started.elapsed(), outcome_of(&outcome, dropped.is_cancelled()));
        request.end(outcome);
    }

    /// Runs a statement. None: the call has none.
    async fn perform(&mut self, work: &Work, dropped: &CancellationToken) -> Option<Outcome> {
        let Holding::Session(session) = &mut self.session else {
            return Some(Err(Error::Unavailable("the connection to PostgreSQL was lost".to_owned())));
        };
        let stop = Stop::new(self.pool.settings().statement_timeout, self.deadline, dropped);
        let result = match work {
            Work::Ready => {
                self.publish();
                return None;
            }
            Work::Query(query) => session.query(query, &stop).await,
            Work::Batch(statements) => session.batch(statements, &stop).await,
            Work::Read { cursor, rows } => match portal(&mut self.portals, cursor) {
                Ok(portal) => session.read(portal, &cursor.query, *rows, &stop).await,
                Err(refused) => Ok(Err(refused)),
            },
        };
        Some(result.unwrap_or_else(|Lost(error)| {
            self.lose();
            Err(error)
        }))
    }

    /// Makes sure that there is a session.
    async fn borrow(&mut self, dropped: &CancellationToken) -> Result<(), Error> {
        match self.session {
            Holding::Session(_) => return Ok(()),
            Holding::Lost => {
                let reason = "the connection to PostgreSQL was lost. Give it back, and borrow another one";
                return Err(Error::Unavailable(reason.to_owned()));
            }
            Holding::Nothing => {}
        }
        let borrowed = tokio::select! {
            biased;
            () = dropped.cancelled() => return Err(given_back()),
            borrowed = self.pool.borrow(self.deadline) => borrowed?,
        };
        self.session = Holding::Session(Box::new(borrowed));
        Ok(())
    }

    /// A cursor outside of a transaction allows no other call.
    fn check_exclusive(&self, work: &Work) -> Result<(), Error> {
        let Some((exclusive, _)) = self.portals.iter().find(|(_, opened)| opened.portal.is_exclusive()) else {
            return Ok(());
        };
        match work {
            Work::Ready => Ok(()),
            Work::Read { cursor, .. } if cursor.id == *exclusive => Ok(()),
            _ => {
                let reason = "a cursor outside of a transaction is open. Read it to its end or drop it first, or begin a transaction";
                Err(Error::Invalid(reason.to_owned()))
            }
        }
    }

    /// Closes the cursors that were dropped.
    async fn close_cursors(&mut self) {
        let dropped = |(id, opened): (&u64, &Opened)| opened.cursor.is_dropped().then_some(*id);
        let dropped: Vec<_> = self.portals.iter().filter_map(dropped).collect();
        for id in dropped {
            let Some(Opened { portal, .. }) = self.portals.remove(&id) else { continue };
            let Holding::Session(session) = &mut self.session else { continue };
            if session.close_portal(portal).await.is_err() {
                self.lose();
            }
            self.publish();
        }
    }

    /// Gives a session up that cannot be used any more.
    fn lose(&mut self) {
        self.portals.clear();
        if let Holding::Session(session) = std::mem::replace(&mut self.session, Holding::Lost) {
            if session.runs_on().is_some() {
                self.runs_on = Some(session);
            } else {
                session.discard();
            }
        }
        *self.state.status.lock().unwrap_or_else(PoisonError::into_inner) = TransactionStatus::Idle;
    }

    /// Shows the owner of the connection what the server said last.
    fn publish(&mut self) {
        let Holding::Session(session) = &mut self.session else { return };
        *self.state.status.lock().unwrap_or_else(PoisonError::into_inner) = session.status();
        if let Some(settings) = session.changed_settings() {
            *self.state.settings.lock().unwrap_or_else(PoisonError::into_inner) = settings;
        }
    }
}

/// The portal of a cursor, which is new if it was not read before.
fn portal<'a>(portals: &'a mut HashMap<u64, Opened>, cursor: &Arc<CursorState>) -> Result<&'a mut Portal, Error> {
    if portals.len() >= CURSORS && !portals.contains_key(&cursor.id) {
        return Err(Error::Invalid(format!("the connection has {CURSORS} cursors already. Drop some first")));
    }
    let opened = || Opened { cursor: cursor.clone(), portal: Portal::default() };
    Ok(&mut portals.entry(cursor.id).or_insert_with(opened).portal)
}

fn outcome_of(outcome: &Outcome, dropped: bool) -> StatementResult {
    match outcome {
        Err(_) if dropped => StatementResult::Cancelled,
        Ok(_) => StatementResult::Done,
        Err(Error::Database(_)) => StatementResult::Database,
        Err(Error::Timeout(_)) => StatementResult::Timeout,
        Err(Error::TooLarge(_)) => StatementResult::TooLarge,
        Err(Error::Unavailable(_)) => StatementResult::Unavailable,
        Err(Error::Invalid(_)) => StatementResult::Invalid,
    }
}
