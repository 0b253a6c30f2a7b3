//! Steps that take effect exactly once, although a job may run several times.

use std::time::SystemTime;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{AsJson, Connection, Isolation, PostgresError, Timestamp, Transaction, TransactionOptions};
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

const INSERT: &str = "insert into toril_steps (queue, job, added, step) values ($1, $2, $3, $4) on conflict do nothing";
const FINISH: &str = "update toril_steps set result = $5 where queue = $1 and job = $2 and added = $3 and step = $4";
const RESULT: &str = "select result::text from toril_steps where queue = $1 and job = $2 and added = $3 and step = $4";

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
    /// While another host runs the same step, this call waits for it.
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
        let is_new = transaction.execute(INSERT, &[&job.queue, &job.id, &added, &step])? == 1;
        if !is_new {
            let stored: Option<String> = transaction.query_one(RESULT, &[&job.queue, &job.id, &added, &step])?;
            transaction.rollback()?;
            return Ok(stored_result(stored.as_deref())?);
        }
        let value = match run(&mut transaction) {
            Ok(value) => value,
            Err(error) => {
                // The function's error says more than a rollback that failed because of it.
                let _rolled_back = transaction.rollback();
                return Err(error);
            }
        };
        transaction.commit_after(FINISH, &[&job.queue, &job.id, &added, &step, &AsJson(&value)])?;
        Ok(value)
    }
}

/// The time in milliseconds since the Unix epoch.
fn added(at: SystemTime) -> i64 {
    Timestamp::from(at).unix_micros().div_euclid(1000)
}

/// The stored result. SQL's NULL is JSON's null.
fn stored_result<T: DeserializeOwned>(text: Option<&str>) -> Result<T, PostgresError> {
    serde_json::from_str(text.unwrap_or("null")).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        PostgresError::Unexpected(format!("the stored result of the step is of another type ({place})"))
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
        assert_eq!(stored_result::<Vec<u8>>(Some("[1, 2]")), Ok(vec![1, 2]));
        assert_eq!(stored_result::<()>(None), Ok(()));
        let error = stored_result::<u8>(Some("\"hunter2\"")).expect_err("a string is no number");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}
