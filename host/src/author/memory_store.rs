//! A substitute for a plugin's key-value data, in memory, for one run without Redis.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures::FutureExt;

use toril_config as config;
use toril_job::{ContextError, ContextFuture, KeyValue};

/// The data of one plugin. Values do not expire, because a run is short.
#[derive(Default)]
pub struct MemoryStore(Mutex<BTreeMap<String, Vec<u8>>>);

impl MemoryStore {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes all pairs, or none if they would exceed the plugin's limits.
fn put(
    data: &mut BTreeMap<String, Vec<u8>>,
    plugin: &str,
    grant: &config::KeyValue,
    pairs: Vec<(String, Vec<u8>)>,
) -> Result<(), ContextError> {
    let size =
        |data: &BTreeMap<String, Vec<u8>>| data.iter().map(|(key, value)| key.len() + value.len()).sum::<usize>();
    let mut after = data.clone();
    after.extend(pairs);
    for (what, before, after, most, key) in [
        ("keys", data.len(), after.len(), grant.max_keys, "max_keys"),
        ("bytes", size(data), size(&after), grant.max_bytes, "max_bytes"),
    ] {
        if after > before && after as u64 > most {
            return Err(ContextError::too_much_kept(plugin, after as u64, what, most, key));
        }
    }
    *data = after;
    Ok(())
}

fn answer<'a, T: Send + 'a>(value: Result<T, ContextError>) -> ContextFuture<'a, T> {
    std::future::ready(value).boxed()
}

impl KeyValue for MemoryStore {
    fn get<'a>(&'a self, _plugin: &'a str, key: &'a str) -> ContextFuture<'a, Option<Vec<u8>>> {
        answer(Ok(self.lock().get(key).cloned()))
    }

    fn set<'a>(
        &'a self,
        plugin: &'a str,
        key: &'a str,
        value: Vec<u8>,
        grant: &'a config::KeyValue,
    ) -> ContextFuture<'a, ()> {
        answer(put(&mut self.lock(), plugin, grant, vec![(key.to_owned(), value)]))
    }

    fn delete<'a>(&'a self, _plugin: &'a str, key: &'a str) -> ContextFuture<'a, ()> {
        self.lock().remove(key);
        answer(Ok(()))
    }

    fn exists<'a>(&'a self, _plugin: &'a str, key: &'a str) -> ContextFuture<'a, bool> {
        answer(Ok(self.lock().contains_key(key)))
    }

    fn keys<'a>(&'a self, _plugin: &'a str, _cursor: Option<u64>) -> ContextFuture<'a, (Vec<String>, Option<u64>)> {
        answer(Ok((self.lock().keys().cloned().collect(), None)))
    }

    fn increment<'a>(
        &'a self,
        plugin: &'a str,
        key: &'a str,
        by: u64,
        grant: &'a config::KeyValue,
    ) -> ContextFuture<'a, u64> {
        let mut data = self.lock();
        let held = data.get(key).map(|value| String::from_utf8_lossy(value).parse::<u64>());
        let value = match held.transpose() {
            Ok(held) => held.unwrap_or(0).checked_add(by),
            Err(_) => return answer(Err(ContextError::Invalid("the value is not a whole number".to_owned()))),
        };
        let Some(value) = value else {
            return answer(Err(ContextError::Invalid("the value would be too large".to_owned())));
        };
        let pair = (key.to_owned(), value.to_string().into_bytes());
        answer(put(&mut data, plugin, grant, vec![pair]).map(|()| value))
    }

    fn get_many<'a>(
        &'a self,
        _plugin: &'a str,
        keys: &'a [String],
        limit: usize,
    ) -> ContextFuture<'a, Vec<Option<Vec<u8>>>> {
        let data = self.lock();
        let size: usize = keys.iter().filter_map(|key| data.get(key)).map(Vec::len).sum();
        if size > limit {
            return answer(Err(ContextError::too_much_at_once(size, limit)));
        }
        answer(Ok(keys.iter().map(|key| data.get(key).cloned()).collect()))
    }

    fn set_many<'a>(
        &'a self,
        plugin: &'a str,
        pairs: &'a [(String, Vec<u8>)],
        grant: &'a config::KeyValue,
    ) -> ContextFuture<'a, ()> {
        answer(put(&mut self.lock(), plugin, grant, pairs.to_vec()))
    }

    fn delete_many<'a>(&'a self, _plugin: &'a str, keys: &'a [String]) -> ContextFuture<'a, ()> {
        let mut data = self.lock();
        for key in keys {
            data.remove(key);
        }
        answer(Ok(()))
    }
}
