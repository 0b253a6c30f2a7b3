//! Time zones and local times.
//!
//! Local times that a clock change skips or repeats are resolved like in the npm package `luxon`, which `cron-parser`
//! uses: the offset before the change is tried first.

use std::sync::LazyLock;

use chrono::{DateTime, Datelike, Days, Months, NaiveDateTime, Offset, TimeZone, Timelike};
use chrono_tz::{TZ_VARIANTS, Tz};

/// A time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zone {
    /// A zone with rules.
    Named(Tz),
    /// A fixed offset from UTC, in milliseconds.
    Fixed(i64),
}

impl Zone {
    /// Finds a zone by its IANA name, in any case, or by an offset such as `UTC+2` or `+05:30`. `local` and an empty
    /// name mean the zone of this process.
    pub fn named(name: &str) -> Option<Self> {
        let lower = name.to_ascii_lowercase();
        match lower.as_str() {
            "" | "default" | "local" | "system" => return Some(Self::of_process()),
            "utc" | "gmt" => return Some(Self::Fixed(0)),
            _ => {}
        }
        if let Some(offset) = lower.strip_prefix("utc").and_then(short_offset).or_else(|| offset(&lower)) {
            return Some(Self::Fixed(offset));
        }
        let exact = name.parse().ok();
        exact
            .or_else(|| TZ_VARIANTS.iter().find(|zone| zone.name().eq_ignore_ascii_case(name)).copied())
            .map(Self::Named)
    }

    /// The zone of this process, as Node determines it: the variable `TZ`, otherwise the machine's setting, otherwise
    /// UTC.
    pub fn of_process() -> Self {
        static ZONE: LazyLock<Zone> =
            LazyLock::new(|| Zone::from_settings(std::env::var("TZ").ok().as_deref(), machine_zone));
        *ZONE
    }

    fn from_settings(variable: Option<&str>, machine: impl FnOnce() -> Option<String>) -> Self {
        let name = match variable.filter(|name| !name.is_empty()) {
            Some(name) => Some(name.to_owned()),
            None => machine(),
        };
        let Some(name) = name else { return Self::Fixed(0) };
        // `:Europe/Madrid` and `/usr/share/zoneinfo/Europe/Madrid` are common forms as well.
        let name = name.strip_prefix(':').unwrap_or(&name);
        let name = name.rsplit_once("zoneinfo/").map_or(name, |(_, name)| name);
        let lower = name.to_ascii_lowercase();
        if matches!(lower.as_str(), "" | "default" | "local" | "system") {
            return Self::Fixed(0);
        }
        Self::named(name).unwrap_or_else(|| {
            tracing::warn!(zone = name, "the time zone of this process is unknown; schedules without `tz` are in UTC");
            Self::Fixed(0)
        })
    }

    /// The offset of local time from UTC at a time, in milliseconds. None: the time is outside the calendar.
    fn offset(self, at: i64) -> Option<i64> {
        match self {
            Self::Fixed(offset) => Some(offset),
            Self::Named(zone) => {
                let utc = DateTime::from_timestamp_millis(at)?.naive_utc();
                Some(i64::from(zone.offset_from_utc_datetime(&utc).fix().local_minus_utc()) * 1000)
            }
        }
    }
}

fn machine_zone() -> Option<String> {
    iana_time_zone::get_timezone().ok()
}

/// Parses the part after `UTC`: `+2`, `-5:30`, or nothing.
fn short_offset(text: &str) -> Option<i64> {
    if text.is_empty() {
        return Some(0);
    }
    let (sign, text) = sign(text)?;
    let (hours, minutes) = text.split_once(':').unwrap_or((text, "00"));
    if !(1..=2).contains(&hours.len()) || minutes.len() != 2 {
        return None;
    }
    Some(sign * milliseconds(hours, minutes)?)
}

/// Parses `+02:00`, `+0200` or `+02`.
fn offset(text: &str) -> Option<i64> {
    let (sign, text) = sign(text)?;
    let (hours, minutes) = match text.len() {
        2 => (text, "00"),
        4 if text.is_char_boundary(2) => text.split_at(2),
        5 => text.split_once(':')?,
        _ => return None,
    };
    let offset = milliseconds(hours, minutes).filter(|_| hours.len() == 2 && minutes.len() == 2)?;
    (offset < 24 * HOUR).then_some(sign * offset)
}

fn sign(text: &str) -> Option<(i64, &str)> {
    text.strip_prefix('+').map(|text| (1, text)).or_else(|| text.strip_prefix('-').map(|text| (-1, text)))
}

fn milliseconds(hours: &str, minutes: &str) -> Option<i64> {
    let number =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<i64>().ok()).flatten();
    let minutes = number(minutes).filter(|minutes| *minutes < 60)?;
    Some(number(hours)? * HOUR + minutes * MINUTE)
}

const SECOND: i64 = 1000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;

/// A time in a zone. Each operation returns None at the end of the calendar.
#[derive(Clone, Copy, Debug)]
pub struct LocalTime {
    zone: Zone,
    at: i64,
    offset: i64,
    local: NaiveDateTime,
}

impl LocalTime {
    /// Creates a local time from milliseconds since the Unix epoch.
    pub fn new(zone: Zone, at: i64) -> Option<Self> {
        let offset = zone.offset(at)?;
        let local = DateTime::from_timestamp_millis(at.checked_add(offset)?)?.naive_utc();
        Some(Self { zone, at, offset, local })
    }

    /// The time in milliseconds since the Unix epoch.
    pub fn at(&self) -> i64 {
        self.at
    }

