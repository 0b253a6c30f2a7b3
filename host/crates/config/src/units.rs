//! Durations and sizes in human-readable form: "1h 30m", "64MiB".

use std::time::Duration;

/// The longest duration that can be configured: 100 years. It keeps every sum of milliseconds far from overflow.
const LONGEST: Duration = toril_job::LONGEST_DELAY;

/// Unit names and their sizes in bytes.
const SIZES: [(&str, u64); 7] = [
    ("B", 1),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
];

/// Why a text is not a duration. The message follows the name of the value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum DurationError {
    #[error("has no unit")]
    NoUnit,
    #[error("has an unknown unit, {0:?}")]
    Unit(String),
    #[error("is not a duration")]
    Malformed,
    #[error("is longer than a hundred years")]
    TooLong,
    #[error("is finer than a millisecond")]
    TooFine,
}

/// Why a text is not a size. The message follows the name of the value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum SizeError {
    #[error("has no unit")]
    NoUnit,
    #[error("has an unknown unit, {0:?}")]
    Unit(String),
    #[error("is not a size: it must be a whole number with a unit")]
    Malformed,
    #[error("is too large")]
    TooLarge,
}

/// Parses a duration in whole milliseconds. BullMQ counts in milliseconds, so a fraction would be lost.
pub(super) fn duration(text: &str) -> Result<Duration, DurationError> {
    // humantime panics if the sum of several huge numbers overflows. Numbers of this length cannot overflow.
    let longest_number = text.split(|c: char| !c.is_ascii_digit()).map(str::len).max();
    if longest_number > Some(10) || text.len() > 100 {
        return Err(DurationError::TooLong);
    }
    let value = humantime::parse_duration(text).map_err(|error| match error {
        humantime::DurationError::UnknownUnit { unit, .. } if unit.is_empty() => DurationError::NoUnit,
        humantime::DurationError::UnknownUnit { unit, .. } => DurationError::Unit(unit),
        // Numbers that are too large were rejected above, so this error can only mean a fraction of a nanosecond.
        humantime::DurationError::NumberOverflow => DurationError::TooFine,
        _ => DurationError::Malformed,
    })?;
    if value > LONGEST {
        return Err(DurationError::TooLong);
    }
    if value.subsec_nanos() % 1_000_000 != 0 {
        return Err(DurationError::TooFine);
    }
    Ok(value)
}

/// Parses a size in bytes.
pub(super) fn size(text: &str) -> Result<u64, SizeError> {
    let end = text.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, unit) = text.split_at(end);
    let unit = unit.trim_start_matches(' ');
    if digits.is_empty() || unit.starts_with(['.', ',', '_']) {
        return Err(SizeError::Malformed);
    }
    if unit.is_empty() {
        return Err(SizeError::NoUnit);
    }
    let (_, factor) = SIZES.iter().find(|(name, _)| *name == unit).ok_or_else(|| SizeError::Unit(unit.to_owned()))?;
    let number: u64 = digits.parse().map_err(|_| SizeError::TooLarge)?;
    number.checked_mul(*factor).ok_or(SizeError::TooLarge)
}

/// Formats a size with the largest unit that divides it exactly.
pub(super) fn show_size(bytes: u64) -> String {
    let unit = ["GiB", "MiB", "KiB"].iter().find_map(|name| {
        let (_, factor) = SIZES.iter().find(|(unit, _)| unit == name)?;
        (bytes >= *factor && bytes.is_multiple_of(*factor)).then(|| (bytes / factor, *name))
    });
    let (number, name) = unit.unwrap_or((bytes, "B"));
    format!("{number}{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_read_as_people_write_them() {
        for (text, millis) in [
            ("30s", 30_000),
            ("2m", 120_000),
            ("1h 30m", 5_400_000),
            ("1h30m", 5_400_000),
            ("500ms", 500),
            ("1.5s", 1_500),
            ("0s", 0),
            ("7 days", 604_800_000),
        ] {
            assert_eq!(duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn an_invalid_duration_is_refused_with_a_reason() {
        for (text, error) in [
            ("30", DurationError::NoUnit),
            ("1h 30", DurationError::NoUnit),
            ("30 parsecs", DurationError::Unit("parsecs".into())),
            ("", DurationError::Malformed),
            ("soon", DurationError::Malformed),
            ("-5s", DurationError::Malformed),
            ("1500us", DurationError::TooFine),
            ("0.5ns", DurationError::TooFine),
            ("101 years", DurationError::TooLong),
            ("18446744073709551615s 1000000000ns", DurationError::TooLong),
            ("999999999999y", DurationError::TooLong),
        ] {
            assert_eq!(duration(text), Err(error), "{text}");
        }
    }

    #[test]
    fn sizes_have_binary_and_decimal_units() {
        for (text, bytes) in [
            ("65536B", 65_536),
            ("0B", 0),
            ("64KiB", 65_536),
            ("64MiB", 67_108_864),
            ("64MB", 64_000_000),
            ("4 GiB", 4_294_967_296),
            ("3GB", 3_000_000_000),
            ("1KB", 1_000),
        ] {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn an_invalid_size_is_refused_with_a_reason() {
        for (text, error) in [
            ("64", SizeError::NoUnit),
            ("64M", SizeError::Unit("M".into())),
            ("64mib", SizeError::Unit("mib".into())),
            ("1.5GiB", SizeError::Malformed),
            ("-1B", SizeError::Malformed),
            ("", SizeError::Malformed),
            ("MiB", SizeError::Malformed),
            ("99999999999999999999B", SizeError::TooLarge),
            ("99999999999999GiB", SizeError::TooLarge),
        ] {
            assert_eq!(size(text), Err(error), "{text}");
        }
    }

    #[test]
    fn a_size_is_written_with_the_largest_unit_that_fits() {
        assert_eq!(show_size(4 << 30), "4GiB");
        assert_eq!(show_size(1 << 20), "1MiB");
        assert_eq!(show_size(1_000_000), "1000000B");
        assert_eq!(show_size(1), "1B");
    }
}
