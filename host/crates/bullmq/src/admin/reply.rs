//! What Redis answers, as text and numbers: producers in other languages may have stored what is no UTF-8, and one such
//! job must not hide the others of its page.

use std::collections::HashMap;

use crate::js;

/// A field, if it is there.
pub type Field = Option<Vec<u8>>;

pub fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The fields of a hash by their names.
pub struct Fields(HashMap<String, Vec<u8>>);

impl Fields {
    /// What `HMGET` answered for these names.
    pub fn zip(names: &[&str], values: Vec<Field>) -> Self {
        let pairs = names.iter().zip(values);
        Self(pairs.filter_map(|(name, value)| Some(((*name).to_owned(), value?))).collect())
    }

    /// What `HGETALL` answered.
    pub fn all(fields: HashMap<String, Vec<u8>>) -> Self {
        Self(fields)
    }

    pub fn text(&self, name: &str) -> Option<String> {
        self.0.get(name).map(|bytes| lossy(bytes))
    }

    pub fn number(&self, name: &str) -> Option<u64> {
        self.text(name).filter(|text| !js::parse_int(text).is_nan()).map(|text| js::field(&text))
    }
}
