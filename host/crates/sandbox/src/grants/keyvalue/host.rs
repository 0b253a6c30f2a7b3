//! The host functions of `wasi:keyvalue`.

use std::sync::Arc;

use wasmtime::component::Resource;

use super::bindings::wasi::keyvalue::{atomics, batch, store};
use super::view::{Bucket, View};
use toril_job::ContextError;

/// Maximum length of a key and of a value, in bytes.
const KEY: usize = 1024;
const VALUE: usize = 1024 * 1024;
/// Maximum number of keys per call, and maximum size of its keys and values together in bytes.
const BATCH_KEYS: usize = 1_000;
const BATCH: usize = 8 * 1024 * 1024;

type Answer<T> = wasmtime::Result<Result<T, store::Error>>;

impl store::Host for View<'_> {
    async fn open(&mut self, identifier: String) -> Answer<Resource<Bucket>> {
        if self.grant.is_none() {
            let plugin = &self.job.plugin;
            self.job.denials.add(format!(
                "plugin {plugin} has no key-value data: add `keyvalue = true` under [plugins.{plugin}] in the configuration to allow it"
            ));
            return Ok(Err(store::Error::AccessDenied));
        }
        // Guests written for other hosts open "default".
        if !matches!(identifier.as_str(), "" | "default") {
            return Ok(Err(store::Error::NoSuchStore));
        }
        Ok(Ok(self.table.push(Bucket)?))
    }
}

impl store::HostBucket for View<'_> {
    async fn get(&mut self, _: Resource<Bucket>, key: String) -> Answer<Option<Vec<u8>>> {
        let store = match self.opened(&key) {
            Ok((store, _)) => store,
            Err(error) => return Ok(Err(error)),
        };
        Ok(store.get(&self.job.plugin, &key).await.map_err(Into::into))
    }

    async fn set(&mut self, _: Resource<Bucket>, key: String, value: Vec<u8>) -> Answer<()> {
        let (store, grant) = match self.opened(&key) {
            Ok(opened) => opened,
            Err(error) => return Ok(Err(error)),
        };
        if let Err(error) = fits(&value) {
            return Ok(Err(error));
        }
        let written = store.set(&self.job.plugin, &key, value, &grant).await;
        Ok(self.written(written))
    }

    async fn delete(&mut self, _: Resource<Bucket>, key: String) -> Answer<()> {
        let store = match self.opened(&key) {
            Ok((store, _)) => store,
            Err(error) => return Ok(Err(error)),
        };
        Ok(store.delete(&self.job.plugin, &key).await.map_err(Into::into))
    }

    async fn exists(&mut self, _: Resource<Bucket>, key: String) -> Answer<bool> {
        let store = match self.opened(&key) {
            Ok((store, _)) => store,
            Err(error) => return Ok(Err(error)),
        };
        Ok(store.exists(&self.job.plugin, &key).await.map_err(Into::into))
    }

    async fn list_keys(&mut self, _: Resource<Bucket>, cursor: Option<u64>) -> Answer<store::KeyResponse> {
        let store = match self.opened("") {
            Ok((store, _)) => store,
            Err(error) => return Ok(Err(error)),
        };
        let listed = store.keys(&self.job.plugin, cursor).await;
        Ok(listed.map(|(keys, cursor)| store::KeyResponse { keys, cursor }).map_err(Into::into))
    }

    async fn drop(&mut self, bucket: Resource<Bucket>) -> wasmtime::Result<()> {
        self.table.delete(bucket)?;
        Ok(())
    }
}

impl atomics::Host for View<'_> {
    async fn increment(&mut self, _: Resource<Bucket>, key: String, delta: u64) -> Answer<u64> {
        let (store, grant) = match self.opened(&key) {
            Ok(opened) => opened,
            Err(error) => return Ok(Err(error)),
        };
        let written = store.increment(&self.job.plugin, &key, delta, &grant).await;
        Ok(self.written(written))
    }
}

