//! The next job of a scheduler: added when one is claimed, as BullMQ's workers in Node do.

use bullmq::job_scheduler::next_cron_millis;
use serde_json::{Map, Value, json};

use crate::queue::claimed::Claimed;

/// When a scheduler's next job is due, and with which options.
#[derive(Debug)]
pub struct Iteration {
    /// Milliseconds since the Unix epoch. 0: BullMQ's script reckons it, from the scheduler's interval.
    pub at: u64,
    /// The job's options.
    pub options: Value,
}

/// The iteration that follows on this job. None: the scheduler has come to its end. The error says what is wrong with
/// the scheduler.
pub fn next(job: &Claimed, now: u64) -> Result<Option<Iteration>, String> {
    let Some(Value::Object(template)) = &job.options.template else {
        return Err("the job's options do not say how it repeats".to_owned());
    };
    let empty = Map::new();
    let repeat = template.get("repeat").and_then(Value::as_object).unwrap_or(&empty);
    let number = |name: &str| repeat.get(name).and_then(Value::as_f64);
    let count = number("count").unwrap_or(0.0) + 1.0;
    if number("limit").is_some_and(|limit| count > limit) || number("endDate").is_some_and(|end| now as f64 > end) {
        return Ok(None);
    }
    let at = match repeat.get("pattern").and_then(Value::as_str) {
        None => 0,
        Some(pattern) => {
            let from = template.get("prevMillis").and_then(Value::as_u64).unwrap_or(0).max(now);
            let zone = repeat.get("tz").and_then(Value::as_str);
            let start = repeat.get("startDate").and_then(Value::as_u64);
            match next_cron_millis(pattern, from, zone, start) {
                Ok(Some(at)) => at.max(from),
                Ok(None) => return Ok(None),
                Err(error) => return Err(error.to_string()),
            }
        }
    };
    Ok(Some(Iteration { at, options: options(job, template, repeat, count, at, now) }))
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a count of iterations
fn options(
    job: &Claimed,
    template: &Map<String, Value>,
    repeat: &Map<String, Value>,
    count: f64,
    at: u64,
    now: u64,
) -> Value {
    let mut repeat = repeat.clone();
    repeat.shift_remove("immediately");
    // Only an interval has one, and no interval's is 0.
    if repeat.get("every").is_none() || repeat.get("offset").and_then(Value::as_f64) == Some(0.0) {
        repeat.shift_remove("offset");
    }
    repeat.insert("count".to_owned(), json!(count as u64));
    let mut options = template.clone();
    options.insert("repeat".to_owned(), Value::Object(repeat));
    options.insert("timestamp".to_owned(), json!(now));
    options.insert("repeatJobKey".to_owned(), json!(job.scheduler));
    options.shift_remove("prevMillis");
    if at > 0 {
        options.insert("prevMillis".to_owned(), json!(at));
    }
    Value::Object(options)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::claimed::Options;

    fn job(opts: &str) -> Claimed {
        Claimed { scheduler: Some("s".into()), options: Options::read(opts), ..Claimed::sample() }
    }

    #[test]
    fn a_pattern_goes_on_from_its_last_time_in_its_zone() {
        // Midnight of 2026-07-01 in Berlin is 22:00 the day before in UTC.
        let opts = r#"{"repeat":{"pattern":"0 0 * * *","tz":"Europe/Berlin","count":1},"prevMillis":1782770400000}"#;
        let next = next(&job(opts), 1_782_770_400_001).expect("a pattern").expect("not its end");
        assert_eq!(next.at, 1_782_856_800_000);
        assert_eq!((&next.options["prevMillis"], &next.options["repeat"]["count"]), (&json!(next.at), &json!(2)));
    }

    #[test]
    fn a_scheduler_ends_with_its_limit_and_after_its_end_date() {
        assert!(next(&job(r#"{"repeat":{"every":5,"count":3,"limit":3}}"#), 9).expect("fits").is_none());
        assert!(next(&job(r#"{"repeat":{"every":5,"endDate":8}}"#), 9).expect("fits").is_none());
        assert_eq!(next(&job(r#"{"repeat":{"every":5}}"#), 9).expect("fits").expect("goes on").at, 0);
    }

    #[test]
    fn a_pattern_that_is_none_is_told() {
        assert!(next(&job(r#"{"repeat":{"pattern":"each day"}}"#), 9).expect_err("no pattern").contains("each day"));
    }
}
