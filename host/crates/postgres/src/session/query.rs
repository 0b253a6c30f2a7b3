//! One statement with parameters, prepared and kept prepared.

use super::Session;
use super::exchange::Lost;
use super::read_only::Wrapping;
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
        let built = self.build(|session, pipeline| {
            wrapping.before(pipeline)?;
            let named = match wrapping {
                // SQL can prepare another statement under a name of the host, and the host must know what runs here.
                Wrapping::Begin => parse(pipeline, query, String::new())?,
                _ => session.prepare(pipeline, query)?,
            };
            pipeline.bind("", &named.name, &query.parameters, query.results)?;
            pipeline.execute("", 0, true)?;
            wrapping.after(pipeline)?;
            pipeline.sync();
            Ok(named)
        });
        let (pipeline, named) = match built {
            Ok(built) => built,
            Err(refused) => return Ok(Err(refused)),
        };
        let columns = named.known.as_ref().map(|known| known.columns.clone());
        let reply = self.exchange(pipeline, self.rules.bounds, columns, stop).await?;
        let forgotten = self.note_statement(query, named, &reply);
        self.unwrap_transaction(wrapping).await?;
        Ok(Ok((reply, forgotten)))
    }

    /// Builds a pipeline that first closes what nobody uses any more. A call that is refused leaves that to the next one.
    pub(super) fn build(
        &mut self,
        add: impl FnOnce(&mut Self, &mut Pipeline) -> Result<Named, Error>,
    ) -> Result<(Pipeline, Named), Error> {
        let mut pipeline = Pipeline::default();
        for name in self.statements.unused() {
            pipeline.close_statement(name)?;
        }
        for name in &self.unused_portals {
            pipeline.close_portal(name)?;
        }
        let named = add(self, &mut pipeline)?;
        self.statements.clear_unused();
        self.unused_portals.clear();
        Ok((pipeline, named))
    }

    /// Finds a statement in the cache, or has it prepared.
    pub(super) fn prepare(&mut self, pipeline: &mut Pipeline, query: &Query) -> Result<Named, Error> {
        let types = types(query);
        if let Some(known) = self.statements.find(&query.statement, &types) {
            return Ok(Named { name: known.name.clone(), known: Some(known), types });
        }
        let name = self.statements.name(&query.statement);
        parse(pipeline, query, name)
    }

    /// Keeps a statement that was prepared, and removes one that cannot be used any more. True: that is why it has not run.
    pub(super) fn note_statement(&mut self, query: &Query, named: Named, reply: &Reply) -> bool {
        if named.known.is_some() {
            let outdated = if reply.is_bound() { None } else { Outdated::read(reply.error()) };
            match outdated {
                Some(Outdated::Changed) => self.statements.remove(&named.name),
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

/// Has a statement prepared. An empty name: for this pipeline only.
fn parse(pipeline: &mut Pipeline, query: &Query, name: String) -> Result<Named, Error> {
    let types = types(query);
    pipeline.parse(&name, Text::statement(&query.statement)?, &types)?;
    pipeline.describe(&name)?;
    Ok(Named { name, known: None, types })
}

fn types(query: &Query) -> Vec<u32> {
    query.parameters.iter().map(|parameter| parameter.type_oid).collect()
}

/// Why a prepared statement cannot be used any more.
#[derive(Clone, Copy)]
enum Outdated {
    /// The server does not know it.
    Unknown,
    /// The types of its parameters or the columns of its rows may be those of tables that have changed since.
    Changed,
}

impl Outdated {
    /// What an error before the end of Bind means. None: it says nothing about the statement.
    fn read(error: Option<&Error>) -> Option<Self> {
        let Some(Error::Database(error)) = error else { return None };
        match (error.code.as_str(), error.code.get(..2)) {
            ("26000", _) => Some(Self::Unknown),
            // A lock that was not free, a conflict, a lack of resources, and a cancel by somebody else.
            ("55P03", _) | (_, Some("40" | "53" | "57")) => None,
            // A value that does not suit its parameter has many codes. If it is the value, the second run has the same error.
            _ => Some(Self::Changed),
        }
    }
}
