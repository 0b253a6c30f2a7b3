//! Transactions and savepoints.

use serde::Deserialize;
use serde_json::json;
use toril_plugin::postgres::{Isolation, PostgresError, TransactionOptions};
use toril_plugin::{Failure, Json};

use crate::answers::failure;
use crate::statements::Pool;
use crate::{connect, main_pool};

#[derive(Deserialize)]
pub struct Run {
    #[serde(default = "main_pool")]
    pool: String,
    steps: Vec<String>,
    end: End,
    isolation: Option<String>,
    #[serde(default)]
    read_only: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum End {
    Commit,
    Rollback,
    /// The attempt ends while the transaction is open.
    Leave,
    Trap,
    ReturnError,
}

/// Runs statements in one transaction, and ends it or not.
pub fn run(Run { pool, steps, end, isolation, read_only }: Run) -> Result<Json, Failure> {
    let mut options = TransactionOptions::new();
    if let Some(isolation) = isolation {
        options = options.isolation(match isolation.as_str() {
            "read committed" => Isolation::ReadCommitted,
            "repeatable read" => Isolation::RepeatableRead,
            _ => Isolation::Serializable,
        });
    }
    if read_only {
        options = options.read_only();
    }
    let mut db = connect(&pool)?;
    let transaction = db.begin_with(options).map_err(failure)?;
    for sql in &steps {
        transaction.execute(sql, &[]).map_err(failure)?;
    }
    let isolation: String = transaction.query_one("show transaction_isolation", &[]).map_err(failure)?;
    match end {
        End::Commit => transaction.commit().map_err(failure)?,
        End::Rollback => transaction.rollback().map_err(failure)?,
        // Neither dropped nor ended: the host has to do it.
        End::Leave => std::mem::forget(transaction),
        End::Trap => panic!("this job traps on purpose"),
        End::ReturnError => return Err(Failure::retry("this job fails on purpose")),
    }
    Ok(Json::from(json!({ "isolation": isolation })))
}

/// Undoes parts of a transaction, after an error and without one.
pub fn savepoints(Pool { pool }: Pool) -> Result<Json, Failure> {
    let mut db = connect(&pool)?;
    let kept = db.transaction(|t| -> Result<Vec<i32>, PostgresError> {
        t.execute("create temporary table kept (n int primary key) on commit drop", &[])?;
        t.execute("insert into kept values (1)", &[])?;
        let failed = t.savepoint(|s| -> Result<(), PostgresError> {
            s.execute("insert into kept values (2)", &[])?;
            s.execute("insert into kept values (1)", &[]).map(drop)
        });
        if failed.as_ref().err().and_then(PostgresError::code) != Some("23505") {
            return Err(PostgresError::Unexpected("the key is not a duplicate".into()));
        }
        t.savepoint(|s| -> Result<(), PostgresError> {
            s.execute("insert into kept values (3)", &[])?;
            let inner = s.begin_savepoint()?;
            inner.execute("insert into kept values (4)", &[])?;
            drop(inner);
            s.execute("insert into kept values (5)", &[]).map(drop)
        })?;
        // A function that ignores the error of its statement.
        let ignored = t.savepoint(|s| -> Result<(), PostgresError> {
            s.execute("insert into kept values (6)", &[])?;
            let _duplicate = s.execute("insert into kept values (1)", &[]);
            Ok(())
        });
        if ignored.as_ref().err().and_then(PostgresError::code) != Some("25P02") {
            return Err(PostgresError::Unexpected("the savepoint was released".into()));
        }
        t.query_as("select n from kept order by n", &[])
    });
    Ok(Json::from(json!({ "kept": kept.map_err(failure)? })))
}
