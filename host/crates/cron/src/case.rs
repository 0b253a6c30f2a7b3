//! A case that `tests/interop/cron.mjs` has made: a pattern, and the times that BullMQ for Node computes. The unit tests and
//! `tests/schedules.rs` share it.

use serde_json::Value;

use super::{CronError, Occurrences};

/// The next five times.
pub fn times(case: &Value) -> Result<Vec<i64>, CronError> {
    let text = |name: &str| case[name].as_str();
    let occurrences = Occurrences {
        pattern: text("pattern").expect("a pattern"),
        zone: Some(text("tz").unwrap_or("UTC")),
        seed: text("hashSeed"),
        start: case["startDate"].as_i64(),
        end: case["endDate"].as_i64(),
    };
    let mut found = Vec::new();
    let mut at = case["from"].as_i64().expect("a time");
    while found.len() < 5 {
        let Some(next) = occurrences.next(at)? else { break };
        found.push(next);
        at = next;
    }
    Ok(found)
}

/// What Node says. None: it refuses the pattern.
pub fn expected(case: &Value) -> Option<Vec<i64>> {
    Some(case["times"].as_array()?.iter().filter_map(Value::as_i64).collect())
}
