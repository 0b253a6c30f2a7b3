//! Steps that take effect exactly once.

use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use toril_plugin::postgres::{self, PostgresError};
use toril_plugin::{Failure, Job, Json, clock};

use crate::answers::failure;
use crate::statements::Pool;
use crate::{connect, main_pool};

#[derive(Deserialize)]
struct Steps {
    #[serde(default = "main_pool")]
    pool: String,
    steps: Vec<String>,
    /// A table with the columns id, queue, job and step.
    table: String,
    /// The index of the step after which the attempt fails, if it is the first one.
    fail_after: Option<usize>,
    /// The time between two steps.
    #[serde(default)]
    sleep_ms: u64,
    /// A statement at the end of each step.
    last: Option<String>,
}

pub fn ensure(Pool { pool }: Pool) -> Result<Json, Failure> {
    postgres::ensure_steps_table(&mut connect(&pool)?).map_err(failure)?;
    Ok(Json::from(json!({})))
}

/// Runs the steps, each of which inserts a row. Returns the ids of the rows.
pub fn run(job: &Job<Json>) -> Result<Json, Failure> {
    let Steps { pool, steps, table, fail_after, sleep_ms, last } = job.data.parse()?;
    let insert = format!("insert into {table} (queue, job, step) values ($1, $2, $3) returning id");
    let mut db = connect(&pool)?;
    let mut results = Vec::new();
    for (at, step) in steps.iter().enumerate() {
        let id = db.once(job, step, |t| -> Result<i64, PostgresError> {
            let id = t.query_one(&insert, &[&job.queue, &job.id, step])?;
            last.as_ref().map_or(Ok(0), |last| t.execute(last, &[]))?;
            Ok(id)
        });
        results.push(id.map_err(failure)?);
        if fail_after == Some(at) && job.attempt == 1 {
            return Err(Failure::retry("this attempt fails on purpose"));
        }
        if sleep_ms > 0 {
            clock::sleep(Duration::from_millis(sleep_ms));
        }
    }
    Ok(Json::from(json!({ "results": results })))
}
