//! Parameters of statements. They travel as text, and the server chooses the type by the place in the statement. Bytes
//! travel as they are.

use std::borrow::Cow;
use std::fmt::Display;
use std::time::SystemTime;

use serde::Serialize;

use super::value::array::{Item, write};
use super::{Date, PostgresError, Timestamp};
use crate::Json;

/// The OID of `bytea`.
const BYTEA: u32 = 17;

/// A value in the form in which it is sent.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(not(any(test, target_arch = "wasm32")), allow(dead_code, reason = "only components send values"))]
pub struct Parameter {
    /// 0: the server decides.
    pub(super) type_oid: u32,
    pub(super) value: Value,
}

#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(not(any(test, target_arch = "wasm32")), allow(dead_code, reason = "only components send values"))]
pub(super) enum Value {
    Null,
    Text(String),
    Bytes(Vec<u8>),
}

impl Parameter {
    /// NULL.
    pub const NULL: Self = Self { type_oid: 0, value: Value::Null };

    /// A value in the server's text form.
    pub fn text(text: impl Into<String>) -> Self {
        Self { type_oid: 0, value: Value::Text(text.into()) }
    }

    /// The same value, sent as this type of `pg_type`.
    #[must_use]
    pub fn with_type(self, type_oid: u32) -> Self {
        Self { type_oid, ..self }
    }
}

/// Shows no value.
impl std::fmt::Debug for Parameter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parameter").field("type_oid", &self.type_oid).finish_non_exhaustive()
    }
}

/// A value that can be a parameter.
///
/// Implemented for booleans, numbers, texts, `char`, `SystemTime`, [`Timestamp`], [`Date`], [`serde_json::Value`],
/// [`Json`](crate::Json), bytes (`Vec<u8>`, `[u8]`), `Option` of them, and lists of them. Any other value with a text
/// form of the server is `&text(value)`, such as a `uuid::Uuid` or a decimal number. [`AsJson`] writes any type as
/// JSON.
pub trait ToParameter {
    /// The value in the form in which it is sent.
    ///
    /// # Errors
    /// [`PostgresError::Invalid`] if the server has no form for it.
    fn to_parameter(&self) -> Result<Parameter, PostgresError>;
}

/// A value whose [`Display`] is the server's text form of its type.
pub fn text(value: impl Display) -> Parameter {
    Parameter::text(value.to_string())
}

/// A value that is sent as this type of `pg_type`, for places where the server cannot choose one.
///
/// # Errors
/// As for the value itself.
pub fn typed(value: &dyn ToParameter, type_oid: u32) -> Result<Parameter, PostgresError> {
    value.to_parameter().map(|parameter| parameter.with_type(type_oid))
}

/// A value that is written as JSON, for `json` and `jsonb`.
#[derive(Debug, Clone, Copy)]
pub struct AsJson<T>(pub T);

impl<T: Serialize> ToParameter for AsJson<T> {
    fn to_parameter(&self) -> Result<Parameter, PostgresError> {
        let json = serde_json::to_string(&self.0);
        json.map(Parameter::text).map_err(|error| PostgresError::Invalid(format!("the value cannot be JSON: {error}")))
    }
}

impl ToParameter for Parameter {
    fn to_parameter(&self) -> Result<Parameter, PostgresError> {
        Ok(self.clone())
    }
}

impl<T: ToParameter> ToParameter for Option<T> {
    fn to_parameter(&self) -> Result<Parameter, PostgresError> {
        self.as_ref().map_or(Ok(Parameter::NULL), T::to_parameter)
    }
}

impl<T: ToParameter + ?Sized> ToParameter for &T {
    fn to_parameter(&self) -> Result<Parameter, PostgresError> {
        (**self).to_parameter()
    }
}

/// A type whose lists are arrays of the server. Lists of `u8` are `bytea` instead.
pub trait Element: ToParameter {
    /// Whether the value is itself an array.
    const IS_ARRAY: bool = false;
}

macro_rules! displayed {
    ($($type:ty)*) => {
        $(impl ToParameter for $type {
            fn to_parameter(&self) -> Result<Parameter, PostgresError> {
                Ok(text(self))
            }
        }
        impl Element for $type {})*
    };
}

displayed!(bool i8 i16 i32 i64 i128 u16 u32 u64 u128 f32 f64 Timestamp Date);

impl ToParameter for u8 {
    fn to_parameter(&self) -> Result<Parameter, PostgresError> {
        Ok(text(self))
    }
}

macro_rules! texts {
    ($($type:ty)*) => {
        $(impl ToParameter for $type {
            fn to_parameter(&self) -> Result<Parameter, PostgresError> {
                string(self.to_string())
            }
        }
        impl Element for $type {})*
    };
}

