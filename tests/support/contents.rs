//! The complete data of a queue in Redis, without the parts that differ between runs: times, lock tokens, and ids of
//! stream entries. Stack traces are reduced to their number.

use std::collections::BTreeMap;

use redis::aio::MultiplexedConnection;
use redis::cmd;
use serde_json::{Value, json};

/// Temporary keys: the marker, the stalled check, and the rate limiter.
const PASSING: [&str; 4] = ["marker", "stalled", "stalled-check", "limiter"];

/// The contents of the keys `PREFIX:*`, by key name.
pub async fn of(redis: &mut MultiplexedConnection, prefix: &str) -> BTreeMap<String, Value> {
    let mut keys: Vec<String> = ask(redis, cmd("KEYS").arg(format!("{prefix}:*"))).await;
    keys.sort();
    let mut contents = BTreeMap::new();
    for key in keys {
        let name = key[prefix.len() + 1..].to_owned();
        if PASSING.contains(&name.as_str()) || name.ends_with(":data") {
            continue;
        }
        let value = match ask::<String>(redis, cmd("TYPE").arg(&key)).await.as_str() {
            "string" => text(&ask::<String>(redis, cmd("GET").arg(&key)).await),
            "list" => ask::<Vec<String>>(redis, cmd("LRANGE").arg(&key).arg(0).arg(-1))
                .await
                .iter()
                .map(|line| text(line))
                .collect(),
            "set" => {
                let mut members: Vec<String> = ask(redis, cmd("SMEMBERS").arg(&key)).await;
                members.sort();
                members.iter().map(|member| text(member)).collect()
            }
            "zset" => sorted(redis, &key, &name).await,
            "hash" => hash(ask(redis, cmd("HGETALL").arg(&key)).await),
            // It has expired since the keys were listed.
            "none" => continue,
            "stream" => events(ask(redis, cmd("XRANGE").arg(&key).arg("-").arg("+")).await),
            other => panic!("{key} has the unexpected type {other}"),
        };
        // Keys that differ only in a time are grouped, in the order of their times.
        let name = timeless(&name);
        match contents.get_mut(&name) {
            Some(Value::Array(values)) if name.starts_with("repeat:") => values.push(value),
            _ if name.starts_with("repeat:") => drop(contents.insert(name, json!([value]))),
            _ => drop(contents.insert(name, value)),
        }
    }
    contents
}

/// How many jobs of the queue have finished, including removed ones.
pub async fn ended(redis: &mut MultiplexedConnection, prefix: &str) -> usize {
    let entries: Vec<Entry> = ask(redis, cmd("XRANGE").arg(format!("{prefix}:events")).arg("-").arg("+")).await;
    let ends = |entry: &&Entry| {
        entry.1.iter().any(|(name, value)| name == "event" && (value == "completed" || value == "failed"))
    };
    entries.iter().filter(ends).count()
}

type Entry = (String, Vec<(String, String)>);

async fn ask<T: redis::FromRedisValue>(redis: &mut MultiplexedConnection, command: &redis::Cmd) -> T {
    command.query_async(redis).await.unwrap_or_else(|error| panic!("the command to the test's Redis failed: {error}"))
}

async fn sorted(redis: &mut MultiplexedConnection, key: &str, name: &str) -> Value {
    let members: Vec<(String, f64)> = ask(redis, cmd("ZRANGE").arg(key).arg(0).arg(-1).arg("WITHSCORES")).await;
    if name == "prioritized" {
        return members.iter().map(|(member, score)| json!([text(member), score])).collect();
    }
    // The scores of the other sets are times. The order of members with the same score does not matter.
    let mut members: Vec<_> = members.into_iter().map(|(member, _)| timeless(&member)).collect();
    members.sort();
    members.into()
}

fn hash(fields: BTreeMap<String, String>) -> Value {
    let kept = |(name, value): (&String, &String)| match (name.as_str(), parsed(value)) {
        // The client's name and version.
        ("library" | "version", _) => None,
        ("stacktrace", Some(Value::Array(traces))) => Some((name.clone(), json!(traces.len()))),
        // Counted before the last full minute: zero if the whole test took less than a minute.
        ("prevCount", _) => Some((name.clone(), json!("of before"))),
        ("offset", Some(_)) => Some((name.clone(), json!("a time"))),
        ("delay", Some(delay)) => Some((name.clone(), roughly(&delay))),
        _ => Some((name.clone(), text(value))),
    };
    Value::Object(fields.iter().filter_map(kept).collect())
}

fn events(entries: Vec<Entry>) -> Value {
    let event =
        |(_, fields): &Entry| Value::Object(fields.iter().map(|(name, value)| (name.clone(), text(value))).collect());
    entries.iter().map(event).collect()
}

/// A value without times, as JSON if possible.
fn text(text: &str) -> Value {
    // Node's `job.log` has no levels.
    let text = text.trim_start_matches("[warn] ").trim_start_matches("[error] ");
    let mut value = parsed(&timeless(text)).unwrap_or_else(|| Value::String(timeless(text)));
    if let Some(delay) = value.get_mut("delay") {
        *delay = roughly(delay);
    }
    if let Some(offset) = value.pointer_mut("/repeat/offset") {
        *offset = json!("a time");
    }
    value
}

/// A delay that was calculated from the current time.
fn roughly(delay: &Value) -> Value {
    if delay.as_u64().is_some_and(|delay| delay > 100_000) { json!("a long time") } else { delay.clone() }
}

fn parsed(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok()
}

/// Replaces numbers that look like milliseconds since the Unix epoch.
fn timeless(text: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, from) = rest.split_at(at);
        let end = from.find(|c: char| !c.is_ascii_digit()).unwrap_or(from.len());
        let (number, after) = from.split_at(end);
        kept += before;
        kept += if number.len() == 13 && number.starts_with('1') { "1000000000000" } else { number };
        rest = after;
    }
    kept + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_replaced_at_any_position() {
        assert_eq!(text("repeat:a:1790000000123"), json!("repeat:a:1000000000000"));
        assert_eq!(
            text(r#"{"prevMillis":1790000000123,"n":12}"#),
            json!({ "prevMillis": 1_000_000_000_000_u64, "n": 12 })
        );
    }
}
