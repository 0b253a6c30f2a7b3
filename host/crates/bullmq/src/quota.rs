//! Counts the data that each plugin stores in Redis, for all hosts together, and refuses writes that exceed its limits.
//!
//! Besides a plugin's data at `NAMESPACE:plugin:NAME:KEY` there are three keys: the hash `NAMESPACE:quota:NAME`
//! (`bytes`, the sum; `ready`, whether all data is counted), `NAMESPACE:quota:NAME:sizes` (each key with its bytes) and
//! `NAMESPACE:quota:NAME:expiry` (keys with a time to live, by their time of expiry). Every write changes data and
//! counts in one script. Keys that have expired are subtracted before a limit is checked.
//!
//! One `SCAN` counts data that is older than the counts. Keys that another client deletes stay counted until the plugin
//! reaches a limit. Then the counts are compared with the data, at most once a minute.

use std::sync::LazyLock;
use std::time::Duration;

use redis::{FromRedisValue, Script, ScriptInvocation, cmd};

use super::clock::{milliseconds, now};
use crate::access::{ConnectError, SharedRedis};
use toril_job::ContextError;
use toril_job::settings;

/// How many keys Redis inspects for one page of a count.
const PAGE: usize = 1_000;
/// The shortest interval between two comparisons of the counts with the data of a plugin that has reached a limit.
const COMPARE: Duration = Duration::from_secs(60);

/// The start of every script.
///
/// KEYS: 1 the sum, 2 the sizes, 3 the expiry times. ARGV: 1 prefix of the data's keys, 2 now (ms).
macro_rules! script {
    ($($text:literal)*) => {
        LazyLock::new(|| {
            Script::new(concat!(
                r"
local call = redis.call
local sum, sizes, expiry = KEYS[1], KEYS[2], KEYS[3]
local prefix, now = ARGV[1], tonumber(ARGV[2])

local function count(key, size)
  call('HINCRBY', sum, 'bytes', size - (tonumber(call('HGET', sizes, key)) or 0))
  call('HSET', sizes, key, size)
end

local function forget(key)
  local size = call('HGET', sizes, key)
  if size then
    call('HINCRBY', sum, 'bytes', -size)
    call('HDEL', sizes, key)
  end
  call('ZREM', expiry, key)
end

local function forget_expired()
  repeat
    local due = call('ZRANGEBYSCORE', expiry, '-inf', now, 'LIMIT', 0, 1000)
    for _, key in ipairs(due) do
      local left = call('PTTL', prefix .. key)
      if left == -2 then
        forget(key)
      elseif left == -1 then
        call('ZREM', expiry, key)
      else -- the writer's clock differs
        call('ZADD', expiry, now + left + 1, key)
      end
    end
  until #due < 1000
end

local function held()
  return call('HLEN', sizes), tonumber(call('HGET', sum, 'bytes')) or 0
end
",
                $($text),*
            ))
        })
    };
}

