//! A connection that outlives its attempt in an instance that runs several jobs.

use std::cell::RefCell;

use serde::Deserialize;
use serde_json::json;
use toril_plugin::postgres::Connection;
use toril_plugin::{Failure, Json};

use crate::answers::{answer_or_error, failure};
use crate::{connect, main_pool};

thread_local! {
    static KEPT: RefCell<Option<Connection>> = const { RefCell::new(None) };
}

#[derive(Deserialize)]
pub struct Statement {
    #[serde(default = "main_pool")]
    pool: String,
    sql: String,
}

/// Runs a statement, and keeps the connection.
pub fn keep(Statement { pool, sql }: Statement) -> Result<Json, Failure> {
    let db = connect(&pool)?;
    db.execute(&sql, &[]).map_err(failure)?;
    KEPT.set(Some(db));
    Ok(Json::from(json!({})))
}

/// Runs a statement on the connection that an earlier job has kept, and then one on another connection.
pub fn kept(Statement { pool, sql }: Statement) -> Result<Json, Failure> {
    let kept = KEPT.with_borrow(|kept| kept.as_ref().map(|db| answer_or_error(db.query(&sql, &[]))));
    let fresh = answer_or_error(connect(&pool)?.query(&sql, &[]));
    Ok(Json::from(json!({ "kept": kept, "fresh": fresh })))
}
