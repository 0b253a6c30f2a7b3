//! The plugin's store, called through the component's imports.

use super::KvError;
use super::keys::Page;
use crate::bindings::wasi::keyvalue::{atomics, batch, store};

pub(super) struct Bucket(store::Bucket);

impl Bucket {
    pub(super) fn open(identifier: &str) -> Result<Self, KvError> {
        Ok(Self(store::open(identifier)?))
    }

    pub(super) fn get(&self, key: &str) -> Result<Option<Vec<u8>>, KvError> {
        Ok(self.0.get(key)?)
    }

    pub(super) fn set(&self, key: &str, value: &[u8]) -> Result<(), KvError> {
        Ok(self.0.set(key, value)?)
    }

    pub(super) fn delete(&self, key: &str) -> Result<(), KvError> {
        Ok(self.0.delete(key)?)
    }

    pub(super) fn exists(&self, key: &str) -> Result<bool, KvError> {
        Ok(self.0.exists(key)?)
    }

    pub(super) fn increment(&self, key: &str, delta: u64) -> Result<u64, KvError> {
        Ok(atomics::increment(&self.0, key, delta)?)
    }

    pub(super) fn get_many(&self, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, KvError> {
        let found = batch::get_many(&self.0, keys)?;
        Ok(found.into_iter().map(|pair| pair.map(|(_, value)| value)).collect())
    }

    pub(super) fn set_many(&self, pairs: &[(String, Vec<u8>)]) -> Result<(), KvError> {
        Ok(batch::set_many(&self.0, pairs)?)
    }

    pub(super) fn delete_many(&self, keys: &[String]) -> Result<(), KvError> {
        Ok(batch::delete_many(&self.0, keys)?)
    }

    pub(super) fn list_keys(&self, cursor: Option<u64>) -> Result<Page, KvError> {
        let page = self.0.list_keys(cursor)?;
        Ok(Page { keys: page.keys, cursor: page.cursor })
    }
}

impl From<store::Error> for KvError {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::AccessDenied => Self::Denied,
            store::Error::NoSuchStore => Self::NoSuchStore,
            store::Error::Other(reason) => Self::Unavailable(reason),
        }
    }
}
