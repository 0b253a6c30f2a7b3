//! Redis' answers as text and numbers. Producers in other languages may have stored invalid UTF-8. One such job must
//! not hide the other jobs of its page.

use std::collections::HashMap;

use super::error::AdminError;
use crate::js;

/// The value of a field, if it exists.
pub type Field = Option<Vec<u8>>;

pub fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The fields of a hash by their names.
pub struct Fields(HashMap<String, Vec<u8>>);

impl Fields {
    /// The answer of `HMGET` for these names.
    pub fn zip(names: &[&str], values: Vec<Field>) -> Self {
        let pairs = names.iter().zip(values);
        Self(pairs.filter_map(|(name, value)| Some(((*name).to_owned(), value?))).collect())
    }

    /// The answer of `HGETALL`.
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

/// The number of counted attempts. The second name is from BullMQ before version 5.
pub(super) fn made(fields: &Fields) -> u64 {
    fields.number("atm").or_else(|| fields.number("attemptsMade")).unwrap_or(0)
}

/// The next answer of a pipeline.
pub(super) fn next<T: redis::FromRedisValue>(
    answers: &mut impl Iterator<Item = redis::Value>,
) -> Result<T, AdminError> {
    let answer = answers.next().unwrap_or(redis::Value::Nil);
    redis::from_redis_value(answer).map_err(|error| AdminError::Redis(redis::RedisError::from(error).into()))
}
