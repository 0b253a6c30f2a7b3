//! Computes the next job of a job scheduler. Pure. It follows BullMQ's `JobScheduler`, and reads the options as
//! JavaScript does.

use serde_json::{Map, Value, json};

use crate::claimed::Claimed;
use crate::js;
use toril_cron::{CronError, Occurrences};

/// When a schedule's next job is due, and its options.
#[derive(Debug)]
pub struct Iteration {
    /// Milliseconds since the Unix epoch. With 0, BullMQ's script computes the time from the scheduler's interval.
    pub at: u64,
    /// The job's options.
    pub options: Value,
}

/// Why the next time of a schedule cannot be computed here. A worker with a custom repeat strategy may be able to
/// compute it.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// The pattern or its time zone is invalid.
    #[error(transparent)]
    Cron(#[from] CronError),
    /// There is neither a pattern nor an interval, or both.
    #[error("its `repeat` options need either `pattern` or `every`")]
    Options,
}

/// A job's repeat options: the object `repeat` in its options.
pub struct Repeat<'a>(pub &'a Map<String, Value>);

impl Repeat<'_> {
    fn number(&self, name: &str) -> f64 {
        js::number(self.0.get(name))
    }

    /// The number of jobs of the schedule, including the next one. `None`: the schedule has ended.
    pub fn count(&self, now: u64) -> Option<u64> {
        let count = if js::truthy(self.0.get("count")) { self.number("count") + 1.0 } else { 1.0 };
        if self.0.contains_key("limit") && count > self.number("limit") {
            return None;
        }
        if js::truthy(self.0.get("endDate")) && now as f64 > js::time(self.0.get("endDate")) {
            return None;
        }
        js::whole(count).map(i64::unsigned_abs)
    }

    /// The next time of a pattern, not before `now`. `None`: there is none.
    pub fn occurrence(&self, pattern: &str, now: u64) -> Result<Option<u64>, Unreadable> {
        let text = |name: &str| self.0.get(name).and_then(Value::as_str);
        let time = |name: &str| js::whole(js::time(self.0.get(name)));
        // An option of BullMQ 5. It takes precedence over `tz`.
        let zone = if js::truthy(self.0.get("utc")) { Some("UTC") } else { text("tz") };
        let occurrences = Occurrences {
            pattern,
            zone: zone.filter(|zone| !zone.is_empty()),
            seed: text("hashSeed"),
            start: time("startDate"),
            end: time("endDate"),
        };
        let next = occurrences.next(i64::try_from(now).unwrap_or(i64::MAX))?;
        Ok(next.and_then(|next| u64::try_from(next).ok()).map(|next| next.max(now)))
    }

    /// The interval in milliseconds, if it has one.
    pub fn every(&self) -> Option<f64> {
        js::truthy(self.0.get("every")).then(|| self.number("every")).filter(|every| *every > 0.0)
    }

    /// A date as a number, if it has one.
    pub fn date(&self, name: &str) -> Option<i64> {
        js::truthy(self.0.get(name)).then(|| js::whole(js::time(self.0.get(name)))).flatten()
    }
}

/// The time from which to search the next one. The job may have been claimed late or early.
pub fn from(template: &Map<String, Value>, now: u64) -> u64 {
    let previous = js::whole(js::number(template.get("prevMillis"))).and_then(|at| u64::try_from(at).ok());
    previous.unwrap_or(0).max(now)
}

/// The next job after this job of a scheduler. `None`: the schedule has ended.
pub fn next(job: &Claimed, now: u64) -> Result<Option<Iteration>, Unreadable> {
    let Some(Value::Object(template)) = &job.options.template else { return Err(Unreadable::Options) };
    let empty = Map::new();
    let repeat = Repeat(template.get("repeat").and_then(Value::as_object).unwrap_or(&empty));
    let Some(count) = repeat.count(now) else { return Ok(None) };
    let pattern = repeat.0.get("pattern").and_then(Value::as_str).filter(|pattern| !pattern.is_empty());
    let at = match (pattern, repeat.every()) {
        (Some(pattern), None) => match repeat.occurrence(pattern, from(template, now))? {
            Some(at) => at,
            None => return Ok(None),
        },
        (None, Some(_)) => 0,
        _ => return Err(Unreadable::Options),
    };
    Ok(Some(Iteration { at, options: options(job, template, &repeat, count, at, now) }))
}

/// Applies the changes that Node's client makes to a job's options whenever it reads the job.
pub fn complete(options: &mut Map<String, Value>) {
    if !options.contains_key("attempts") {
        options.insert("attempts".to_owned(), json!(0));
    }
    if let Some(backoff) = options.get_mut("backoff").filter(|backoff| backoff.is_number()) {
        *backoff = json!({ "type": "fixed", "delay": backoff });
    }
}

fn options(job: &Claimed, template: &Map<String, Value>, repeat: &Repeat<'_>, count: u64, at: u64, now: u64) -> Value {
    let mut next = repeat.0.clone();
    next.shift_remove("immediately");
    // Only an interval has an offset, and it is never 0.
    if repeat.every().is_none() || !js::truthy(next.get("offset")) {
        next.shift_remove("offset");
    }
    next.insert("count".to_owned(), json!(count));
    for name in ["startDate", "endDate"] {
        match repeat.date(name) {
            Some(date) => drop(next.insert(name.to_owned(), json!(date))),
            None => drop(next.shift_remove(name)),
        }
    }
    let mut options = template.clone();
    complete(&mut options);
    options.insert("repeat".to_owned(), Value::Object(next));
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
    use crate::claimed::Options;

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
        let ends = |repeat: &str| next(&job(&format!(r#"{{"repeat":{repeat}}}"#)), 9).expect("fits").is_none();
        assert!(ends(r#"{"every":5,"count":3,"limit":3}"#));
        assert!(ends(r#"{"every":5,"count":3,"limit":"3"}"#));
        assert!(ends(r#"{"every":5,"limit":null}"#), "as in Node, where 1 is more than null");
        assert!(ends(r#"{"every":5,"endDate":8}"#));
        assert!(ends(r#"{"every":5,"endDate":"1969-12-31T00:00:00Z"}"#));
        assert!(!ends(r#"{"every":5,"count":3,"limit":9.007199254741e+15}"#));
        assert_eq!(next(&job(r#"{"repeat":{"every":5}}"#), 9).expect("fits").expect("goes on").at, 0);
    }

    #[test]
    fn dates_become_numbers_as_in_node() {
        let opts = r#"{"repeat":{"every":5,"startDate":"1970-01-01T00:00:05Z","endDate":null,"offset":0}}"#;
        let next = next(&job(opts), 9).expect("fits").expect("goes on");
        assert_eq!(next.options["repeat"], json!({ "every": 5, "startDate": 5000, "count": 1 }));
    }

    #[test]
    fn what_this_host_cannot_read_says_why() {
        for (repeat, says) in [
            (r#"{"pattern":"each day"}"#, "each day"),
            (r#"{"pattern":"0 0 * * *","tz":"Mars/Base"}"#, "Mars/Base"),
            ("{}", "pattern"),
            (r#"{"pattern":"0 0 * * *","every":5}"#, "either"),
        ] {
            let error = next(&job(&format!(r#"{{"repeat":{repeat}}}"#)), 9).expect_err(says).to_string();
            assert!(error.contains(says), "{error}");
        }
    }
}
