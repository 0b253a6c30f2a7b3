//! Points in time and dates, without another crate.

use std::fmt::{Display, Formatter};
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400;

/// A `timestamptz`: a point in time, in whole microseconds. It is written as in RFC 3339, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// A `date` of the Gregorian calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    /// The year, from 1 to 9999.
    pub year: i32,
    /// The month, from 1 to 12.
    pub month: u8,
    /// The day of the month, from 1 to 31.
    pub day: u8,
}

/// A text is not a time or a date of the supported range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not {0}")]
pub struct TimeError(&'static str);

const NO_TIMESTAMP: TimeError = TimeError("a time such as 2026-01-31T12:00:00Z, from the year 1 to 9999");
const NO_DATE: TimeError = TimeError("a date such as 2026-01-31, from the year 1 to 9999");

impl Timestamp {
    /// The time so many microseconds after the Unix epoch, or before it if the number is negative.
    pub fn from_unix_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the Unix epoch, negative before it.
    pub fn unix_micros(self) -> i64 {
        self.0
    }

    /// The same time for the standard library. `None`: it is before 1970, which the library does not have in components.
    pub fn system_time(self) -> Option<SystemTime> {
        SystemTime::UNIX_EPOCH.checked_add(Duration::from_micros(u64::try_from(self.0).ok()?))
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        let whole = |time: Duration| i64::try_from(time.as_micros()).unwrap_or(i64::MAX);
        Self(match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(since) => whole(since),
            Err(before) => -whole(before.duration()),
        })
    }
}

impl Display for Timestamp {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let (seconds, fraction) = (self.0.div_euclid(SECOND), self.0.rem_euclid(SECOND));
        let (date, of_day) = (Date::of_days(seconds.div_euclid(DAY)), seconds.rem_euclid(DAY));
        let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
        write!(f, "{date}T{hour:02}:{minute:02}:{second:02}.{fraction:06}Z")
    }
}

impl FromStr for Timestamp {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        timestamp(text).ok_or(NO_TIMESTAMP)
    }
}

fn timestamp(text: &str) -> Option<Timestamp> {
    let (date, time) = text.split_once(['T', ' '])?;
    let date: Date = date.parse().ok()?;
    let zone = time.find(['Z', '+', '-'])?;
    let (time, zone) = time.split_at(zone);
    let (time, fraction) = time.split_once('.').unwrap_or((time, ""));
    let seconds = date.days() * DAY + clock(time)? - offset(zone)?;
    Some(Timestamp(seconds.checked_mul(SECOND)?.checked_add(micros(fraction)?)?))
}

/// The seconds of `HH:MM:SS`, `HH:MM` or `HH`. The server writes 24:00:00 for the end of a day.
fn clock(text: &str) -> Option<i64> {
    let mut seconds = 0;
    for (at, part) in text.split(':').enumerate() {
        let most = if at == 0 { 24 } else { 60 };
        let number = digits(part, 2).filter(|number| *number <= most)?;
        seconds += number * *[3600, 60, 1].get(at)?;
    }
    Some(seconds)
}

/// The seconds of `Z`, `+02` or `-05:30`.
fn offset(text: &str) -> Option<i64> {
    match text.split_at_checked(1)? {
        ("Z", "") => Some(0),
        ("+", offset) => clock(offset),
        ("-", offset) => clock(offset).map(|seconds| -seconds),
        _ => None,
    }
}

/// The microseconds of a fraction of a second. Further digits are cut off.
fn micros(fraction: &str) -> Option<i64> {
    if fraction.bytes().any(|digit| !digit.is_ascii_digit()) {
        return None;
    }
    format!("{fraction:0<6}").get(..6)?.parse().ok()
}

/// A number of exactly this many digits.
fn digits(text: &str, count: usize) -> Option<i64> {
    (text.len() == count && text.bytes().all(|digit| digit.is_ascii_digit())).then(|| text.parse().ok())?
}

impl Date {
    /// Days since the Unix epoch. The months of a year that begins in March have 153 days in five.
    fn days(self) -> i64 {
        let (month, day) = (i64::from(self.month), i64::from(self.day));
        let year = i64::from(self.year) - i64::from(month <= 2);
        let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
        let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
    }

    fn of_days(days: i64) -> Self {
        let days = days + 719_468;
        let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let from_march = (5 * of_year + 2) / 153;
        let day = of_year - (153 * from_march + 2) / 5 + 1;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        let year = year + era * 400 + i64::from(month <= 2);
        Self {
            year: i32::try_from(year).unwrap_or(i32::MAX),
            month: u8::try_from(month).unwrap_or(1),
            day: u8::try_from(day).unwrap_or(1),
        }
    }
}

impl Display for Date {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl FromStr for Date {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        date(text).ok_or(NO_DATE)
    }
}

fn date(text: &str) -> Option<Date> {
    let mut parts = text.split('-');
    let year = i32::try_from(digits(parts.next()?, 4)?).ok()?;
    let month = u8::try_from(digits(parts.next()?, 2)?).ok()?;
    let day = u8::try_from(digits(parts.next()?, 2)?).ok()?;
    let date = Date { year, month, day };
    // A day that does not exist is another one after a round trip.
    (parts.next().is_none() && year > 0 && (1..=12).contains(&month) && Date::of_days(date.days()) == date)
        .then_some(date)
}

macro_rules! as_text {
    ($($type:ty)*) => {
        $(impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        })*
    };
}

as_text!(Timestamp Date);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_every_form_and_written_in_utc() {
        for (text, written) in [
            ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000000Z"),
            ("2026-01-31 12:00:00.5+00", "2026-01-31T12:00:00.500000Z"),
            ("2024-02-29T23:30:00.1234567-05:30", "2024-03-01T05:00:00.123456Z"),
            ("1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z"),
            ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z"),
            ("9999-12-31T23:59:59.999999+00:00", "9999-12-31T23:59:59.999999Z"),
        ] {
            let time: Timestamp = text.parse().expect(text);
            assert_eq!(time.to_string(), written);
        }
    }

    #[test]
    fn times_of_the_standard_library_are_converted() {
        let half = SystemTime::UNIX_EPOCH + Duration::from_millis(500);
        assert_eq!(Timestamp::from(half), Timestamp::from_unix_micros(500_000));
        assert_eq!(Timestamp::from(half).system_time(), Some(half));
        assert_eq!(Timestamp::from_unix_micros(-1).system_time(), None);
    }

    #[test]
    fn what_is_not_a_time_is_refused() {
        for text in [
            "",
            "infinity",
            "2026-01-31",
            "2026-01-31T12:00:00",
            "2026-02-30T00:00:00Z",
            "2026-01-31T25:00:00Z",
            "2026-01-31T12:00:00ZZ",
            "2026-01-31T12:00:00+1",
            "12026-01-31T12:00:00Z",
            "0044-03-15 00:00:00+00 BC",
            "2026-01-31T12:00:00.xZ",
            "2026-01-31T1é:00:00Z",
        ] {
            assert_eq!(text.parse::<Timestamp>(), Err(NO_TIMESTAMP), "{text}");
        }
    }

    #[test]
    fn every_day_of_four_centuries_is_read_as_it_was_written() {
        let mut before = Date { year: 1599, month: 12, day: 31 };
        let first_of = |year| Date { year, month: 1, day: 1 }.days();
        for days in first_of(1600)..first_of(2001) {
            let date = Date::of_days(days);
            assert!(date > before && date.days() == days, "{date}");
            assert_eq!(date.to_string().parse(), Ok(date));
            before = date;
        }
        assert_eq!(before, Date { year: 2000, month: 12, day: 31 });
    }
}
