//! Parts of GitHub's documents: replaces objects by their name or number.

use serde::Deserialize;
use serde::de::Deserializer;
use serde_json::Value;

fn text_at(value: &Value, pointer: &str) -> Option<String> {
    value.pointer(pointer).and_then(Value::as_str).map(str::to_owned)
}

fn texts_at(value: &Value, pointer: &str) -> Vec<String> {
    let text = |value: &Value| text_at(value, pointer).or_else(|| value.as_str().map(str::to_owned));
    value.as_array().into_iter().flatten().filter_map(text).collect()
}

pub(super) fn login<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(text_at(&Value::deserialize(from)?, "/login"))
}

pub(super) fn logins<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    Ok(texts_at(&Value::deserialize(from)?, "/login"))
}

/// A label of an issue is an object or, in old responses, only its name.
pub(super) fn names<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    Ok(texts_at(&Value::deserialize(from)?, "/name"))
}

pub(super) fn shas<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    Ok(texts_at(&Value::deserialize(from)?, "/sha"))
}

pub(super) fn sha<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    text_at(&Value::deserialize(from)?, "/sha").ok_or_else(|| serde::de::Error::missing_field("sha"))
}

pub(super) fn spdx<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let license = Value::deserialize(from)?;
    Ok(text_at(&license, "/spdx_id").or_else(|| license.as_str().map(str::to_owned)))
}

pub(super) fn number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    Ok(Value::deserialize(from)?.pointer("/number").and_then(Value::as_u64))
}

pub(super) fn id<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    Ok(Value::deserialize(from)?.pointer("/id").and_then(Value::as_u64))
}

pub(super) fn slug<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(text_at(&Value::deserialize(from)?, "/slug"))
}

pub(super) fn is_there<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    Ok(!Value::deserialize(from)?.is_null())
}

pub(super) fn last_number<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    let url = String::deserialize(from)?;
    let last = url.rsplit('/').next().and_then(|last| last.parse().ok());
    last.ok_or_else(|| serde::de::Error::custom("the address of an issue has no number"))
}
