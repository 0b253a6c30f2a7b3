//! Computes the next job of a repeatable job. Pure. It follows `Repeat` of BullMQ 5, for jobs that `add` created with
//! the option `repeat`, including those of older versions.
//!
//! A repeatable job has a key in the sorted set `repeat`: `name:id:endDate:timeZone:pattern`, or the MD5 hash of that,
//! or a key that its producer chose.

use md5::{Digest, Md5};
use serde_json::{Map, Value, json};

use super::next::{Repeat, Unreadable, complete, from};
use crate::claimed::Claimed;
use crate::js;

/// The next job of a repeatable job.
#[derive(Debug)]
pub struct Repetition {
    /// The keys that the repeatable job may have.
    pub keys: Keys,
    /// When it is due, in milliseconds since the Unix epoch.
    pub at: u64,
    /// When it is added, in milliseconds since the Unix epoch.
    pub now: u64,
    /// Its options, without those that depend on the key.
    options: Map<String, Value>,
    name: String,
    /// The field `id` of its data, which is part of its job id.
    data_id: String,
}

/// The keys that a repeatable job may have in the sorted set `repeat`.
#[derive(Debug)]
pub struct Keys {
    /// A hash, or the producer's own key.
    pub hashed: String,
    /// The key of five parts, as in older versions.
    pub plain: String,
}

/// Whether a key looks like one of five parts. The id of a job scheduler may look like this too.
pub fn has_old_shape(key: &str) -> bool {
    key.split(':').count() >= 5
}

/// The keys of the repeatable job that this job belongs to.
pub fn keys(job: &Claimed) -> Keys {
    let template = template(job);
    keys_of(job, &template, &repeat_of(&template))
}

/// The next job after this one. `None`: the schedule has ended.
pub fn next(job: &Claimed, now: u64) -> Result<Option<Repetition>, Unreadable> {
    let template = template(job);
    let options = repeat_of(&template);
    let repeat = Repeat(&options);
    let Some(count) = repeat.count(now) else { return Ok(None) };
    let from = from(&template, now);
    let pattern = options.get("pattern").and_then(Value::as_str).filter(|pattern| !pattern.is_empty());
    let at = match (pattern, repeat.every()) {
        (None, Some(every)) => js::whole((from as f64 / every).floor() * every + every).map(i64::unsigned_abs),
        (Some(pattern), None) => repeat.occurrence(pattern, from)?,
        _ => return Err(Unreadable::Options),
    };
    let Some(at) = at else { return Ok(None) };
    let keys = keys_of(job, &template, &options);
    Ok(Some(Repetition {
        keys,
        at,
        now,
        options: next_options(template, options, count, at, now),
        name: job.name.clone(),
        data_id: data_id(&job.data),
    }))
}

impl Repetition {
    /// The id and the options of the job, for the key that exists in Redis.
    pub fn job(&self, key: &str) -> (String, Value) {
        let id = match key.split(':').count() > 2 {
            true => format!("repeat:{}:{}", md5(&format!("{}{}{}", self.name, self.data_id, md5(key))), self.at),
            false => format!("repeat:{key}:{}", self.at),
        };
        let mut options = self.options.clone();
        options.insert("jobId".to_owned(), json!(id));
        (id, Value::Object(options))
    }

    /// Its delay, in milliseconds.
    pub fn delay(&self) -> u64 {
        js::whole(js::number(self.options.get("delay"))).map_or(0, i64::unsigned_abs)
    }

    /// Its priority. 0: it has none.
    pub fn priority(&self) -> f64 {
        js::number(self.options.get("priority"))
    }

    /// Its deduplication id.
    pub fn deduplication(&self) -> Option<&str> {
        self.options.get("de")?.get("id")?.as_str()
    }
}

fn template(job: &Claimed) -> Map<String, Value> {
    match &job.options.template {
        Some(Value::Object(template)) => template.clone(),
        _ => Map::new(),
    }
}

/// The repeat options of a job. Until BullMQ 3 the pattern was called `cron`.
fn repeat_of(template: &Map<String, Value>) -> Map<String, Value> {
    let mut repeat = template.get("repeat").and_then(Value::as_object).cloned().unwrap_or_default();
    if let Some(cron) = repeat.shift_remove("cron")
        && repeat.get("pattern").is_none_or(Value::is_null)
    {
        repeat.insert("pattern".to_owned(), cron);
    }
    if !js::truthy(template.get("prevMillis"))
        && let Some(id) = template.get("jobId").filter(|id| js::truthy(Some(id)))
    {
        repeat.insert("jobId".to_owned(), id.clone());
    }
    repeat
}

