//! Values that outlive the job, in the plugin's own store in Redis. Grant it with `keyvalue = true` in the plugin's
//! entry in `queues.toml`. All jobs of the plugin on all hosts share it.
//!
//! ```
//! use toril_plugin::kv;
//!
//! # fn count() -> Result<(), kv::KvError> {
//! let store = kv::open()?;
//! let runs = store.increment("runs", 1)?;
//! store.set_json("last", &serde_json::json!({ "run": runs }))?;
//! for key in store.keys() {
//!     toril_plugin::log::debug(key?);
//! }
//! # Ok(())
//! # }
//! # count().unwrap();
//! ```
//!
//! Only [`Store::increment`] is atomic: another job can set the key between a `get` and a `set`. Outside of a
//! component, each thread, and so each test, has its own store in memory, empty at first.

#[cfg(target_arch = "wasm32")]
mod component;
mod error;
mod keys;
#[cfg(not(target_arch = "wasm32"))]
mod stand_in;

use serde::Serialize;
use serde::de::DeserializeOwned;

#[cfg(target_arch = "wasm32")]
use component::Bucket;
#[cfg(not(target_arch = "wasm32"))]
use stand_in::Bucket;

pub use error::KvError;
pub use keys::Keys;

/// Opens the plugin's store.
///
/// # Errors
/// [`KvError::Denied`] if it is not granted.
pub fn open() -> Result<Store, KvError> {
    Bucket::open("").map(Store)
}

/// The plugin's store. Keys are text, values are bytes.
pub struct Store(Bucket);

impl Store {
    /// The value of a key, `None` if the key does not exist.
    ///
    /// # Errors
    /// If the host could not read it.
    pub fn get(&self, key: &str) -> Result<Option<Vec<u8>>, KvError> {
        self.0.get(key)
    }

    /// Sets a key.
    ///
    /// # Errors
    /// If the host did not write it.
    pub fn set(&self, key: &str, value: impl AsRef<[u8]>) -> Result<(), KvError> {
        self.0.set(key, value.as_ref())
    }

    /// The value of a key, read from JSON. `None` if the key does not exist.
    ///
    /// # Errors
    /// [`KvError::Unexpected`] if the value is not JSON or not a `T`, and the other variants if the host could not
    /// read it.
    pub fn get_json<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, KvError> {
        let Some(bytes) = self.get(key)? else { return Ok(None) };
        let unexpected = |error: serde_json::Error| KvError::Unexpected {
            key: key.into(),
            line: error.line(),
            column: error.column(),
        };
        serde_json::from_slice(&bytes).map(Some).map_err(unexpected)
    }

    /// Sets a key to a value, written as JSON.
    ///
    /// # Errors
    /// [`KvError::Invalid`] if the value cannot be JSON, and the other variants if the host did not write it.
    pub fn set_json(&self, key: &str, value: &(impl Serialize + ?Sized)) -> Result<(), KvError> {
        let invalid = |error: serde_json::Error| KvError::Invalid { key: key.into(), reason: error.to_string() };
        self.set(key, serde_json::to_vec(value).map_err(invalid)?)
    }

    /// Removes a key. A missing key is not an error.
    ///
    /// # Errors
    /// If the host did not remove it.
    pub fn delete(&self, key: &str) -> Result<(), KvError> {
        self.0.delete(key)
    }

    /// Whether a key exists.
    ///
    /// # Errors
    /// If the host could not read it.
    pub fn exists(&self, key: &str) -> Result<bool, KvError> {
        self.0.exists(key)
    }

    /// Adds to a key's number atomically, and returns the sum. A missing key counts as 0.
    ///
    /// # Errors
    /// If the host did not do it, for example because the value is not a number.
    pub fn increment(&self, key: &str, delta: u64) -> Result<u64, KvError> {
        self.0.increment(key, delta)
    }

    /// The values of keys, in the order of the keys, in one round trip. `None` for a missing key. At most 1,000 keys,
    /// whose values have at most 8 MiB together.
    ///
    /// # Errors
    /// If the host could not read them.
    pub fn get_many(&self, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, KvError> {
        self.0.get_many(keys)
    }

    /// Sets all pairs in one round trip, or none of them if it fails. At most 1,000 keys, with at most 8 MiB together
    /// with their values.
    ///
    /// # Errors
    /// If the host did not write them.
    pub fn set_many(&self, pairs: &[(String, Vec<u8>)]) -> Result<(), KvError> {
        self.0.set_many(pairs)
    }

    /// Removes keys in one round trip, at most 1,000. A missing key is not an error.
    ///
    /// # Errors
    /// If the host did not remove them.
    pub fn delete_many(&self, keys: &[String]) -> Result<(), KvError> {
        self.0.delete_many(keys)
    }

    /// All keys, in no particular order, fetched page by page. Keys that are set or removed meanwhile may be missing
    /// or included.
    pub fn keys(&self) -> Keys<'_> {
        Keys::new(|cursor| self.0.list_keys(cursor))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_exists_until_it_is_deleted() {
        let store = open().expect("in memory");
        assert_eq!(store.get("a"), Ok(None));
        store.set("a", "text").expect("set");
        store.set_json("b", &[1, 2]).expect("set");
        assert_eq!(store.get("a"), Ok(Some(b"text".to_vec())));
        assert_eq!(open().and_then(|again| again.get_json::<Vec<u8>>("b")), Ok(Some(vec![1, 2])));
        assert_eq!(store.keys().collect::<Result<Vec<_>, _>>(), Ok(vec!["a".into(), "b".into()]));
        store.delete("a").expect("deleted");
        store.delete("a").expect("deleted before");
        assert_eq!((store.exists("a"), store.exists("b")), (Ok(false), Ok(true)));
    }

    #[test]
    fn many_keys_are_set_read_in_their_order_and_deleted() {
        let store = open().expect("in memory");
        let key = |name: &str| name.to_owned();
        store.set_many(&[(key("a"), b"1".to_vec()), (key("b"), b"2".to_vec())]).expect("set");
        let read = store.get_many(&[key("b"), key("c"), key("a")]);
        assert_eq!(read, Ok(vec![Some(b"2".to_vec()), None, Some(b"1".to_vec())]));
        store.delete_many(&[key("a"), key("c")]).expect("deleted");
        assert_eq!(store.keys().collect::<Result<Vec<_>, _>>(), Ok(vec![key("b")]));
    }

    #[test]
    fn a_counter_begins_at_zero_and_accepts_only_numbers() {
        let store = open().expect("in memory");
        assert_eq!(store.increment("n", 2), Ok(2));
        assert_eq!(store.increment("n", 3), Ok(5));
        assert_eq!(store.get_json::<u64>("n"), Ok(Some(5)));
        store.set("word", "five").expect("set");
        assert!(store.increment("word", 1).is_err());
    }

    #[test]
    fn the_error_about_a_value_names_its_key_and_does_not_quote_it() {
        let store = open().expect("in memory");
        store.set_json("token", "hunter2").expect("set");
        let error = store.get_json::<u64>("token").expect_err("a string is no number");
        assert!(error.to_string().contains("`token`"), "{error}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}
