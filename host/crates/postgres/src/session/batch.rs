//! Statements that are separated by semicolons, without parameters.

use super::Session;
use super::exchange::Lost;
use super::stop::Stop;
use crate::answer::{Answer, Format, Query};
use crate::error::Error;
use crate::wire::{Pipeline, Text};

impl Session {
    /// Runs statements one after the other. Outside of a transaction they are one.
    ///
    /// With `read_only` only one statement is allowed: the second one could begin a transaction that writes.
    pub(crate) async fn batch(
        &mut self,
        statements: &str,
        stop: &Stop<'_>,
    ) -> Result<Result<Vec<Answer>, Error>, Lost> {
        if self.rules.read_only {
            let query = Query { statement: statements.to_owned(), parameters: Vec::new(), results: Format::Text };
            return self.query(&query, stop).await;
        }
        let mut pipeline = Pipeline::default();
        if let Err(refused) = Text::statement(statements).and_then(|text| pipeline.simple(text)) {
            return Ok(Err(refused));
        }
        let reply = self.exchange(pipeline, self.rules.bounds, None, stop).await?;
        Ok(reply.into_result())
    }
}
