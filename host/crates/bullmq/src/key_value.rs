//! The key-value data of plugins in Redis, at `NAMESPACE:plugin:NAME:KEY`. Any client can read it. `quota.rs` counts
//! the written data.

use futures::FutureExt;
use redis::{Cmd, FromRedisValue, cmd};

use super::quota::{Counted, literal};
use crate::access::{ConnectError, SharedRedis};
use toril_job::settings;
use toril_job::{ContextError, ContextFuture, KeyValue};

/// How many keys Redis inspects for one page of a listing.
const PAGE: usize = 500;

/// Returns the values of keys, if their total size is within the limit. Otherwise it returns only their total size in
/// bytes.
const GET_MANY: &str = r"
local size = 0
for _, key in ipairs(KEYS) do size = size + redis.call('STRLEN', key) end
if size > tonumber(ARGV[1]) then return { size, {} } end
local values = {}
for n, key in ipairs(KEYS) do values[n] = redis.call('GET', key) end
return { size, values }
";

/// The values of keys, in order. `None` for a missing key.
type Values = Vec<Option<Vec<u8>>>;

/// The data of all plugins.
pub struct PluginData {
    redis: SharedRedis,
}

impl PluginData {
    /// Uses the shared connection.
    pub fn new(redis: SharedRedis) -> Self {
        Self { redis }
    }

    fn key(&self, plugin: &str, key: &str) -> String {
        self.redis.namespaced(&format!("plugin:{plugin}:{key}"))
    }

    fn counted<'a>(&'a self, plugin: &'a str) -> Counted<'a> {
        Counted::of(&self.redis, plugin)
    }

    async fn run<T: FromRedisValue>(&self, command: &mut Cmd) -> Result<T, ContextError> {
        let answer: Result<T, ConnectError> = async { Ok(self.redis.connection().await?.cmd(command).await?) }.await;
        answer.map_err(|error| ContextError::Unavailable(error.to_string()))
    }
}

impl KeyValue for PluginData {
    fn get<'a>(&'a self, plugin: &'a str, key: &'a str) -> ContextFuture<'a, Option<Vec<u8>>> {
        async move { self.run(cmd("GET").arg(self.key(plugin, key))).await }.boxed()
    }

    fn set<'a>(
        &'a self,
        plugin: &'a str,
        key: &'a str,
        value: Vec<u8>,
        grant: &'a settings::KeyValue,
    ) -> ContextFuture<'a, ()> {
        async move { self.counted(plugin).set(grant, std::iter::once((key, &*value))).await }.boxed()
    }

    fn delete<'a>(&'a self, plugin: &'a str, key: &'a str) -> ContextFuture<'a, ()> {
        async move { self.counted(plugin).delete(std::iter::once(key)).await }.boxed()
    }

    fn exists<'a>(&'a self, plugin: &'a str, key: &'a str) -> ContextFuture<'a, bool> {
        async move { self.run(cmd("EXISTS").arg(self.key(plugin, key))).await }.boxed()
    }

    fn keys<'a>(&'a self, plugin: &'a str, cursor: Option<u64>) -> ContextFuture<'a, (Vec<String>, Option<u64>)> {
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

    fn increment<'a>(
        &'a self,
        plugin: &'a str,
        key: &'a str,
        by: u64,
        grant: &'a settings::KeyValue,
    ) -> ContextFuture<'a, u64> {
        async move {
            let by = i64::try_from(by)
                .map_err(|_| ContextError::Invalid("the increment is larger than a signed 64-bit number".to_owned()))?;
            let value = self.counted(plugin).increment(grant, key, by).await?;
            u64::try_from(value).map_err(|_| ContextError::Invalid("the value is a negative number".to_owned()))
        }
        .boxed()
    }

    fn get_many<'a>(&'a self, plugin: &'a str, keys: &'a [String], limit: usize) -> ContextFuture<'a, Values> {
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

    fn set_many<'a>(
        &'a self,
        plugin: &'a str,
        pairs: &'a [(String, Vec<u8>)],
        grant: &'a settings::KeyValue,
    ) -> ContextFuture<'a, ()> {
        async move {
            let pairs = pairs.iter().map(|(key, value)| (key.as_str(), value.as_slice()));
            self.counted(plugin).set(grant, pairs).await
        }
        .boxed()
    }

    fn delete_many<'a>(&'a self, plugin: &'a str, keys: &'a [String]) -> ContextFuture<'a, ()> {
        async move { self.counted(plugin).delete(keys.iter().map(String::as_str)).await }.boxed()
    }
}
