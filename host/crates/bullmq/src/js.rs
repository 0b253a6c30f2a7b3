//! Reads values as JavaScript does. BullMQ's clients for Node store the values that their callers pass, and compare and
//! add them without a check. So jobs with `attempts: "3"` and `attempts: 2.5` exist.

use chrono::{DateTime, NaiveDate, NaiveDateTime};
use serde_json::Value;

/// `Number(value)`. A missing value and an object are NaN.
pub fn number(value: Option<&Value>) -> f64 {
    match value {
        None | Some(Value::Object(_)) => f64::NAN,
        Some(Value::Null) => 0.0,
        Some(Value::Bool(truth)) => f64::from(u8::from(*truth)),
        Some(Value::Number(number)) => number.as_f64().unwrap_or(f64::NAN),
        Some(Value::String(text)) => number_of_text(text),
        Some(Value::Array(items)) => match items.as_slice() {
            [] => 0.0,
            [Value::Null] => 0.0,
            [Value::Bool(_) | Value::Object(_)] => f64::NAN,
            [item] => number(Some(item)),
            _ => f64::NAN,
        },
    }
}

fn number_of_text(text: &str) -> f64 {
    let text = text.trim_matches(is_space);
    let radix = |digits: &str, radix| u64::from_str_radix(digits, radix).map_or(f64::NAN, |number| number as f64);
    match text.as_bytes() {
        [] => 0.0,
        [b'0', b'x' | b'X', b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F', ..] => radix(&text[2..], 16),
        [b'0', b'o' | b'O', b'0'..=b'7', ..] => radix(&text[2..], 8),
        [b'0', b'b' | b'B', b'0' | b'1', ..] => radix(&text[2..], 2),
        _ if matches!(text, "Infinity" | "+Infinity") => f64::INFINITY,
        _ if text == "-Infinity" => f64::NEG_INFINITY,
        // Rust also parses `inf` and `nan`, which JavaScript does not.
        bytes if bytes.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E')) => {
            text.parse().unwrap_or(f64::NAN)
        }
        _ => f64::NAN,
    }
}

/// `parseInt(text, 10)`: the integer at the start of a text, so `1e3` is 1. NaN if the text does not start with one.
pub fn parse_int(text: &str) -> f64 {
    let text = text.trim_start_matches(is_space);
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1.0, digits),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    let end = digits.find(|char: char| !char.is_ascii_digit()).unwrap_or(digits.len());
    digits[..end].parse::<f64>().map_or(f64::NAN, |number| sign * number)
}

/// A hash field that contains a non-negative integer. Anything else, and negative numbers, are 0. Larger numbers
/// saturate.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // saturates
pub fn field(text: &str) -> u64 {
    // Above 2^53 a float would round.
    text.parse().unwrap_or_else(|_| parse_int(text) as u64)
}

/// `Boolean(value)`.
pub fn truthy(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => false,
        Some(Value::Bool(truth)) => *truth,
        Some(Value::Number(number)) => number.as_f64().is_some_and(|number| number != 0.0),
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Array(_) | Value::Object(_)) => true,
    }
}

/// `new Date(value).getTime()`, for numbers and the usual text formats. Texts without an offset are in UTC. For a date
/// without a time this matches JavaScript.
#[allow(clippy::cast_precision_loss)] // milliseconds of a date fit
pub fn time(value: Option<&Value>) -> f64 {
    let Some(Value::String(text)) = value else { return number(value) };
    let at = DateTime::parse_from_rfc3339(text).or_else(|_| DateTime::parse_from_rfc2822(text));
    if let Ok(at) = at {
        return at.timestamp_millis() as f64;
    }
    let local = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
    let local = local.or_else(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0));
    local.map_or(f64::NAN, |local| local.and_utc().timestamp_millis() as f64)
}

/// A number as an integer: truncated, and saturated in both directions. `None` for NaN.
#[allow(clippy::cast_possible_truncation)] // saturates
pub fn whole(number: f64) -> Option<i64> {
    (!number.is_nan()).then_some(number as i64)
}

fn is_space(char: char) -> bool {
    char.is_whitespace() || char == '\u{feff}'
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// Node's answers for many values: the value, `Number(value)`, and `Boolean(value)`. `tests/interop/numbers.mjs`
    /// generates the file.
    const VALUES: &str = include_str!("js_vectors.json");

    fn same(ours: f64, theirs: &Value) -> bool {
        match theirs {
            Value::Null => ours.is_nan(),
            Value::String(text) if text == "Infinity" => ours == f64::INFINITY,
            Value::String(text) if text == "-Infinity" => ours == f64::NEG_INFINITY,
            theirs => theirs.as_f64() == Some(ours),
        }
    }

    #[test]
    fn values_are_numbers_and_truths_as_in_node() {
        let vectors: Value = serde_json::from_str(VALUES).expect("JSON");
        let values = vectors["values"].as_array().expect("values");
        assert!(values.len() > 50, "{} values", values.len());
        for entry in values {
            let value = entry.get("value");
            assert!(same(number(value), &entry["number"]), "{entry}: {}", number(value));
            assert_eq!(json!(truthy(value)), entry["truthy"], "{entry}");
        }
    }

    #[test]
    fn texts_are_whole_numbers_as_in_node() {
        let vectors: Value = serde_json::from_str(VALUES).expect("JSON");
        for entry in vectors["texts"].as_array().expect("texts") {
            let text = entry["text"].as_str().expect("a text");
            assert!(same(parse_int(text), &entry["parseInt"]), "{entry}: {}", parse_int(text));
        }
    }

    #[test]
    fn times_are_read_from_numbers_and_texts() {
        let vectors: Value = serde_json::from_str(VALUES).expect("JSON");
        for entry in vectors["times"].as_array().expect("times") {
            assert!(same(time(entry.get("value")), &entry["time"]), "{entry}: {}", time(entry.get("value")));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1000) })]

        #[test]
        fn any_number_is_the_same_as_a_text(value in any::<f64>().prop_filter("finite", |value| value.is_finite())) {
            let text = value.to_string();
            prop_assert_eq!(number(Some(&json!(text))), value);
            prop_assert_eq!(number(Some(&json!([text]))), value);
        }

        #[test]
        fn any_field_is_read_as_a_whole_number(text in ".{0,30}", whole in any::<u64>()) {
            let _any = field(&text);
            prop_assert_eq!(field(&whole.to_string()), whole);
            prop_assert_eq!(field(&format!("{}.75", whole >> 20)), whole >> 20);
        }
    }
}