fn keys_of(job: &Claimed, template: &Map<String, Value>, repeat: &Map<String, Value>) -> Keys {
    let text = |name: &str| repeat.get(name).filter(|value| js::truthy(Some(value))).map_or(String::new(), shown);
    let end = Repeat(repeat).date("endDate").map_or(String::new(), |end| end.to_string());
    let what = match text("pattern") {
        pattern if pattern.is_empty() => text("every"),
        pattern => pattern,
    };
    let plain = format!("{}:{}:{end}:{}:{what}", job.name, text("jobId"), text("tz"));
    let chosen = template.get("repeat").and_then(|repeat| repeat.get("key")).filter(|key| !key.is_null()).map(shown);
    Keys { hashed: chosen.unwrap_or_else(|| md5(&plain)), plain }
}

fn next_options(
    mut options: Map<String, Value>,
    mut repeat: Map<String, Value>,
    count: u64,
    at: u64,
    now: u64,
) -> Map<String, Value> {
    let offset = js::number(repeat.get("offset"));
    let due = at as f64 + if offset.is_nan() { 0.0 } else { offset };
    repeat.shift_remove("immediately");
    repeat.insert("count".to_owned(), json!(count));
    for name in ["startDate", "endDate"] {
        if let Some(date) = Repeat(&repeat).date(name) {
            repeat.insert(name.to_owned(), json!(date));
        }
    }
    complete(&mut options);
    options.insert("delay".to_owned(), json!(js::whole((due - now as f64).max(0.0)).unwrap_or(0)));
    options.insert("timestamp".to_owned(), json!(now));
    options.insert("prevMillis".to_owned(), json!(at));
    options.insert("repeat".to_owned(), Value::Object(repeat));
    options.shift_remove("repeatJobKey");
    options
}

/// The field `id` of a job's data.
fn data_id(data: &str) -> String {
    let data: Value = serde_json::from_str(data).unwrap_or_default();
    data.get("id").filter(|id| js::truthy(Some(id))).map_or(String::new(), shown)
}

/// A value as JavaScript converts it to text.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(_) => "[object Object]".to_owned(),
        Value::Number(number) => {
            match js::whole(js::number(Some(value))).filter(|whole| Some(*whole as f64) == number.as_f64()) {
                Some(whole) => whole.to_string(),
                None => number.to_string(),
            }
        }
        other => other.to_string(),
    }
}

fn md5(text: &str) -> String {
    hex::encode(Md5::digest(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claimed::Options;

    fn job(opts: &str, data: &str) -> Claimed {
        Claimed { name: "mail".into(), data: data.into(), options: Options::read(opts), ..Claimed::sample() }
    }

    #[test]
    fn an_interval_goes_on_at_its_next_whole_multiple() {
        let opts =
            r#"{"repeat":{"every":1000,"count":4,"immediately":true},"prevMillis":5000,"attempts":2,"backoff":50}"#;
        let next = next(&job(opts, "{}"), 5_400).expect("readable").expect("goes on");
        let (id, options) = next.job("a-key");
        assert_eq!((next.at, next.delay(), &*id), (6000, 600, "repeat:a-key:6000"));
        let repeat = json!({ "every": 1000, "count": 5 });
        let expected = json!({ "repeat": repeat, "prevMillis": 6000, "attempts": 2, "delay": 600, "timestamp": 5400,
            "backoff": { "type": "fixed", "delay": 50 }, "jobId": id });
        assert_eq!(options, expected);
    }

    #[test]
    fn a_key_of_five_parts_gives_ids_that_are_hashes() {
        let opts =
            r#"{"repeat":{"cron":"* * * * *","tz":"UTC","endDate":"2030-01-01"},"prevMillis":60000,"jobId":"x"}"#;
        let next = next(&job(opts, r#"{"id":7}"#), 60_001).expect("readable").expect("goes on");
        assert_eq!(next.keys.plain, "mail::1893456000000:UTC:* * * * *");
        let (id, options) = next.job(&next.keys.plain);
        let expected = md5(&format!("mail7{}", md5("mail::1893456000000:UTC:* * * * *")));
        assert_eq!(id, format!("repeat:{expected}:120000"));
        assert_eq!(options["repeat"]["pattern"], "* * * * *");
    }

    #[test]
    fn a_key_is_what_its_producer_chose_or_the_hash_of_its_parts() {
        assert_eq!(keys(&job(r#"{"repeat":{"every":5,"key":"mine"}}"#, "{}")).hashed, "mine");
        assert_eq!(keys(&job(r#"{"repeat":{"every":5},"jobId":"a"}"#, "{}")).plain, "mail:a:::5");
        assert_eq!(md5("mail:a:::5").len(), 32);
        assert_eq!(md5(""), "d41d8cd98f00b204e9800998ecf8427e");
    }

    #[test]
    fn a_repeatable_job_ends_with_its_limit() {
        let ended = next(&job(r#"{"repeat":{"every":5,"limit":2,"count":2}}"#, "{}"), 9);
        assert!(ended.expect("readable").is_none());
    }
}
