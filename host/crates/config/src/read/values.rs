//! Readers of single values. Each returns the typed value or the problem with it.

use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::time::Duration;

use toml::de::{DeInteger, DeValue};

use super::super::units::{self, DurationError, SizeError};
use super::fault::Fault;
use super::node::Node;

/// "`x` must be `wanted`, not an integer". The message never shows the value.
pub(super) fn wrong_type(node: &Node<'_>, wanted: &str) -> Fault {
    let found = match node.value() {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a decimal number",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    };
    Fault::new(format!("{node} must be {wanted}, not {found}"))
}

/// Any string.
pub(super) fn string<'d>(node: &Node<'d>) -> Result<&'d str, Fault> {
    let text = node.value().as_str();
    text.ok_or_else(|| wrong_type(node, "a string"))
}

/// A string that is not empty.
pub(super) fn text(node: &Node<'_>) -> Result<String, Fault> {
    match string(node)? {
        "" => Err(Fault::new(format!("{node} must not be empty"))),
        text => Ok(text.to_owned()),
    }
}

/// A list of strings, each of which is read by `read`.
pub(super) fn texts(node: &Node<'_>, read: impl Fn(&Node<'_>) -> Result<String, Fault>) -> Result<Vec<String>, Fault> {
    let items = node.items().ok_or_else(|| wrong_type(node, "a list of strings"))?;
    items.iter().map(read).collect()
}

/// A path. A relative path is resolved against `folder`.
pub(super) fn path(node: &Node<'_>, folder: &Path) -> Result<PathBuf, Fault> {
    Ok(folder.join(text(node)?))
}

/// `true` or `false`.
pub(super) fn boolean(node: &Node<'_>) -> Result<bool, Fault> {
    let value = node.value().as_bool();
    value.ok_or_else(|| wrong_type(node, "true or false"))
}

/// The value of an integer in the file. None if it does not fit in an `i128`.
pub(super) fn number(integer: &DeInteger<'_>) -> Option<i128> {
    i128::from_str_radix(integer.as_str(), integer.radix()).ok()
}

/// An integer from `min` to `max`.
pub(super) fn integer(node: &Node<'_>, min: u64, max: u64) -> Result<u64, Fault> {
    let DeValue::Integer(written) = node.value() else {
        return Err(wrong_type(node, "a whole number"));
    };
    let value = number(written);
    if value.is_some_and(|value| value < i128::from(min)) {
        return Err(Fault::new(format!("{node} must be at least {min}, not {written}")));
    }
    match value.map(u64::try_from) {
        Some(Ok(value)) if value <= max => Ok(value),
        _ => Err(Fault::new(format!("{node} must be at most {max}, not {written}"))),
    }
}

/// An integer from 1 to `max`, in a type that can hold it.
pub(super) fn positive<T: TryFrom<NonZeroU64>>(node: &Node<'_>, max: u64) -> Result<T, Fault> {
    let value = integer(node, 1, max)?;
    let value = NonZeroU64::new(value).and_then(|value| T::try_from(value).ok());
    value.ok_or_else(|| Fault::new(format!("{node} is too large for this machine")))
}

/// A decimal number or an integer from 0 to 1.
pub(super) fn fraction(node: &Node<'_>) -> Result<f64, Fault> {
    let value = match node.value() {
        DeValue::Float(float) => float.as_str().parse::<f64>().ok(),
        DeValue::Integer(integer) => integer.as_str().parse::<f64>().ok(),
        _ => return Err(wrong_type(node, "a number from 0.0 to 1.0")),
    };
    // `nan` is outside every range, so this rejects it as well.
    value
        .filter(|value| (0.0..=1.0).contains(value))
        .ok_or_else(|| Fault::new(format!("{node} must be a number from 0.0 to 1.0")))
}

/// A duration, as in "1h 30m".
pub(super) fn duration(node: &Node<'_>) -> Result<Duration, Fault> {
    let no_unit = |value: &dyn std::fmt::Display| {
        Fault::new(format!("{node} has no unit")).help(format!(
            "write it as a string with a unit: \"{value}ms\" for milliseconds, \"{value}s\" for seconds, \"{value}m\" for minutes"
        ))
    };
    match node.value() {
        DeValue::Integer(value) => Err(no_unit(value)),
        DeValue::Float(value) => Err(no_unit(value)),
        DeValue::String(text) => units::duration(text).map_err(|error| match error {
            DurationError::NoUnit => no_unit(text),
            _ => Fault::new(format!("{node} {error}"))
                .help("write a number and a unit (ms, s, m, h, d), as in \"30s\" or \"1h 30m\""),
        }),
        _ => Err(wrong_type(node, "a duration such as \"30s\"")),
    }
}

/// A duration of at least `min`.
pub(super) fn duration_from(node: &Node<'_>, min: Duration) -> Result<Duration, Fault> {
    let value = duration(node)?;
    if value < min {
        let min = humantime::format_duration(min);
        return Err(Fault::new(format!("{node} must be at least {min}")));
    }
    Ok(value)
}

/// A duration longer than 0.
pub(super) fn some_duration(node: &Node<'_>) -> Result<Duration, Fault> {
    let value = duration(node)?;
    if value.is_zero() {
        return Err(Fault::new(format!("{node} must be longer than 0")));
    }
    Ok(value)
}

/// A size in bytes from `min` to `max`, as in "64MiB".
pub(super) fn size(node: &Node<'_>, min: u64, max: u64) -> Result<u64, Fault> {
    let no_unit = |value: &dyn std::fmt::Display| {
        Fault::new(format!("{node} has no unit"))
            .help(format!("write it as a string with a unit: \"{value}B\" for bytes, \"{value}MiB\" for mebibytes"))
    };
    let value = match node.value() {
        DeValue::Integer(value) => return Err(no_unit(value)),
        DeValue::String(text) => units::size(text).map_err(|error| match error {
            SizeError::NoUnit => no_unit(text),
            _ => Fault::new(format!("{node} {error}"))
                .help("write a whole number and one of B, KB, MB, GB, KiB, MiB, GiB, as in \"64MiB\""),
        })?,
        _ => return Err(wrong_type(node, "a size such as \"64MiB\"")),
    };
    let bound = match value {
        _ if value < min => format!("at least {}", units::show_size(min)),
        _ if value > max => format!("at most {}", units::show_size(max)),
        _ => return Ok(value),
    };
    Err(Fault::new(format!("{node} must be {bound}")))
}
