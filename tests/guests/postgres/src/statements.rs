//! Single statements, batches, and rows in portions.

use serde::Deserialize;
use serde_json::{Value, json};
use toril_plugin::postgres::{Parameter, ToParameter};
use toril_plugin::{Failure, Job, Json};

use crate::answers::{answer, answer_or_error, error, failure, parameter};
use crate::{connect, main_pool};

#[derive(Deserialize)]
pub struct Statement {
    #[serde(default = "main_pool")]
    pool: String,
    sql: String,
    #[serde(default)]
    parameters: Vec<Value>,
}

pub fn query(Statement { pool, sql, parameters }: Statement) -> Result<Json, Failure> {
    let db = connect(&pool)?;
    let parameters: Vec<Parameter> = parameters.into_iter().map(parameter).collect();
    let parameters: Vec<&dyn ToParameter> = parameters.iter().map(|one| one as &dyn ToParameter).collect();
    let rows = db.query(&sql, &parameters).map_err(failure)?;
    Ok(Json::from(answer(&rows).map_err(failure)?))
}

pub fn batch(Statement { pool, sql, .. }: Statement) -> Result<Json, Failure> {
    let answers = connect(&pool)?.batch(&sql).map_err(failure)?;
    let answers: Result<Vec<_>, _> = answers.iter().map(answer).collect();
    Ok(Json::from(Value::Array(answers.map_err(failure)?)))
}

#[derive(Deserialize)]
pub struct Session {
    #[serde(default = "main_pool")]
    pool: String,
    steps: Vec<String>,
}

/// Runs statements on one connection. Errors are values. `batch:` before a text sends it as a batch.
pub fn session(Session { pool, steps }: Session) -> Result<Json, Failure> {
    let db = connect(&pool)?;
    let step = |sql: &String| match sql.strip_prefix("batch:") {
        None => answer_or_error(db.query(sql, &[])),
        Some(batch) => match db.batch(batch) {
            Ok(answers) => answers.iter().map(|one| answer(one).unwrap_or_else(|problem| error(&problem))).collect(),
            Err(problem) => error(&problem),
        },
    };
    Ok(Json::from(steps.iter().map(step).collect::<Value>()))
}

#[derive(Deserialize)]
pub struct Portions {
    #[serde(default = "main_pool")]
    pool: String,
    sql: String,
    portion: u32,
    /// Read only this many portions.
    stop_after: Option<usize>,
}

pub fn cursor(Portions { pool, sql, portion, stop_after }: Portions) -> Result<Json, Failure> {
    let db = connect(&pool)?;
    let (mut portions, mut command) = (Vec::new(), String::new());
    {
        let mut cursor = db.cursor(&sql, &[]).map_err(failure)?;
        while stop_after.is_none_or(|most| portions.len() < most) {
            let Some(rows) = cursor.read(portion).map_err(failure)? else { break };
            portions.push(rows.len());
            command = rows.command().to_owned();
        }
    }
    // The connection can be used for something else again.
    let after: i64 = db.query_one("select 1", &[]).map_err(failure)?;
    let rows: usize = portions.iter().sum();
    Ok(Json::from(json!({ "portions": portions, "rows": rows, "command": command, "after": after })))
}

#[derive(Deserialize)]
pub struct Insert {
    #[serde(default = "main_pool")]
    pool: String,
    table: String,
}

/// What the benchmarks do: one row for each job.
pub fn insert(job: &Job<Json>) -> Result<Json, Failure> {
    let Insert { pool, table } = job.data.parse()?;
    let statement = format!("insert into {table} (job, data) values ($1, $2)");
    connect(&pool)?.execute(&statement, &[&job.id, &job.data]).map_err(failure)?;
    Ok(Json::from(json!({})))
}

#[derive(Deserialize)]
pub struct Pool {
    #[serde(default = "main_pool")]
    pub pool: String,
}

pub fn settings(Pool { pool }: Pool) -> Result<Json, Failure> {
    let db = connect(&pool)?;
    let before = db.server_setting("server_version");
    db.ready().map_err(failure)?;
    let version = db.server_setting("server_version");
    let encoding = db.server_setting("client_encoding");
    Ok(Json::from(json!({ "before": before, "server_version": version, "client_encoding": encoding })))
}
