//! The rows of one statement in portions.
//!
//! In a transaction, each portion ends with a Sync, and the portal lives on. Outside of one, a Sync would end the portal. There,
//! only Flush follows each portion, and the Sync comes when the cursor ends. The session runs nothing else meanwhile.

use super::Session;
use super::exchange::{CANCEL, Lost};
use super::read_only::Wrapping;
use super::stop::Stop;
use crate::answer::{Answer, Column, Query, TransactionStatus};
use crate::error::Error;
use crate::wire::{Bounds, Pipeline, Reply};

/// A portal on the server.
#[derive(Debug, Default)]
pub(crate) struct Portal {
    name: String,
    columns: Vec<Column>,
    phase: Phase,
    /// It was opened outside of a transaction.
    unsynced: bool,
    own_transaction: bool,
}

#[derive(Debug, Default)]
enum Phase {
    #[default]
    Fresh,
    Open,
    /// All rows were read. What the server did.
    Ended(String),
    Failed,
}

/// The result of reading a portion.
pub(crate) type Portion = Result<Result<Vec<Answer>, Error>, Lost>;

impl Portal {
    /// Whether the session can run nothing else.
    pub(crate) fn is_exclusive(&self) -> bool {
        self.unsynced && matches!(self.phase, Phase::Open)
    }
}

impl Session {
    /// Reads the next portion of at most `rows` rows. The first one starts the statement.
    pub(crate) async fn read(&mut self, portal: &mut Portal, query: &Query, rows: u32, stop: &Stop<'_>) -> Portion {
        let limit = self.rules.bounds.rows.min(i32::MAX as u64);
        let rows = i32::try_from(u64::from(rows).min(limit)).unwrap_or(i32::MAX);
        match &portal.phase {
            _ if rows == 0 => Ok(Err(Error::Invalid("a portion needs at least one row".to_owned()))),
            Phase::Failed => Ok(Err(Error::Invalid("the cursor has failed, and has no further rows".to_owned()))),
            Phase::Ended(command) => {
                let (columns, command) = (portal.columns.clone(), command.clone());
                Ok(Ok(vec![Answer { columns, command, ..Answer::default() }]))
            }
            Phase::Fresh => {
                let may_repeat = self.status == TransactionStatus::Idle;
                let (result, outdated) = self.read_first(portal, query, rows, stop).await?;
                if !(may_repeat && outdated) {
                    return Ok(result);
                }
                *portal = Portal::default();
                Ok(self.read_first(portal, query, rows, stop).await?.0)
            }
            Phase::Open => self.read_next(portal, rows, stop).await,
        }
    }

    /// Starts the statement. True: it has not run, because what was prepared cannot be used any more.
    async fn read_first(
        &mut self,
        portal: &mut Portal,
        query: &Query,
        rows: i32,
        stop: &Stop<'_>,
    ) -> Result<(Result<Vec<Answer>, Error>, bool), Lost> {
        let wrapping = self.wrapping(&query.statement);
        if wrapping == Wrapping::Begin {
            let reason = "a statement that begins a transaction has no cursor";
            return Ok((Err(Error::Invalid(reason.to_owned())), false));
        }
        portal.unsynced = self.status == TransactionStatus::Idle;
        portal.own_transaction = wrapping == Wrapping::Own;
        self.portals += 1;
        portal.name = format!("toril_{}", self.portals);
        let built = self.build(|session, pipeline| {
            wrapping.before(pipeline)?;
            let named = session.prepare(pipeline, query)?;
            pipeline.bind(&portal.name, &named.name, &query.parameters, query.results)?;
            pipeline.execute(&portal.name, rows, true)?;
            Ok(named)
        });
        let (pipeline, named) = match built {
            Ok(built) => built,
            Err(refused) => return Ok((Err(refused), false)),
        };
        let columns = named.known.as_ref().map(|known| known.columns.clone());
        let reply = self.exchange_portion(pipeline, portal, columns.clone(), stop).await?;
        portal.columns = reply.described().or(columns).unwrap_or_default();
        let outdated = self.note_statement(query, named, &reply);
        Ok((self.note_portion(portal, reply, stop).await?, outdated))
    }

    async fn read_next(&mut self, portal: &mut Portal, rows: i32, stop: &Stop<'_>) -> Portion {
        let mut pipeline = Pipeline::default();
        if let Err(refused) = pipeline.execute(&portal.name, rows, true) {
            return Ok(Err(refused));
        }
        let reply = self.exchange_portion(pipeline, portal, Some(portal.columns.clone()), stop).await?;
        self.note_portion(portal, reply, stop).await
    }

    async fn exchange_portion(
        &mut self,
        mut pipeline: Pipeline,
        portal: &Portal,
        columns: Option<Vec<Column>>,
        stop: &Stop<'_>,
    ) -> Result<Reply, Lost> {
        if portal.unsynced {
            pipeline.flush();
            self.unsynced = true;
        } else {
            pipeline.sync();
        }
        self.exchange(pipeline, self.rules.bounds, columns, stop).await
    }

    /// Notes whether the cursor has more rows, and ends it if not.
    async fn note_portion(&mut self, portal: &mut Portal, reply: Reply, stop: &Stop<'_>) -> Portion {
        let suspended = reply.is_suspended();
        let result = reply.into_result();
        portal.phase = match &result {
            Ok(_) if suspended => Phase::Open,
            Ok(answers) => Phase::Ended(answers.last().map(|answer| answer.command.clone()).unwrap_or_default()),
            Err(_) => Phase::Failed,
        };
        if matches!(portal.phase, Phase::Open) {
            return Ok(result);
        }
        // The time of a statement that was stopped is over.
        let failed = Stop::after(CANCEL);
        let stop = if result.is_ok() { stop } else { &failed };
        let ended = self.end_portal(portal, result.is_ok(), stop).await?;
        // A deferred constraint fails at the end.
        Ok(result.and_then(|answers| ended.map(|()| answers)))
    }

    /// Ends what a cursor holds on the server.
    async fn end_portal(
        &mut self,
        portal: &Portal,
        complete: bool,
        stop: &Stop<'_>,
    ) -> Result<Result<(), Error>, Lost> {
        if !portal.unsynced {
            self.unused_portals.push(portal.name.clone());
            return Ok(Ok(()));
        }
        let mut pipeline = Pipeline::default();
        if portal.own_transaction && complete {
            pipeline.own("COMMIT").map_err(Lost)?;
        }
        pipeline.sync();
        let reply = self.exchange(pipeline, Bounds { rows: 0, bytes: 0 }, None, stop).await?;
        self.unsynced = false;
        if portal.own_transaction {
            self.unwrap_transaction(Wrapping::Own).await?;
        }
        Ok(reply.into_result().map(drop))
    }

    /// Closes a cursor that nobody reads any more.
    pub(crate) async fn close_portal(&mut self, portal: Portal) -> Result<(), Lost> {
        match portal.phase {
            Phase::Open => self.end_portal(&portal, true, &Stop::after(CANCEL)).await.map(drop),
            Phase::Fresh | Phase::Ended(_) | Phase::Failed => Ok(()),
        }
    }
}
