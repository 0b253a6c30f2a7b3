//! Steps that take effect exactly once, although a job may run several times.

use std::time::SystemTime;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{AsJson, Connection, Isolation, PostgresError, Timestamp, ToParameter, Transaction, TransactionOptions};
use crate::Job;

/// Creates the table of steps that is documented with [`Connection::once`]. One session at a time creates it, because
/// `if not exists` alone fails in two sessions at once.
const CREATE: &str = "
begin;
select pg_advisory_xact_lock(hashtext('toril_steps'));
create table if not exists toril_steps (
    queue text not null,
    job text not null,
    added bigint not null,
    step text not null,
    result jsonb,
    at timestamptz not null default now(),
    primary key (queue, job, added, step)
);
commit";

const INSERT: &str = "insert into toril_steps (queue, job, added, step) values ($1, $2, $3, $4) \
                      on conflict do nothing returning pg_current_xact_id()::text";
/// Changes nothing if the function has ended the transaction, also if it has begun another one.
const FINISH: &str = "update toril_steps set result = $5 where queue = $1 and job = $2 and added = $3 and step = $4 \
                      and pg_current_xact_id()::text = $6";
const RESULT: &str = "select result::text from toril_steps where queue = $1 and job = $2 and added = $3 and step = $4";
const INSTEAD: &str = "do not begin or end a transaction with a statement, and use savepoints";

/// Creates the table `toril_steps` if it does not exist. A table that exists needs no right to create one.
///
/// # Errors
/// If the server did not create it.
pub fn ensure_steps_table(connection: &mut Connection) -> Result<(), PostgresError> {
    let exists: bool = connection.query_one("select to_regclass('toril_steps') is not null", &[])?;
    if !exists {
        connection.batch(CREATE)?;
    }
    Ok(())
}

impl Connection {
    /// Runs a step of a job exactly once. The function's changes, and a row in the table `toril_steps` that records the
    /// step with its result, are committed in one transaction. If an earlier attempt of this job has committed the
    /// step, the function does not run, and the result of then is returned.
    ///
    /// Only changes of this transaction take effect exactly once. A request that the function sends may be sent again.
    /// While another host runs the same step, this call waits for it. The function must not begin or end a transaction
    /// with a statement of its own, which this call reports as an error. [`Transaction::savepoint`] undoes a part.
    ///
    /// ```no_run
    /// use toril_plugin::{Failure, Job, postgres};
    ///
    /// fn pay(job: Job<i64>) -> Result<i64, Failure> {
    ///     let mut db = postgres::connect("main")?;
    ///     let balance = db.once(&job, "charge", |t| {
    ///         t.query_one("update accounts set cents = cents - $1 where id = 7 returning cents", &[&job.data])
    ///     })?;
    ///     Ok(balance)
    /// }
    /// ```
    ///
    /// A step belongs to one job: its queue, its id, and the time when it was added, because ids can be used again. The
    /// name of a step is unique in its job. [`ensure_steps_table`] creates the table, or a migration:
    ///
    /// ```sql
    /// create table toril_steps (
    ///     queue text not null, job text not null, added bigint not null, step text not null,
    ///     result jsonb, at timestamptz not null default now(),
    ///     primary key (queue, job, added, step)
    /// );
    /// ```
    ///
    /// # Errors
    /// The function's error, or why the transaction failed.
    pub fn once<D, T, E>(
        &mut self,
        job: &Job<D>,
        step: &str,
        run: impl FnOnce(&mut Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E>
    where
        T: Serialize + DeserializeOwned,
        E: From<PostgresError>,
    {
        let added = added(job.added_at);
        // With another level, the insert could fail where it has to wait for another runner of the step.
        let mut transaction = self.begin_with(TransactionOptions::new().isolation(Isolation::ReadCommitted))?;
        let id: Option<String> = transaction.query_optional(INSERT, &[&job.queue, &job.id, &added, &step])?;
        let Some(id) = id else {
            let stored = transaction.query_optional(RESULT, &[&job.queue, &job.id, &added, &step])?;
            transaction.rollback()?;
            return Ok(stored_result(step, stored)?);
        };
        let value = match run(&mut transaction) {
            Ok(value) => value,
            Err(error) => {
                // The function's error says more than a rollback that failed because of it.
                let _rolled_back = transaction.rollback();
                return Err(error);
            }
        };
        let key: [&dyn ToParameter; 6] = [&job.queue, &job.id, &added, &step, &AsJson(&value), &id];
        finished(step, transaction.execute(FINISH, &key)?)?;
        transaction.commit()?;
        Ok(value)
    }
}

/// The time in milliseconds since the Unix epoch.
fn added(at: SystemTime) -> i64 {
    Timestamp::from(at).unix_micros().div_euclid(1000)
}

/// Checks how many rows have got the result.
fn finished(step: &str, rows: u64) -> Result<(), PostgresError> {
    if rows == 1 {
        return Ok(());
    }
    Err(PostgresError::Invalid(format!(
        "the function of the step `{step}` has ended the transaction of the step: {INSTEAD}"
    )))
}

/// The stored result. The outer `None`: there is no row. The inner one: it has no result.
fn stored_result<T: DeserializeOwned>(step: &str, stored: Option<Option<String>>) -> Result<T, PostgresError> {
    let Some(result) = stored else {
        let reason = format!("the step `{step}` was deleted from toril_steps while this attempt waited for it");
        return Err(PostgresError::Unavailable(reason));
    };
    let Some(text) = result else {
        return Err(PostgresError::Invalid(format!(
            "the step `{step}` has no result in toril_steps: an earlier attempt has ended the transaction of the step \
             before its function returned. Find out which of its changes were made, and then delete its row. In the \
             function, {INSTEAD}"
        )));
    };
    serde_json::from_str(&text).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        PostgresError::Unexpected(format!("the stored result of the step `{step}` is of another type ({place})"))
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_job_is_known_by_the_milliseconds_of_when_it_was_added() {
        assert_eq!(added(SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_123)), 1_700_000_000_123);
    }

    #[test]
    fn a_stored_result_that_does_not_fit_is_not_quoted() {
        let stored = |text: &str| Some(Some(text.to_owned()));
        assert_eq!(stored_result::<Vec<u8>>("charge", stored("[1, 2]")), Ok(vec![1, 2]));
        assert_eq!(stored_result::<()>("charge", stored("null")), Ok(()));
        let error = stored_result::<u8>("charge", stored("\"hunter2\"")).expect_err("a string is no number");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }

    #[test]
    fn a_step_without_a_result_is_an_error_even_if_its_type_has_a_null() {
        let no_result = stored_result::<Option<u8>>("charge", Some(None)).expect_err("no result");
        assert!(no_result.to_string().starts_with("the step `charge` has no result in toril_steps"), "{no_result}");
        assert!(no_result.is_permanent());
        let no_row = stored_result::<Option<u8>>("charge", None).expect_err("no row");
        assert!(no_row.to_string().contains("was deleted"), "{no_row}");
        assert!(!no_row.is_permanent());
    }

    #[test]
    fn a_step_whose_row_did_not_get_the_result_has_failed() {
        assert_eq!(finished("charge", 1), Ok(()));
        let error = finished("charge", 0).expect_err("another transaction");
        assert!(error.to_string().contains("`charge` has ended the transaction"), "{error}");
    }
}