/// Sets all keys, or none of them. KEYS, from 4: the data. ARGV: 3 time to live (ms, or ''), 4 and 5 the most keys and
/// bytes, then each key with its value. Returns 0 (done), 1 (too many keys), 2 (too many bytes) or 3 (count first), the
/// resulting number of keys or bytes, and a text. A write that increases neither the keys nor the bytes always
/// succeeds.
static SET: LazyLock<Script> = script! { r"
if not call('HGET', sum, 'ready') then return { 3, 0, '' } end
forget_expired()
local new, keys, bytes = {}, 0, 0
for at = 6, #ARGV, 2 do
  local key, size = ARGV[at], #ARGV[at] + #ARGV[at + 1]
  local old = new[key] or tonumber(call('HGET', sizes, key))
  if not old then keys = keys + 1 end
  bytes = bytes + size - (old or 0)
  new[key] = size
end
local held_keys, held_bytes = held()
if keys > 0 and held_keys + keys > tonumber(ARGV[4]) then return { 1, held_keys + keys, '' } end
if bytes > 0 and held_bytes + bytes > tonumber(ARGV[5]) then return { 2, held_bytes + bytes, '' } end
for at = 6, #ARGV, 2 do
  local key = ARGV[at]
  if ARGV[3] ~= '' then
    call('SET', prefix .. key, ARGV[at + 1], 'PX', ARGV[3])
    call('ZADD', expiry, now + ARGV[3], key)
  else
    call('SET', prefix .. key, ARGV[at + 1])
    call('ZREM', expiry, key)
  end
  count(key, new[key])
end
return { 0, 0, '' }
" };

/// Adds to a number. ARGV: 3 time to live, 4 and 5 the most keys and bytes, 6 the key, 7 the number to add. Returns the
/// same as [`SET`]. The text is the new number.
static INCREMENT: LazyLock<Script> = script! { r"
if not call('HGET', sum, 'ready') then return { 3, 0, '' } end
forget_expired()
local key, data = ARGV[6], prefix .. ARGV[6]
local there = call('EXISTS', data) == 1
local old = tonumber(call('HGET', sizes, key))
call('INCRBY', data, ARGV[7])
local size = #key + call('STRLEN', data)
local keys, bytes = held()
keys, bytes = keys + (old and 0 or 1), bytes + size - (old or 0)
local over = 0
if not old and keys > tonumber(ARGV[4]) then over = 1 end
if over == 0 and size > (old or 0) and bytes > tonumber(ARGV[5]) then over = 2 end
if over > 0 then
  if there then call('DECRBY', data, ARGV[7]) else call('DEL', data) end
  return { over, over == 1 and keys or bytes, '' }
end
if ARGV[3] ~= '' then
  call('PEXPIRE', data, ARGV[3])
  call('ZADD', expiry, now + ARGV[3], key)
end
count(key, size)
return { 0, 0, call('GET', data) }
" };

/// Removes the keys in ARGV, from 3.
static DELETE: LazyLock<Script> = script! { r"
for at = 3, #ARGV do
  call('DEL', prefix .. ARGV[at])
  forget(ARGV[at])
end
return 0
" };

/// Counts data that is not counted yet: one page of `SCAN`. ARGV: 3 the cursor of the next page (0: this was the last
/// one), then the keys.
static COUNT: LazyLock<Script> = script! { r"
for at = 4, #ARGV do
  local key, data = ARGV[at], prefix .. ARGV[at]
  if call('HEXISTS', sizes, key) == 0 and call('TYPE', data).ok == 'string' then
    count(key, #key + call('STRLEN', data))
    local left = call('PTTL', data)
    if left >= 0 then call('ZADD', expiry, now + left, key) end
  end
end
if ARGV[3] == '0' then
  call('HSET', sum, 'ready', 1)
  call('HDEL', sum, 'cursor')
else
  call('HSET', sum, 'cursor', ARGV[3])
end
return 0
" };

/// Compares one page of the counts with the data. ARGV: 3 the page's cursor, 4 its number of keys. Returns the cursor
/// of the next page.
static COMPARE_PAGE: LazyLock<Script> = script! { r"
local page = call('HSCAN', sizes, ARGV[3], 'COUNT', ARGV[4])
for at = 1, #page[2], 2 do
  local key, data = page[2][at], prefix .. page[2][at]
  if call('TYPE', data).ok == 'string' then
    count(key, #key + call('STRLEN', data))
  else
    forget(key)
  end
end
return page[1]
" };

/// The counted data of one plugin.
pub struct Counted<'a> {
    redis: &'a SharedRedis,
    plugin: &'a str,
}

impl<'a> Counted<'a> {
    /// The data of this plugin.
    pub fn of(redis: &'a SharedRedis, plugin: &'a str) -> Self {
        Self { redis, plugin }
    }

    /// Sets keys within the limits of the plugin's grant: all of them or none.
    pub async fn set<'p>(
        &self,
        grant: &settings::KeyValue,
        pairs: impl Iterator<Item = (&'p str, &'p [u8])> + Clone,
    ) -> Result<(), ContextError> {
        let mut call = SET.prepare_invoke();
        self.begin(&mut call);
        for (key, _) in pairs.clone() {
            call.key(self.data(key));
        }
        bounds(&mut call, grant);
        for (key, value) in pairs {
            call.arg(key).arg(value);
        }
        self.within(grant, &call).await.map(drop)
    }

    /// Adds to a number within the limits of the plugin's grant, and returns the new number.
    pub async fn increment(&self, grant: &settings::KeyValue, key: &str, by: i64) -> Result<i64, ContextError> {
        let mut call = INCREMENT.prepare_invoke();
        self.begin(&mut call);
        call.key(self.data(key));
        bounds(&mut call, grant);
        call.arg(key).arg(by);
        let text = self.within(grant, &call).await?;
        text.parse().map_err(|_| ContextError::Unavailable(format!("Redis answered {text:?} instead of a number")))
    }

    /// Removes keys.
    pub async fn delete<'p>(&self, keys: impl Iterator<Item = &'p str> + Clone) -> Result<(), ContextError> {
        let mut call = DELETE.prepare_invoke();
        self.begin(&mut call);
        for key in keys.clone() {
            call.key(self.data(key));
        }
        for key in keys {
            call.arg(key);
        }
        self.run::<u8>(&call).await.map(drop)
    }

    /// Writes. If the data is not counted yet, it counts it and retries. If a limit is reached, it compares the counts
    /// with the data and retries.
    async fn within(&self, grant: &settings::KeyValue, write: &ScriptInvocation<'_>) -> Result<String, ContextError> {
        let (mut over, mut wanted, mut answer): (u8, u64, String) = self.run(write).await?;
        if over == 3 {
            self.count().await?;
            (over, wanted, answer) = self.run(write).await?;
        }
        if over != 0 && self.compare().await? {
            (over, wanted, answer) = self.run(write).await?;
        }
        match over {
            0 => Ok(answer),
            1 => Err(ContextError::too_much_kept(self.plugin, wanted, "keys", grant.max_keys, "max_keys")),
            2 => Err(ContextError::too_much_kept(self.plugin, wanted, "bytes", grant.max_bytes, "max_bytes")),
            _ => Err(ContextError::Unavailable("the plugin's data is still being counted: try again".to_owned())),
        }
    }

    /// Counts all existing data. Continues where an interrupted count stopped.
    async fn count(&self) -> Result<(), ContextError> {
        let prefix = self.data("");
        let cursor: Option<u64> = self.ask(cmd("HGET").arg(self.quota("")).arg("cursor")).await?;
        let mut cursor = cursor.unwrap_or(0);
        loop {
            let mut scan = cmd("SCAN");
            scan.arg(cursor).arg("MATCH").arg(format!("{}*", literal(&prefix))).arg("COUNT").arg(PAGE);
            let (next, found): (u64, Vec<Vec<u8>>) = self.ask(&mut scan).await?;
            let mut call = COUNT.prepare_invoke();
            self.begin(&mut call);
            call.arg(next);
            for key in found.iter().filter_map(|key| key.strip_prefix(prefix.as_bytes())) {
                call.arg(key);
            }
            self.run::<u8>(&call).await?;
            if next == 0 {
                return Ok(());
            }
            cursor = next;
        }
    }

    /// Compares the counts with the data. Returns false if a host has done this within the last minute.
    async fn compare(&self) -> Result<bool, ContextError> {
        let mut first = cmd("SET");
        first.arg(self.quota(":compared")).arg("").arg("NX").arg("PX").arg(milliseconds(COMPARE));
        if self.ask::<Option<String>>(&mut first).await?.is_none() {
            return Ok(false);
        }
        let mut cursor = "0".to_owned();
        loop {
            let mut call = COMPARE_PAGE.prepare_invoke();
            self.begin(&mut call);
            call.arg(&cursor).arg(PAGE);
            cursor = self.run(&call).await?;
            if cursor == "0" {
                return Ok(true);
            }
        }
    }

    /// Adds the arguments that every script needs.
    fn begin(&self, call: &mut ScriptInvocation<'_>) {
        call.key(self.quota("")).key(self.quota(":sizes")).key(self.quota(":expiry")).arg(self.data("")).arg(now());
    }

    fn data(&self, key: &str) -> String {
        self.redis.namespaced(&format!("plugin:{}:{key}", self.plugin))
    }

    fn quota(&self, part: &str) -> String {
        self.redis.namespaced(&format!("quota:{}{part}", self.plugin))
    }

    async fn run<T: FromRedisValue>(&self, call: &ScriptInvocation<'_>) -> Result<T, ContextError> {
        let answer: Result<T, ConnectError> = async {
            let mut connection = self.redis.connection().await?.connection();
            Ok(call.invoke_async(&mut connection).await?)
        }
        .await;
        answer.map_err(|error| ContextError::Unavailable(error.to_string()))
    }

    async fn ask<T: FromRedisValue>(&self, command: &mut redis::Cmd) -> Result<T, ContextError> {
        let answer: Result<T, ConnectError> = async { Ok(self.redis.connection().await?.cmd(command).await?) }.await;
        answer.map_err(|error| ContextError::Unavailable(error.to_string()))
    }
}

/// Adds the time to live and the limits of a grant.
fn bounds(call: &mut ScriptInvocation<'_>, grant: &settings::KeyValue) {
    match grant.ttl {
        Some(ttl) => call.arg(milliseconds(ttl).max(1)),
        None => call.arg(""),
    };
    call.arg(grant.max_keys).arg(grant.max_bytes);
}

/// Escapes a text for a Redis pattern, so that the pattern matches only this text.
pub fn literal(text: &str) -> String {
    let special = |c: char| matches!(c, '*' | '?' | '[' | ']' | '\\' | '^' | '-');
    text.chars().flat_map(|c| special(c).then_some('\\').into_iter().chain([c])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_matches_itself_alone() {
        assert_eq!(literal("app:[x]*:"), "app:\\[x\\]\\*:");
    }
}