/// A call without keys does nothing, but still needs the grant.
impl batch::Host for View<'_> {
    async fn get_many(&mut self, _: Resource<Bucket>, keys: Vec<String>) -> Answer<Vec<Option<(String, Vec<u8>)>>> {
        let store = match self.opened_for(keys.iter()) {
            Ok((store, _)) => store,
            Err(error) => return Ok(Err(error)),
        };
        if keys.is_empty() {
            return Ok(Ok(Vec::new()));
        }
        let values = match store.get_many(&self.job.plugin, &keys, BATCH).await {
            Ok(values) => values,
            Err(error) => return Ok(Err(error.into())),
        };
        Ok(Ok(keys.into_iter().zip(values).map(|(key, value)| value.map(|value| (key, value))).collect()))
    }

    async fn set_many(&mut self, _: Resource<Bucket>, pairs: Vec<(String, Vec<u8>)>) -> Answer<()> {
        let (store, grant) = match self.opened_for(pairs.iter().map(|(key, _)| key)) {
            Ok(opened) => opened,
            Err(error) => return Ok(Err(error)),
        };
        let size = pairs.iter().map(|(key, value)| key.len() + value.len()).sum();
        if size > BATCH {
            return Ok(Err(ContextError::too_much_at_once(size, BATCH).into()));
        }
        if let Some(error) = pairs.iter().find_map(|(_, value)| fits(value).err()) {
            return Ok(Err(error));
        }
        if pairs.is_empty() {
            return Ok(Ok(()));
        }
        let written = store.set_many(&self.job.plugin, &pairs, &grant).await;
        Ok(self.written(written))
    }

    async fn delete_many(&mut self, _: Resource<Bucket>, keys: Vec<String>) -> Answer<()> {
        let store = match self.opened_for(keys.iter()) {
            Ok((store, _)) => store,
            Err(error) => return Ok(Err(error)),
        };
        if keys.is_empty() {
            return Ok(Ok(()));
        }
        Ok(store.delete_many(&self.job.plugin, &keys).await.map_err(Into::into))
    }
}

fn fits(value: &[u8]) -> Result<(), store::Error> {
    match value.len() {
        ..=VALUE => Ok(()),
        size => Err(store::Error::Other(format!("the value has {size} bytes and may have {VALUE}"))),
    }
}

type Opened = (Arc<dyn toril_job::KeyValue>, toril_config::KeyValue);

impl View<'_> {
    /// The outcome of a write. A write beyond the plugin's quota is also logged in the job's log.
    fn written<T>(&self, written: Result<T, ContextError>) -> Result<T, store::Error> {
        if let Err(ContextError::Denied(reason)) = &written {
            self.job.denials.add(reason.clone());
        }
        written.map_err(Into::into)
    }

    /// Opens the store for all of these keys.
    fn opened_for<'a>(&self, keys: impl ExactSizeIterator<Item = &'a String>) -> Result<Opened, store::Error> {
        if keys.len() > BATCH_KEYS {
            let message = format!("the call names {} keys and may name {BATCH_KEYS}", keys.len());
            return Err(store::Error::Other(message));
        }
        let opened = self.opened("")?;
        for key in keys {
            self.opened(key)?;
        }
        Ok(opened)
    }

    /// Opens the store for this key. Returns it together with the plugin's grant.
    fn opened(&self, key: &str) -> Result<Opened, store::Error> {
        if key.len() > KEY {
            return Err(store::Error::Other(format!("the key has {} bytes and may have {KEY}", key.len())));
        }
        let Some(granted) = self.grant else { return Err(store::Error::AccessDenied) };
        match &self.job.store {
            Some(store) => Ok((store.clone(), granted.clone())),
            None => Err(store::Error::Other("no job is running".to_owned())),
        }
    }
}

impl From<ContextError> for store::Error {
    fn from(error: ContextError) -> Self {
        Self::Other(error.to_string())
    }
}
