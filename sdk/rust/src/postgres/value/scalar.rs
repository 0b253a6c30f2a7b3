//! Reads one value from the server's text.

use std::borrow::Cow;
use std::str::FromStr;
use std::vec;

use serde::de::value::{SeqDeserializer, StrDeserializer};
use serde::de::{DeserializeSeed, Deserializer, SeqAccess, Visitor};

use super::array::{self, Element};
use super::{Unfit, oid};

/// Reads one value of a type.
pub(super) struct ValueDeserializer<'a> {
    value: Value<'a>,
    oid: u32,
}

/// A value.
enum Value<'a> {
    Null,
    Text(Cow<'a, [u8]>),
    /// An array in an array. The type is that of the outer array.
    Elements(Vec<Element>),
}

impl<'a> ValueDeserializer<'a> {
    pub(super) fn new(value: Option<&'a [u8]>, oid: u32) -> Self {
        Self { value: value.map_or(Value::Null, |text| Value::Text(Cow::Borrowed(text))), oid }
    }

    /// Whether serde_json reads the value.
    pub(super) fn is_json(&self) -> bool {
        matches!(self.oid, oid::JSON | oid::JSONB)
    }

    /// Whether the value has elements.
    pub(super) fn is_list(&self) -> bool {
        /// The first OID of a type that is not built in, such as an array of an enum.
        const FIRST_OTHER: u32 = 16_384;
        self.is_json()
            || self.oid == oid::BYTEA
            || oid::element(self.oid) != 0
            || oid::is_plain_array(self.oid)
            || (self.oid >= FIRST_OTHER && matches!(&self.value, Value::Text(text) if text.starts_with(b"{")))
    }

    fn bytes(self) -> Result<Cow<'a, [u8]>, Unfit> {
        match self.value {
            Value::Null => Err(Unfit("the value is NULL, and the type is not an Option".to_owned())),
            Value::Text(text) => Ok(text),
            Value::Elements(_) => Err(Unfit("the value is an array".to_owned())),
        }
    }

    /// The text, with times in the form of ISO 8601 and RFC 3339.
    fn text(self) -> Result<Cow<'a, str>, Unfit> {
        let type_oid = self.oid;
        let text = match self.bytes()? {
            Cow::Borrowed(bytes) => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
            Cow::Owned(bytes) => String::from_utf8(bytes).ok().map(Cow::Owned),
        };
        let text = text.ok_or_else(|| Unfit("the value is not UTF-8".to_owned()))?;
        Ok(iso(text, type_oid))
    }

    fn number<N: FromStr>(self, name: &str) -> Result<N, Unfit> {
        self.text()?.parse().map_err(|_| Unfit(format!("the value is not a number that fits in {name}")))
    }

    fn truth(self) -> Result<bool, Unfit> {
        match &*self.text()? {
            "t" | "true" => Ok(true),
            "f" | "false" => Ok(false),
            _ => Err(Unfit("the value is not true or false".to_owned())),
        }
    }

    /// The bytes of a `bytea`, and the text of any other type.
    fn octets(self) -> Result<Vec<u8>, Unfit> {
        let is_bytea = self.oid == oid::BYTEA;
        let bytes = self.bytes()?;
        if !is_bytea {
            return Ok(bytes.into_owned());
        }
        unhex(&bytes).ok_or_else(|| Unfit("the value is not in the hexadecimal form of bytea".to_owned()))
    }

    fn elements(self) -> Result<Elements, Unfit> {
        // An array in an array has the type of the outer one.
        let oid = oid::element(self.oid);
        let of = self.oid;
        let elements = match self.value {
            Value::Elements(elements) => Some(elements),
            _ => array::parse(&self.text()?),
        };
        let elements = elements.ok_or_else(|| Unfit("the value is not an array".to_owned()))?;
        Ok(Elements { elements: elements.into_iter(), oid, of })
    }
}

/// Calls a method of serde_json's reader with the value.
macro_rules! json {
    ($value:expr, $method:ident($($argument:expr),*)) => {
        match $value.bytes()? {
            Cow::Borrowed(text) => serde_json::Deserializer::from_slice(text).$method($($argument),*),
            // An element of an array. What the visitor gets must outlive it, which the reader of a stream ensures.
            Cow::Owned(text) => serde_json::Deserializer::from_reader(text.as_slice()).$method($($argument),*),
        }
        .map_err(unfit_json)
    };
}

/// serde_json's own text would quote the value.
fn unfit_json(error: serde_json::Error) -> Unfit {
    Unfit(format!("its JSON does not fit the type (line {}, column {})", error.line(), error.column()))
}

macro_rules! numbers {
    ($($method:ident $visit:ident $type:ty)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
            if self.is_json() {
                return json!(self, $method(visitor));
            }
            visitor.$visit(self.number::<$type>(stringify!($type))?)
        })*
    };
}

macro_rules! as_another {
    ($($method:ident as $other:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
            self.$other(visitor)
        })*
    };
}

