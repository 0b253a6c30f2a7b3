//! Several statements at once, and statements that are given up.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use toril_plugin::{Failure, Json, clock};

use crate::answers::{answer_or_error, failure, kind};
use crate::{connect, main_pool};

#[derive(Deserialize)]
pub struct Parallel {
    #[serde(default = "main_pool")]
    pool: String,
    sql: String,
    connections: usize,
    /// How often each connection runs the statement.
    times: usize,
}

/// Runs a statement on several connections at once. All calls are pending at the same time.
pub fn parallel(Parallel { pool, sql, connections, times }: Parallel) -> Result<Json, Failure> {
    let connections: Vec<_> = (0..connections).map(|_| connect(&pool)).collect::<Result<_, _>>()?;
    let mut pending = Vec::new();
    for _ in 0..times {
        for db in &connections {
            pending.push(db.start(&sql, &[]).map_err(failure)?);
        }
    }
    let (mut completed, mut errors) = (0, BTreeMap::<_, u32>::new());
    for call in pending {
        match call.wait() {
            Ok(_) => completed += 1,
            Err(error) => *errors.entry(kind(&error)).or_default() += 1,
        }
    }
    Ok(Json::from(json!({ "completed": completed, "errors": errors })))
}

#[derive(Deserialize)]
pub struct Abandon {
    #[serde(default = "main_pool")]
    pool: String,
    sql: String,
    after_ms: u64,
}

/// Gives a statement up, and uses its connection for another one.
pub fn abandon(Abandon { pool, sql, after_ms }: Abandon) -> Result<Json, Failure> {
    let db = connect(&pool)?;
    let ended = {
        let call = db.start(&sql, &[]).map_err(failure)?;
        clock::sleep(Duration::from_millis(after_ms));
        call.is_ended()
    };
    let next = answer_or_error(db.query("select 1", &[]));
    Ok(Json::from(json!({ "ended": ended, "next": next })))
}