    /// The offset of local time from UTC, in milliseconds.
    pub fn offset(&self) -> i64 {
        self.offset
    }

    pub fn month(&self) -> u32 {
        self.local.month()
    }

    pub fn day(&self) -> u32 {
        self.local.day()
    }

    /// The day of the week; Sunday is 0.
    pub fn weekday(&self) -> u32 {
        self.local.weekday().num_days_from_sunday()
    }

    pub fn hour(&self) -> u32 {
        self.local.hour()
    }

    pub fn minute(&self) -> u32 {
        self.local.minute()
    }

    pub fn second(&self) -> u32 {
        self.local.second()
    }

    /// The number of days that remain in the month after this one.
    pub fn days_left(&self) -> u32 {
        u32::from(self.local.date().num_days_in_month()) - self.day()
    }

    /// The same time without the fraction of a second.
    pub fn whole_second(self) -> Option<Self> {
        Self::new(self.zone, self.at - self.at.rem_euclid(SECOND))
    }

    pub fn has_fraction(&self) -> bool {
        self.at.rem_euclid(SECOND) != 0
    }

    pub fn with_hour(self, hour: u32) -> Option<Self> {
        self.resolve(self.local.with_hour(hour)?)
    }

    pub fn with_minute(self, minute: u32) -> Option<Self> {
        self.resolve(self.local.with_minute(minute)?)
    }

    pub fn with_second(self, second: u32) -> Option<Self> {
        self.resolve(self.local.with_second(second)?)
    }

    /// The start of the next month.
    pub fn next_month(self) -> Option<Self> {
        let next = self.resolve(self.local.checked_add_months(Months::new(1))?)?;
        next.resolve(next.local.date().with_day(1)?.and_hms_opt(0, 0, 0)?)
    }

    /// The start of the next day.
    pub fn next_day(self) -> Option<Self> {
        self.resolve(self.local.checked_add_days(Days::new(1))?)?.day_begin()
    }

    /// The start of the day.
    pub fn day_begin(self) -> Option<Self> {
        self.resolve(self.local.date().and_hms_opt(0, 0, 0)?)
    }

    /// The start of the next hour.
    pub fn next_hour(self) -> Option<Self> {
        let next = self.later(HOUR)?;
        next.resolve(next.local.date().and_hms_opt(next.hour(), 0, 0)?)
    }

    /// The start of the next minute.
    pub fn next_minute(self) -> Option<Self> {
        let next = self.later(MINUTE)?;
        next.resolve(next.local.date().and_hms_opt(next.hour(), next.minute(), 0)?)
    }

    pub fn next_second(self) -> Option<Self> {
        self.later(SECOND)
    }

    /// The time this many milliseconds later.
    pub fn later(self, milliseconds: i64) -> Option<Self> {
        Self::new(self.zone, self.at.checked_add(milliseconds)?)
    }

    /// The time of a local time. A skipped local time is moved forward by the length of the gap.
    fn resolve(self, local: NaiveDateTime) -> Option<Self> {
        let local = local.and_utc().timestamp_millis();
        let guess = local - self.offset;
        let there = self.zone.offset(guess)?;
        if there == self.offset {
            return Self::new(self.zone, guess);
        }
        let guess = local - there;
        let again = self.zone.offset(guess)?;
        Self::new(self.zone, if again == there { guess } else { local - there.min(again) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_has_a_name_in_any_case_or_an_offset() {
        let madrid = Some(Zone::Named(Tz::Europe__Madrid));
        assert_eq!((Zone::named("Europe/Madrid"), Zone::named("europe/MADRID")), (madrid, madrid));
        for (name, minutes) in
            [("UTC", 0), ("gmt", 0), ("utc+2", 120), ("UTC-5:30", -330), ("+05:45", 345), ("-0330", -210), ("+14", 840)]
        {
            assert_eq!(Zone::named(name), Some(Zone::Fixed(minutes * MINUTE)), "{name}");
        }
        for name in ["Mars/Base", "utc+", "utc+123", "+5", "+1é", "+99:00", "CET-1CEST,M3.5.0,M10.5.0/3"] {
            assert_eq!(Zone::named(name), None, "{name}");
        }
    }

    #[test]
    fn the_process_has_the_zone_of_tz_and_else_that_of_its_machine() {
        let machine = || Some("Asia/Tokyo".to_owned());
        let madrid = Zone::Named(Tz::Europe__Madrid);
        assert_eq!(Zone::from_settings(Some("Europe/Madrid"), machine), madrid);
        assert_eq!(Zone::from_settings(Some(":/usr/share/zoneinfo/Europe/Madrid"), machine), madrid);
        assert_eq!(Zone::from_settings(Some(""), machine), Zone::Named(Tz::Asia__Tokyo));
        assert_eq!(Zone::from_settings(None, machine), Zone::Named(Tz::Asia__Tokyo));
        assert_eq!(Zone::from_settings(Some("Mars/Base"), machine), Zone::Fixed(0));
        assert_eq!(Zone::from_settings(Some("local"), machine), Zone::Fixed(0));
        assert_eq!(Zone::from_settings(None, || None), Zone::Fixed(0));
    }

    #[test]
    fn a_skipped_local_time_is_later_by_what_is_skipped() {
        // In Madrid, 2026-03-29 has no 02:30.
        let before = LocalTime::new(Zone::Named(Tz::Europe__Madrid), 1_774_746_000_000).expect("01:00 UTC is 02:00");
        let resolved = before.with_hour(2).and_then(|time| time.with_minute(30)).expect("a time");
        assert_eq!((resolved.hour(), resolved.minute()), (3, 30));
    }
}
