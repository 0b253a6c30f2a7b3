//! A store in memory, one for each thread, so that unit tests do not see each other's values.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::KvError;
use super::keys::Page;

type Values = BTreeMap<String, Vec<u8>>;

thread_local! {
    static VALUES: RefCell<Values> = const { RefCell::new(Values::new()) };
}

pub(super) struct Bucket(());

impl Bucket {
    pub(super) fn open(_identifier: &str) -> Result<Self, KvError> {
        Ok(Self(()))
    }

    pub(super) fn get(&self, key: &str) -> Result<Option<Vec<u8>>, KvError> {
        Ok(with(|values| values.get(key).cloned()))
    }

    pub(super) fn set(&self, key: &str, value: &[u8]) -> Result<(), KvError> {
        with(|values| values.insert(key.into(), value.into()));
        Ok(())
    }

    pub(super) fn delete(&self, key: &str) -> Result<(), KvError> {
        with(|values| values.remove(key));
        Ok(())
    }

    pub(super) fn exists(&self, key: &str) -> Result<bool, KvError> {
        Ok(with(|values| values.contains_key(key)))
    }

    pub(super) fn increment(&self, key: &str, delta: u64) -> Result<u64, KvError> {
        let number = |bytes: &Vec<u8>| std::str::from_utf8(bytes).ok()?.parse::<u64>().ok();
        let sum = with(|values| {
            let sum = values.get(key).map_or(Some(0), number)?.checked_add(delta)?;
            values.insert(key.into(), sum.to_string().into_bytes());
            Some(sum)
        });
        sum.ok_or_else(|| KvError::Unavailable("the value is not a number, or is too large".into()))
    }

    pub(super) fn get_many(&self, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, KvError> {
        Ok(with(|values| keys.iter().map(|key| values.get(key).cloned()).collect()))
    }

    pub(super) fn set_many(&self, pairs: &[(String, Vec<u8>)]) -> Result<(), KvError> {
        with(|values| values.extend(pairs.iter().cloned()));
        Ok(())
    }

    pub(super) fn delete_many(&self, keys: &[String]) -> Result<(), KvError> {
        with(|values| values.retain(|key, _| !keys.contains(key)));
        Ok(())
    }

    pub(super) fn list_keys(&self, _cursor: Option<u64>) -> Result<Page, KvError> {
        Ok(Page { keys: with(|values| values.keys().cloned().collect()), cursor: None })
    }
}

fn with<T>(run: impl FnOnce(&mut Values) -> T) -> T {
    VALUES.with_borrow_mut(run)
}
