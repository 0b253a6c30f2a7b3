//! Key-value data of plugins, in Redis: `NAMESPACE:plugin:NAME:KEY`. Readable by any client.

use std::time::Duration;

use futures::FutureExt;
use redis::{Cmd, FromRedisValue, Pipeline, cmd, pipe};

use super::connection::{ConnectError, SharedRedis};
use crate::attempt::{Asked, ContextError, KeyValue};

/// How many keys Redis looks at for one page of a listing.
const PAGE: usize = 500;

/// The values of keys, if they are no more than the limit together; else how many bytes they have.
const GET_MANY: &str = r"
local size = 0
for _, key in ipairs(KEYS) do size = size + redis.call('STRLEN', key) end
if size > tonumber(ARGV[1]) then return { size, {} } end
local values = {}
for n, key in ipairs(KEYS) do values[n] = redis.call('GET', key) end
return { size, values }
";

/// The values of keys in their order, none where a key is not there.
type Values = Vec<Option<Vec<u8>>>;

/// The data of all plugins.
pub struct PluginData {
    redis: SharedRedis,
}

impl PluginData {
    /// On the shared connection.
    pub fn new(redis: SharedRedis) -> Self {
        Self { redis }
    }

    fn key(&self, plugin: &str, key: &str) -> String {
        self.redis.namespaced(&format!("plugin:{plugin}:{key}"))
    }

    /// Runs a pipeline in one step.
    async fn run_all<T: FromRedisValue>(&self, steps: &Pipeline) -> Result<T, ContextError> {
        let answer: Result<T, ConnectError> = async { Ok(self.redis.connection().await?.pipe(steps).await?) }.await;
        answer.map_err(|error| ContextError::Unavailable(error.to_string()))
    }

    async fn run<T: FromRedisValue>(&self, command: &mut Cmd) -> Result<T, ContextError> {
        let answer: Result<T, ConnectError> = async { Ok(self.redis.connection().await?.cmd(command).await?) }.await;
        answer.map_err(|error| ContextError::Unavailable(error.to_string()))
    }
}

impl KeyValue for PluginData {
    fn get<'a>(&'a self, plugin: &'a str, key: &'a str) -> Asked<'a, Option<Vec<u8>>> {
        async move { self.run(cmd("GET").arg(self.key(plugin, key))).await }.boxed()
    }

    fn set<'a>(&'a self, plugin: &'a str, key: &'a str, value: Vec<u8>, ttl: Option<Duration>) -> Asked<'a, ()> {
        async move { self.run(&mut set(&self.key(plugin, key), &value, ttl)).await }.boxed()
    }

    fn delete<'a>(&'a self, plugin: &'a str, key: &'a str) -> Asked<'a, ()> {
        async move { self.run(cmd("DEL").arg(self.key(plugin, key))).await }.boxed()
    }

    fn exists<'a>(&'a self, plugin: &'a str, key: &'a str) -> Asked<'a, bool> {
        async move { self.run(cmd("EXISTS").arg(self.key(plugin, key))).await }.boxed()
    }

    fn keys<'a>(&'a self, plugin: &'a str, cursor: Option<u64>) -> Asked<'a, (Vec<String>, Option<u64>)> {
        async move {
            let prefix = self.key(plugin, "");
            let mut scan = cmd("SCAN");
            scan.arg(cursor.unwrap_or(0)).arg("MATCH").arg(format!("{}*", literal(&prefix))).arg("COUNT").arg(PAGE);
            let (next, found): (u64, Vec<String>) = self.run(&mut scan).await?;
            let keys = found.iter().filter_map(|key| key.strip_prefix(&prefix).map(str::to_owned)).collect();
            Ok((keys, (next != 0).then_some(next)))
        }
        .boxed()
    }

    fn increment<'a>(&'a self, plugin: &'a str, key: &'a str, by: u64, ttl: Option<Duration>) -> Asked<'a, u64> {
        async move {
            let key = self.key(plugin, key);
            let by = i64::try_from(by).map_err(|_| ContextError::Invalid("it adds too much at once".to_owned()))?;
            let mut steps = pipe();
            steps.atomic().cmd("INCRBY").arg(&key).arg(by);
            if let Some(ttl) = ttl {
                steps.cmd("PEXPIRE").arg(&key).arg(milliseconds(ttl)).ignore();
            }
            let (value,): (i64,) = self.run_all(&steps).await?;
            u64::try_from(value).map_err(|_| ContextError::Invalid("the value is a negative number".to_owned()))
        }
        .boxed()
    }

    fn get_many<'a>(&'a self, plugin: &'a str, keys: &'a [String], limit: usize) -> Asked<'a, Values> {
        async move {
            let script = redis::Script::new(GET_MANY);
            let mut call = script.prepare_invoke();
            for key in keys {
                call.key(self.key(plugin, key));
            }
            call.arg(limit);
            let answer: Result<(usize, Values), ConnectError> = async {
                let mut connection = self.redis.connection().await?.connection();
                Ok(call.invoke_async(&mut connection).await?)
            }
            .await;
            let (size, values) = answer.map_err(|error| ContextError::Unavailable(error.to_string()))?;
            if size > limit { Err(ContextError::too_much_at_once(size, limit)) } else { Ok(values) }
        }
        .boxed()
    }

    fn set_many<'a>(&'a self, plugin: &'a str, pairs: &'a [(String, Vec<u8>)], ttl: Option<Duration>) -> Asked<'a, ()> {
        async move {
            let mut steps = pipe();
            steps.atomic();
            for (key, value) in pairs {
                steps.add_command(set(&self.key(plugin, key), value, ttl)).ignore();
            }
            self.run_all(&steps).await
        }
        .boxed()
    }

    fn delete_many<'a>(&'a self, plugin: &'a str, keys: &'a [String]) -> Asked<'a, ()> {
        async move {
            let mut delete = cmd("DEL");
            for key in keys {
                delete.arg(self.key(plugin, key));
            }
            self.run(&mut delete).await
        }
        .boxed()
    }
}

/// Gives a key of Redis a value.
fn set(key: &str, value: &[u8], ttl: Option<Duration>) -> Cmd {
    let mut set = cmd("SET");
    set.arg(key).arg(value);
    if let Some(ttl) = ttl {
        set.arg("PX").arg(milliseconds(ttl));
    }
    set
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX).max(1)
}

/// A text as a pattern of Redis that it alone matches.
fn literal(text: &str) -> String {
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
