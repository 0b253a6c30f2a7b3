//! The reset of a session before the next borrower: what `DISCARD ALL` does, but the host's own prepared statements stay.
//!
//! Nothing is skipped, whatever the borrower has run: a function, a trigger or a default could have set or locked anything.
//! The query for SQL's prepared statements takes most of the server's time for it.

use super::Session;
use super::exchange::{CANCEL, Lost, OWN};
use super::stop::Stop;
use crate::answer::{Answer, TransactionStatus};
use crate::error::Error;
use crate::wire::{Pipeline, Text};

/// The settings come first, so that nothing that follows depends on a borrower's.
const RESET: &str = "SET SESSION AUTHORIZATION DEFAULT; RESET ROLE; RESET ALL; CLOSE ALL; UNLISTEN *; \
    DISCARD TEMP; DISCARD SEQUENCES; SELECT pg_catalog.pg_advisory_unlock_all()";
/// What a borrower has prepared with SQL's PREPARE, perhaps under a name of the host. This query is sent as text each time: if
/// it were prepared, a borrower could put another one under its name, and hide what it left.
const LEFT: &str = "SELECT name FROM pg_catalog.pg_prepared_statements WHERE from_sql";

impl Session {
    /// Resets the session. The error is a sentence for the log.
    pub(crate) async fn reset(&mut self) -> Result<(), String> {
        if self.busy || self.unsuitable {
            return Err("the connection is of no further use".to_owned());
        }
        match self.try_reset().await.map_err(|Lost(error)| error).and_then(|result| result) {
            Ok(()) => Ok(()),
            // Without the message, which can contain what the borrower has named.
            Err(Error::Database(error)) => Err(format!("the reset failed with SQLSTATE {}", error.code)),
            Err(error) => Err(format!("the reset failed: {error}")),
        }
    }

    async fn try_reset(&mut self) -> Result<Result<(), Error>, Lost> {
        let stop = Stop::after(CANCEL);
        if self.unsynced {
            self.sync(&stop).await?;
            self.unsynced = false;
        }
        let rollback = if self.status == TransactionStatus::Idle { "" } else { "ROLLBACK; " };
        let answers = match self.run_all(&format!("{rollback}{RESET}; {LEFT}"), &stop).await? {
            Ok(answers) => answers,
            Err(error) => return Ok(Err(error)),
        };
        let names = answers.last().map(texts).unwrap_or_default();
        if !names.is_empty() {
            let quoted = names.iter().map(|name| format!("DEALLOCATE \"{}\"", name.replace('"', "\"\"")));
            let deallocate = quoted.collect::<Vec<_>>().join("; ");
            if let Err(error) = self.run_all(&deallocate, &stop).await? {
                return Ok(Err(error));
            }
        }
        // The end of a transaction has closed them.
        self.unused_portals.clear();
        match self.status {
            TransactionStatus::Idle => Ok(Ok(())),
            _ => Ok(Err(Error::Invalid("a transaction is open".to_owned()))),
        }
    }

    pub(super) async fn run_all(
        &mut self,
        statements: &str,
        stop: &Stop<'_>,
    ) -> Result<Result<Vec<Answer>, Error>, Lost> {
        let mut pipeline = Pipeline::default();
        if let Err(error) = Text::statement(statements).and_then(|text| pipeline.simple(text)) {
            return Ok(Err(error));
        }
        Ok(self.exchange(pipeline, OWN, None, stop).await?.into_result())
    }
}

/// The values of an answer with one column of text.
fn texts(answer: &Answer) -> Vec<String> {
    let mut rest = answer.rows.as_slice();
    let mut texts = Vec::new();
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let length = usize::try_from(i32::from_be_bytes(*length)).unwrap_or_default();
        let Some((value, after)) = after.split_at_checked(length) else { break };
        texts.push(String::from_utf8_lossy(value).into_owned());
        rest = after;
    }
    texts
}