texts!(str String char Cow<'_, str>);

/// A text of the server has no NUL.
fn string(text: String) -> Result<Parameter, PostgresError> {
    if text.contains('\0') {
        return Err(PostgresError::Invalid("a text for PostgreSQL cannot have the character U+0000".to_owned()));
    }
    Ok(Parameter::text(text))
}

impl ToParameter for SystemTime {
    fn to_parameter(&self) -> Result<Parameter, PostgresError> {
        Timestamp::from(*self).to_parameter()
    }
}

impl ToParameter for serde_json::Value {
    fn to_parameter(&self) -> Result<Parameter, PostgresError> {
        Ok(text(self))
    }
}

impl ToParameter for Json {
    fn to_parameter(&self) -> Result<Parameter, PostgresError> {
        string(self.as_str().to_owned())
    }
}

impl Element for SystemTime {}
impl Element for serde_json::Value {}
impl Element for Json {}
impl Element for Parameter {}
impl<T: Serialize> Element for AsJson<T> {}

impl<T: Element> Element for Option<T> {
    const IS_ARRAY: bool = T::IS_ARRAY;
}

impl<T: Element + ?Sized> Element for &T {
    const IS_ARRAY: bool = T::IS_ARRAY;
}

impl<T: Element> Element for Vec<T> {
    const IS_ARRAY: bool = true;
}

impl<T: Element> Element for [T] {
    const IS_ARRAY: bool = true;
}

impl<T: Element, const N: usize> Element for [T; N] {
    const IS_ARRAY: bool = true;
}

impl Element for Vec<u8> {}
impl Element for [u8] {}
impl<const N: usize> Element for [u8; N] {}

impl<T: Element> ToParameter for [T] {
    fn to_parameter(&self) -> Result<Parameter, PostgresError> {
        let items = self.iter().map(item).collect::<Result<Vec<_>, _>>()?;
        Ok(Parameter::text(write(items.into_iter())))
    }
}

/// An element, as a part of the text of its array.
fn item<T: Element>(element: &T) -> Result<Option<Item>, PostgresError> {
    Ok(match element.to_parameter()?.value {
        Value::Null => None,
        Value::Bytes(bytes) => Some(Item::Text(hex(&bytes))),
        Value::Text(text) if T::IS_ARRAY => Some(Item::Array(text)),
        Value::Text(text) => Some(Item::Text(text)),
    })
}

impl<T: Element> ToParameter for Vec<T> {
    fn to_parameter(&self) -> Result<Parameter, PostgresError> {
        self.as_slice().to_parameter()
    }
}

impl<T: Element, const N: usize> ToParameter for [T; N] {
    fn to_parameter(&self) -> Result<Parameter, PostgresError> {
        self.as_slice().to_parameter()
    }
}

impl ToParameter for [u8] {
    fn to_parameter(&self) -> Result<Parameter, PostgresError> {
        Ok(Parameter { type_oid: BYTEA, value: Value::Bytes(self.to_vec()) })
    }
}

impl ToParameter for Vec<u8> {
    fn to_parameter(&self) -> Result<Parameter, PostgresError> {
        self.as_slice().to_parameter()
    }
}

impl<const N: usize> ToParameter for [u8; N] {
    fn to_parameter(&self) -> Result<Parameter, PostgresError> {
        self.as_slice().to_parameter()
    }
}

/// The text form of `bytea`.
fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or('0');
    let digits = bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]);
    ['\\', 'x'].into_iter().chain(digits).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sent(value: &dyn ToParameter) -> Option<String> {
        match value.to_parameter().expect("it can be sent") {
            Parameter { value: Value::Text(text), type_oid: 0 } => Some(text),
            Parameter { value: Value::Null, type_oid: 0 } => None,
            other => panic!("{other:?} is not a text of any type"),
        }
    }

    #[test]
    fn values_have_the_servers_text_form() {
        assert_eq!(sent(&true).as_deref(), Some("true"));
        assert_eq!(sent(&-5_i64).as_deref(), Some("-5"));
        assert_eq!(sent(&f64::INFINITY).as_deref(), Some("inf"));
        assert_eq!(sent(&"text").as_deref(), Some("text"));
        assert_eq!(sent(&Some(String::from("text"))).as_deref(), Some("text"));
        assert_eq!(sent(&None::<i32>), None);
        assert_eq!(sent(&SystemTime::UNIX_EPOCH).as_deref(), Some("1970-01-01T00:00:00.000000Z"));
        assert_eq!(sent(&json!({ "a": null })).as_deref(), Some("{\"a\":null}"));
        assert_eq!(sent(&AsJson(vec![1, 2])).as_deref(), Some("[1,2]"));
    }

    #[test]
    fn lists_are_arrays_and_lists_of_bytes_are_bytea() {
        assert_eq!(sent(&vec![1, 2]).as_deref(), Some("{\"1\",\"2\"}"));
        assert_eq!(sent(&[Some("a,\"b\""), None]).as_deref(), Some("{\"a,\\\"b\\\"\",NULL}"));
        assert_eq!(sent(&vec![vec![1], vec![2]]).as_deref(), Some("{{\"1\"},{\"2\"}}"));
        assert_eq!(sent(&vec![vec![0_u8, 255]]).as_deref(), Some("{\"\\\\x00ff\"}"));
        let bytes = vec![0_u8, 1].to_parameter();
        assert_eq!(bytes, Ok(Parameter { type_oid: BYTEA, value: Value::Bytes(vec![0, 1]) }));
    }

    #[test]
    fn a_text_with_nul_is_refused_and_no_message_or_debug_quotes_a_value() {
        let error = "hunter2\0".to_parameter().expect_err("NUL");
        assert!(!error.to_string().contains("hunter2"), "{error}");
        assert!(!format!("{:?}", "hunter2".to_parameter()).contains("hunter2"));
        assert_eq!(typed(&5, 20).expect("a number").type_oid, 20);
    }
}
