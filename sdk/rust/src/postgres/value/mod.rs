//! Reads rows and values with serde. Messages name the column, and do not quote its value.

pub(crate) mod array;
mod oid;
mod row;
mod scalar;
#[cfg(test)]
mod tests;

use std::fmt::Display;

use serde::de::{self, DeserializeOwned, Expected, Unexpected};

use super::Column;

/// Reads a row.
pub(super) fn parse_row<T: DeserializeOwned>(columns: &[Column], values: &[Option<&[u8]>]) -> Result<T, Unfit> {
    T::deserialize(row::RowDeserializer::new(columns, values)).map_err(|unfit| match columns {
        // What a type says itself does not name the column yet.
        [column] if !unfit.0.starts_with("column `") => unfit.of(&column.name),
        _ => unfit,
    })
}

/// Reads the value of a column.
pub(super) fn parse_value<T: DeserializeOwned>(column: &Column, value: Option<&[u8]>) -> Result<T, Unfit> {
    T::deserialize(scalar::ValueDeserializer::new(value, column.type_oid)).map_err(|unfit| unfit.of(&column.name))
}

/// Why a row does not fit a type.
#[derive(Debug)]
pub(super) struct Unfit(pub String);

impl Unfit {
    /// The same reason, with the column.
    fn of(self, column: &str) -> Self {
        Self(format!("column `{column}`: {}", self.0))
    }
}

impl Display for Unfit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unfit {}

/// serde's own texts would quote the value.
impl de::Error for Unfit {
    fn custom<T: Display>(text: T) -> Self {
        Self(text.to_string())
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self(format!("the value is of another type than {expected}"))
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self(format!("the value is not {expected}"))
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self(format!("the value is none of {}", expected.join(", ")))
    }

    fn missing_field(field: &'static str) -> Self {
        Self(format!("it has no column `{field}`"))
    }

    fn unknown_field(field: &str, _: &'static [&'static str]) -> Self {
        Self(format!("its column `{field}` is not a field of the type"))
    }
}
