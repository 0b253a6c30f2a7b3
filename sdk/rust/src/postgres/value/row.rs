//! Reads a row: as a struct or a map by the names of the columns, as a tuple in their order, or as the value of the
//! only column.

use serde::de::value::StrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::Unfit;
use super::scalar::ValueDeserializer;
use crate::postgres::Column;

/// Reads one row.
#[derive(Clone, Copy)]
pub(super) struct RowDeserializer<'r> {
    columns: &'r [Column],
    values: &'r [Option<&'r [u8]>],
    next: usize,
}

impl<'r> RowDeserializer<'r> {
    pub(super) fn new(columns: &'r [Column], values: &'r [Option<&'r [u8]>]) -> Self {
        Self { columns, values, next: 0 }
    }

    fn column(&self) -> Option<(&'r Column, ValueDeserializer<'r>)> {
        let (column, value) = (self.columns.get(self.next)?, self.values.get(self.next)?);
        Some((column, ValueDeserializer::new(*value, column.type_oid)))
    }

    /// Reads the value of the only column.
    fn only<V>(self, read: impl FnOnce(ValueDeserializer<'r>) -> Result<V, Unfit>) -> Result<V, Unfit> {
        match (self.columns, self.column()) {
            ([_], Some((column, value))) => read(value).map_err(|unfit| unfit.of(&column.name)),
            (columns, _) => {
                let count = columns.len();
                Err(Unfit(format!("it has {count} columns, and the type is that of a single value")))
            }
        }
    }

    /// The next value, for a visitor that takes them one by one.
    fn next<'s, T: DeserializeSeed<'s>>(&mut self, seed: T) -> Result<Option<T::Value>, Unfit>
    where
        'r: 's,
    {
        let Some((column, value)) = self.column() else { return Ok(None) };
        self.next += 1;
        seed.deserialize(value).map(Some).map_err(|unfit| unfit.of(&column.name))
    }
}

macro_rules! of_the_only_column {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
            self.only(|value| value.$method(visitor))
        })*
    };
}

impl<'de> Deserializer<'de> for RowDeserializer<'de> {
    type Error = Unfit;

    of_the_only_column! {
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128 deserialize_u8
        deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128 deserialize_f32 deserialize_f64
        deserialize_char deserialize_str deserialize_string deserialize_bytes deserialize_byte_buf deserialize_option
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        visitor.visit_map(self)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        visitor.visit_map(self)
    }

    /// A struct in the only column is JSON, unless the column has the name of one of its fields.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unfit> {
        match (self.columns, self.column()) {
            ([column], Some((_, value))) if value.is_json() && !fields.contains(&column.name.as_str()) => {
                self.only(|value| value.deserialize_struct(name, fields, visitor))
            }
            _ => visitor.visit_map(self),
        }
    }

    /// A list of values is the only column's array, or else the row's values.
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        match (self.columns, self.column()) {
            ([_], Some((_, value))) if value.is_list() => self.only(|value| value.deserialize_seq(visitor)),
            _ => visitor.visit_seq(self),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Unfit> {
        match (self.columns, self.column()) {
            ([_], Some((_, value))) if length != 1 && value.is_list() => {
                self.only(|value| value.deserialize_tuple(length, visitor))
            }
            (columns, _) if columns.len() == length => visitor.visit_seq(self),
            (columns, _) => Err(Unfit(format!("it has {} columns, and the type has {length}", columns.len()))),
        }
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Unfit> {
        self.deserialize_tuple(length, visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Unfit> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unfit> {
        self.only(|value| value.deserialize_enum(name, variants, visitor))
    }

    /// `()` is any row, and a NULL.
    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Unfit> {
        visitor.visit_unit()
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        self.deserialize_str(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        visitor.visit_unit()
    }
}

impl<'de> MapAccess<'de> for RowDeserializer<'de> {
    type Error = Unfit;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Unfit> {
        let Some((column, _)) = self.column() else { return Ok(None) };
        seed.deserialize(StrDeserializer::<Unfit>::new(&column.name)).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Unfit> {
        self.next(seed)?.ok_or_else(|| Unfit("it has no further column".to_owned()))
    }
}

impl<'de> SeqAccess<'de> for RowDeserializer<'de> {
    type Error = Unfit;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Unfit> {
        self.next(seed)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.columns.len().saturating_sub(self.next))
    }
}
