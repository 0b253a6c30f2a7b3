//! Transactions that cannot write, for pools with `read_only`.
//!
//! The server has no session that can never write: a caller could set `default_transaction_read_only` to off. But a transaction
//! that is READ ONLY stays so once it has a snapshot. The host therefore begins each transaction itself, and takes a snapshot
//! in it, before the caller's statement. The extended protocol runs one statement at a time, so that none can end that
//! transaction and begin another one before the host speaks again.

use super::Session;
use super::exchange::Lost;
use crate::answer::TransactionStatus;
use crate::error::Error;
use crate::wire::Pipeline;

/// What the host adds around a statement.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Wrapping {
    /// Nothing.
    None,
    /// The host begins a transaction before the statement, and commits it afterwards.
    Own,
    /// The statement begins a transaction, which the host makes read-only afterwards.
    Begin,
    /// A transaction is open. The host makes sure that it is read-only: `COMMIT AND CHAIN` begins one without a snapshot.
    Open,
}

/// Takes a snapshot. It has no table, and a row without columns.
const SNAPSHOT: &str = "SELECT";

impl Wrapping {
    /// Adds what comes before the statement.
    pub(super) fn before(self, pipeline: &mut Pipeline) -> Result<(), Error> {
        match self {
            Self::None | Self::Begin => return Ok(()),
            Self::Own => pipeline.own("BEGIN READ ONLY")?,
            Self::Open => pipeline.own("SET TRANSACTION READ ONLY")?,
        }
        pipeline.own(SNAPSHOT)
    }

    /// Adds what comes after the statement.
    pub(super) fn after(self, pipeline: &mut Pipeline) -> Result<(), Error> {
        match self {
            Self::None | Self::Open => Ok(()),
            Self::Own => pipeline.own("COMMIT"),
            Self::Begin => {
                pipeline.own("SET TRANSACTION READ ONLY")?;
                pipeline.own(SNAPSHOT)
            }
        }
    }
}

impl Session {
    /// What must be added around this statement.
    pub(super) fn wrapping(&self, statement: &str) -> Wrapping {
        match self.status {
            _ if !self.rules.read_only => Wrapping::None,
            TransactionStatus::Idle if begins_transaction(statement) => Wrapping::Begin,
            TransactionStatus::Idle => Wrapping::Own,
            TransactionStatus::Open => Wrapping::Open,
            TransactionStatus::Failed => Wrapping::None,
        }
    }

    /// Ends a transaction of the host that has failed.
    pub(super) async fn unwrap_transaction(&mut self, wrapping: Wrapping) -> Result<(), Lost> {
        if wrapping == Wrapping::Own && self.status != TransactionStatus::Idle {
            self.run("ROLLBACK").await?;
        }
        Ok(())
    }
}

/// Whether a statement begins with BEGIN or START. Comments are not skipped: an unknown statement is run in the host's own
/// transaction, where a second BEGIN cannot make it writable.
fn begins_transaction(statement: &str) -> bool {
    let start = statement.trim_ascii_start();
    let word = start.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
    let rest = start[word.len()..].chars().next();
    let ends = rest.is_none_or(|c| c.is_ascii_whitespace() || c == ';');
    ends && (word.eq_ignore_ascii_case("begin") || word.eq_ignore_ascii_case("start"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_statement_that_certainly_begins_a_transaction_runs_outside_of_one() {
        for begins in ["BEGIN", " begin;", "\tStart\ntransaction", "BEGIN READ WRITE"] {
            assert!(begins_transaction(begins), "{begins}");
        }
        for other in [
            "",
            "/**/begin",
            "-- x\nbegin",
            "beginning",
            "begin_x()",
            "\"begin\"",
            "begin/**/",
            "select 1",
            "bégin",
            "\u{a0}begin",
        ] {
            assert!(!begins_transaction(other), "{other}");
        }
    }
}
