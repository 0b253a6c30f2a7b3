//! Finds the next time that matches the fields of a pattern.
//!
//! The search checks the fields from the month down to the second, and moves the time to the next value of the first
//! field that does not match. Its moves are exactly those of `cron-parser`, because the results around a clock change
//! depend on them.

use super::fields::Fields;
use super::zone::{LocalTime, Zone};

/// The limit of moves, after which a pattern is considered never to occur. `cron-parser` has the same limit.
const MOVES: usize = 10_000;
/// If every hour matches, `cron-parser` does not handle clock changes specially.
const ALL_HOURS: u32 = 24;

/// A search with its current time.
pub struct Search<'a> {
    fields: &'a Fields,
    time: Option<LocalTime>,
    end: Option<i64>,
    /// The hours that a clock change skipped during the search.
    skipped: Option<Skipped>,
    /// The hour that a clock change repeats, while the search is in its second occurrence.
    repeated: Option<u32>,
}

#[derive(Clone, Copy)]
struct Skipped {
    first: u32,
    /// The hour after the skipped ones.
    landing: u32,
}

/// The units whose steps can cross a clock change.
#[derive(Clone, Copy)]
enum Unit {
    Hour,
    Minute,
    Second,
}

impl<'a> Search<'a> {
    /// Creates a search for a time after `from` and not after `end`.
    pub fn new(fields: &'a Fields, zone: Zone, from: i64, end: Option<i64>) -> Self {
        Self { fields, time: LocalTime::new(zone, from), end, skipped: None, repeated: None }
    }

    /// The time that was found. None: there is none.
    pub fn next(mut self) -> Option<i64> {
        let from = self.time?.at();
        if self.time?.has_fraction() {
            self.time = self.time?.whole_second();
            self.step(Unit::Second)?;
        }
        for _ in 1..MOVES {
            let time = self.time?;
            if self.end.is_some_and(|end| time.at() > end) {
                return None;
            }
            if !self.fields.months.has(time.month()) {
                self.time = time.next_month();
            } else if !self.fields.fits_day(&time) {
                self.time = time.next_day();
            } else if !self.fits_hour()? {
                // `fits_hour` has moved the time.
            } else if !self.fields.minutes.has(time.minute()) {
                self.move_minute()?;
            } else if !self.fields.seconds.has(time.second()) {
                self.move_second()?;
            } else if time.at() == from {
                self.step(Unit::Second)?;
            } else {
                return Some(time.at());
            }
        }
        None
    }

    /// Whether the hour matches. If not, this moves the time.
    fn fits_hour(&mut self) -> Option<bool> {
        let hours = self.fields.hours;
        let time = self.time?;
        let hour = time.hour();
        // A job that was scheduled in a skipped hour runs in the hour after it.
        if let Some(skipped) = self.skipped.filter(|skipped| skipped.landing == hour) {
            let mut missing = skipped.first;
            while missing != hour {
                if hours.has(missing) {
                    return Some(true);
                }
                missing = (missing + 1) % 24;
            }
        }
        // An hour that occurs twice only matches the first time.
        if self.repeated == Some(hour) {
            self.repeated = None;
            self.step(Unit::Hour)?;
            return Some(false);
        }
        if hours.has(hour) {
            return Some(true);
        }
        self.skipped = None;
        let Some(next) = hours.after(hour) else {
            self.time = time.next_day();
            return Some(false);
        };
        if changes_clocks(&time)? {
            for _ in hour..next {
                self.step(Unit::Hour)?;
                if self.time?.hour() >= next {
                    break;
                }
            }
        } else {
            self.time = time.with_hour(next);
        }
        self.begin_hour()?;
        Some(false)
    }

    fn move_minute(&mut self) -> Option<()> {
        let time = self.time?;
        match self.fields.minutes.after(time.minute()) {
            Some(next) => {
                self.time = time.with_minute(next)?.with_second(self.fields.seconds.first());
                Some(())
            }
            None => {
                self.step(Unit::Hour)?;
                self.begin_hour()
            }
        }
    }

    fn move_second(&mut self) -> Option<()> {
        let time = self.time?;
        match self.fields.seconds.after(time.second()) {
            Some(next) => self.time = time.with_second(next),
            None => {
                self.step(Unit::Minute)?;
                self.time = self.time?.with_second(self.fields.seconds.first());
            }
        }
        Some(())
    }

    /// Moves to the first minute and second in this hour that match.
    fn begin_hour(&mut self) -> Option<()> {
        let begin = self.time?.with_minute(self.fields.minutes.first())?;
        self.time = begin.with_second(self.fields.seconds.first());
        Some(())
    }

    /// Moves on by one unit, and records which hours a clock change skipped or repeats.
    fn step(&mut self, unit: Unit) -> Option<()> {
        let before = self.time?;
        let after = match unit {
            Unit::Hour => before.next_hour(),
            Unit::Minute => before.next_minute(),
            Unit::Second => before.next_second(),
        }?;
        self.time = Some(after);
        if self.fields.hours.len() == ALL_HOURS {
            return Some(());
        }
        let hours = (after.hour() + 24 - before.hour()) % 24;
        if after.offset() > before.offset() && hours >= 2 {
            self.skipped = Some(Skipped { first: (before.hour() + 1) % 24, landing: after.hour() });
        } else if hours == 0 && after.minute() == 0 && after.second() == 0 {
            self.repeated = Some(after.hour());
        }
        Some(())
    }
}

/// Whether the clocks change on the day of this time.
fn changes_clocks(time: &LocalTime) -> Option<bool> {
    let end = time.next_day()?.later(-1)?;
    Some(time.day_begin()?.offset() != end.offset())
}