impl<'de> Deserializer<'de> for ValueDeserializer<'de> {
    type Error = Unfit;

    numbers! {
        deserialize_i8 visit_i8 i8
        deserialize_i16 visit_i16 i16
        deserialize_i32 visit_i32 i32
        deserialize_i64 visit_i64 i64
        deserialize_i128 visit_i128 i128
        deserialize_u8 visit_u8 u8
        deserialize_u16 visit_u16 u16
        deserialize_u32 visit_u32 u32
        deserialize_u64 visit_u64 u64
        deserialize_u128 visit_u128 u128
        deserialize_f32 visit_f32 f32
        deserialize_f64 visit_f64 f64
    }

    as_another! {
        deserialize_string as deserialize_str
        deserialize_char as deserialize_str
        deserialize_identifier as deserialize_str
        deserialize_byte_buf as deserialize_bytes
    }

    /// For types that take what there is, such as `serde_json::Value`.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        if matches!(self.value, Value::Null) {
            return visitor.visit_unit();
        }
        match self.oid {
            oid::JSON | oid::JSONB => json!(self, deserialize_any(visitor)),
            oid::BOOL => self.deserialize_bool(visitor),
            oid::INT2 | oid::INT4 | oid::INT8 | oid::OID => self.deserialize_i64(visitor),
            oid::FLOAT4 | oid::FLOAT8 => self.deserialize_f64(visitor),
            oid::BYTEA => self.deserialize_bytes(visitor),
            _ if self.is_list() => self.deserialize_seq(visitor),
            _ => self.deserialize_str(visitor),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        if self.is_json() {
            return json!(self, deserialize_bool(visitor));
        }
        visitor.visit_bool(self.truth()?)
    }

    /// A text of JSON that is not a string is the whole document, for `String` in a column of JSON.
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        if self.is_json() && matches!(&self.value, Value::Text(text) if text.trim_ascii_start().starts_with(b"\"")) {
            return json!(self, deserialize_str(visitor));
        }
        match self.text()? {
            Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
            Cow::Owned(text) => visitor.visit_string(text),
        }
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        visitor.visit_byte_buf(self.octets()?)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        match &self.value {
            Value::Null => visitor.visit_none(),
            Value::Text(text) if self.is_json() && text.trim_ascii() == b"null" => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Unfit> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Unfit> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        if self.is_json() {
            return json!(self, deserialize_seq(visitor));
        }
        if self.oid == oid::BYTEA {
            return visitor.visit_seq(SeqDeserializer::new(self.octets()?.into_iter()));
        }
        visitor.visit_seq(self.elements()?)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Unfit> {
        if self.is_json() {
            return json!(self, deserialize_tuple(length, visitor));
        }
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Unfit> {
        self.deserialize_tuple(length, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        if self.is_json() {
            return json!(self, deserialize_map(visitor));
        }
        Err(Unfit("only JSON becomes a map or a struct".to_owned()))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unfit> {
        if self.is_json() {
            return json!(self, deserialize_struct(name, fields, visitor));
        }
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unfit> {
        if self.is_json() {
            return json!(self, deserialize_enum(name, variants, visitor));
        }
        let text = self.text()?;
        StrDeserializer::<Unfit>::new(&text).deserialize_enum(name, variants, visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        visitor.visit_unit()
    }
}

/// The elements of an array.
struct Elements {
    elements: vec::IntoIter<Element>,
    /// The type of an element that is not an array, and that of the array.
    oid: u32,
    of: u32,
}

impl<'de> SeqAccess<'de> for Elements {
    type Error = Unfit;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Unfit> {
        let Some(element) = self.elements.next() else { return Ok(None) };
        let (value, oid) = match element {
            Element::Null => (Value::Null, self.oid),
            Element::Text(text) => (Value::Text(Cow::Owned(text.into_bytes())), self.oid),
            Element::Array(elements) => (Value::Elements(elements), self.of),
        };
        seed.deserialize(ValueDeserializer { value, oid }).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.elements.len())
    }
}

/// Turns the server's `2026-01-31 12:00:00+00` into `2026-01-31T12:00:00+00:00`, as RFC 3339 has it.
fn iso(text: Cow<'_, str>, type_oid: u32) -> Cow<'_, str> {
    if !matches!(type_oid, oid::TIMESTAMP | oid::TIMESTAMPTZ | oid::TIMETZ) {
        return text;
    }
    let mut iso = match type_oid {
        oid::TIMETZ => text.into_owned(),
        _ => text.replacen(' ', "T", 1),
    };
    // The offset of whole hours has no minutes.
    if type_oid != oid::TIMESTAMP && iso.len() > 3 && matches!(iso.as_bytes()[iso.len() - 3], b'+' | b'-') {
        iso.push_str(":00");
    }
    Cow::Owned(iso)
}

/// Reads `\x48656c6c6f`.
fn unhex(text: &[u8]) -> Option<Vec<u8>> {
    let digits = text.strip_prefix(b"\\x")?;
    let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, rest) = digits.as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}
