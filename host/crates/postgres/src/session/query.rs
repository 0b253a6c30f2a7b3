//! One statement with parameters, prepared and kept prepared.

use super::Session;
use super::exchange::Lost;
use super::statements::Prepared;
use super::stop::Stop;
use crate::answer::{Answer, Query, TransactionStatus};
use crate::error::Error;
use crate::wire::{Pipeline, Reply, Text};

/// A statement in a pipeline.
pub(super) struct Named {
    pub name: String,
    /// The statement was prepared before, with these columns.
    pub known: Option<Prepared>,
    types: Vec<u32>,
}

impl Session {
    /// Runs one statement.
    pub(crate) async fn query(&mut self, query: &Query, stop: &Stop<'_>) -> Result<Result<Vec<Answer>, Error>, Lost> {
        let may_repeat = self.status == TransactionStatus::Idle;
        let (reply, forgotten) = match self.query_once(query, stop).await? {
            Ok(outcome) => outcome,
            Err(refused) => return Ok(Err(refused)),
        };
        if !(may_repeat && forgotten) {
            return Ok(reply.into_result());
        }
        // The server does not know the statement any more, or its tables have changed. It has not run.
        Ok(self.query_once(query, stop).await?.and_then(|(reply, _)| reply.into_result()))
    }

    /// Runs one statement. True: it has not run, because what was prepared cannot be used any more.
    async fn query_once(&mut self, query: &Query, stop: &Stop<'_>) -> Result<Result<(Reply, bool), Error>, Lost> {
        let wrapping = self.wrapping(&query.statement);
        let mut pipeline = Pipeline::default();
        let built = (|| -> Result<Named, Error> {
            self.close_unused(&mut pipeline)?;
            wrapping.before(&mut pipeline)?;
            let named = self.prepare(&mut pipeline, query)?;
            pipeline.bind("", &named.name, &query.parameters, query.results)?;
            pipeline.execute("", 0, true)?;
            wrapping.after(&mut pipeline)?;
            pipeline.sync();
            Ok(named)
        })();
        let named = match built {
            Ok(named) => named,
            Err(refused) => return Ok(Err(refused)),
        };
        let columns = named.known.as_ref().map(|known| known.columns.clone());
        let reply = self.exchange(pipeline, self.rules.bounds, columns, stop).await?;
        let forgotten = self.note_statement(query, named, &reply);
        self.unwrap_transaction(wrapping).await?;
        Ok(Ok((reply, forgotten)))
    }

    /// Closes what nobody uses any more.
    pub(super) fn close_unused(&mut self, pipeline: &mut Pipeline) -> Result<(), Error> {
        for name in self.statements.take_unused() {
            pipeline.close_statement(&name)?;
        }
        for name in std::mem::take(&mut self.unused_portals) {
            pipeline.close_portal(&name)?;
        }
        Ok(())
    }

    /// Finds a statement in the cache, or has it prepared.
    pub(super) fn prepare(&mut self, pipeline: &mut Pipeline, query: &Query) -> Result<Named, Error> {
        let statement = Text::statement(&query.statement)?;
        let types: Vec<_> = query.parameters.iter().map(|parameter| parameter.type_oid).collect();
        if let Some(known) = self.statements.find(&query.statement, &types) {
            return Ok(Named { name: known.name.clone(), known: Some(known), types });
        }
        let name = self.statements.name(&query.statement);
        pipeline.parse(&name, statement, &types)?;
        pipeline.describe(&name)?;
        Ok(Named { name, known: None, types })
    }

    /// Keeps a statement that was prepared, and removes one that cannot be used any more. True: that is why it has not run.
    pub(super) fn note_statement(&mut self, query: &Query, named: Named, reply: &Reply) -> bool {
        if named.known.is_some() {
            let outdated = if reply.is_bound() { None } else { Outdated::read(reply.error()) };
            match outdated {
                Some(Outdated::Columns) => self.statements.remove(&named.name),
                // A function has run DEALLOCATE ALL: the others are probably gone, too.
                Some(Outdated::Unknown) => self.statements.forget(),
                None => {}
            }
            return outdated.is_some();
        }
        match reply.described() {
            // A statement that made the server forget all others was forgotten itself.
            Some(columns) if !reply.forgot_statements() => {
                self.statements.keep(&query.statement, &named.types, Prepared { name: named.name, columns });
            }
            _ if reply.is_parsed() => self.statements.discard(named.name),
            _ => {}
        }
        false
    }
}

/// Why a prepared statement cannot be used any more.
#[derive(Clone, Copy)]
enum Outdated {
    /// The server does not know it.
    Unknown,
    /// Its tables have changed, and so have the columns of its rows.
    Columns,
}

impl Outdated {
    /// None: the error means something else.
    fn read(error: Option<&Error>) -> Option<Self> {
        let Some(Error::Database(error)) = error else { return None };
        match error.code.as_str() {
            "26000" => Some(Self::Unknown),
            // "cached plan must not change result type": the message depends on the server's language.
            "0A000" if error.routine.as_deref() == Some("RevalidateCachedQuery") => Some(Self::Columns),
            _ => None,
        }
    }
}
