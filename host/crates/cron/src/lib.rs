//! Cron patterns with the same meaning as in BullMQ's Node client. Pure: knows neither Redis nor the configuration.
//!
//! The Node client parses patterns with the npm package `cron-parser`. Its dialect differs from every Rust crate that
//! we examined (`croner`, `cron`, `saffron`): `0/2` without a range, fewer than five fields, `@weekdays`, hashed
//! values (`H`), `5L`, and the behaviour when clocks change. If two workers compute different next times, a schedule
//! runs twice or not at all. This crate therefore follows `cron-parser` 5.10 (BullMQ 6) exactly. There is one
//! exception: patterns that 5.10 rejects but 4.9 (BullMQ 5) accepts, such as a list with the same value twice, are
//! accepted.
//!
//! `tests/schedules.rs` compares both implementations; `vectors.json` contains times that Node computed.

#![warn(missing_docs)]

mod fields;
mod hashed;
mod search;
mod zone;

use std::time::{SystemTime, UNIX_EPOCH};

use self::fields::Fields;
use self::hashed::Random;
use self::search::Search;
pub use self::zone::Zone;

/// The longest pattern, in bytes. `cron-parser` has the same limit.
pub const LONGEST: usize = 1024;

/// Why a pattern or its time zone is not valid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CronError {
    /// The pattern is not valid.
    #[error("cron pattern `{pattern}`: {reason}")]
    Pattern {
        /// The pattern, shortened if it is long.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The time zone does not exist.
    #[error("time zone `{0}` is unknown. Use an IANA name such as `Europe/Madrid`, or an offset such as `UTC+2`")]
    Zone(String),
}

/// The times of a pattern.
#[derive(Clone, Debug, Default)]
pub struct Occurrences<'a> {
    /// The pattern: up to six fields, or a name such as `@daily`.
    pub pattern: &'a str,
    /// The time zone. None: the one of this process, as in Node.
    pub zone: Option<&'a str>,
    /// The seed for the values of `H`. None: new random values in each call.
    pub seed: Option<&'a str>,
    /// The earliest possible time, in milliseconds since the Unix epoch.
    pub start: Option<i64>,
    /// The latest possible time, in milliseconds since the Unix epoch.
    pub end: Option<i64>,
}

impl Occurrences<'_> {
    /// The first time after `after` (excluded). Times are in milliseconds since the Unix epoch. None: there is no
    /// such time.
    pub fn next(&self, after: i64) -> Result<Option<i64>, CronError> {
        let fields = self.fields()?;
        let zone = match self.zone {
            Some(name) => Zone::named(name).ok_or_else(|| CronError::Zone(shown(name)))?,
            None => Zone::of_process(),
        };
        // `cron-parser` interprets 0 as "not given".
        let start = self.start.filter(|start| *start != 0);
        let end = self.end.filter(|end| *end != 0);
        let from = start.map_or(after, |start| start.max(after));
        let from = end.map_or(from, |end| end.min(from));
        Ok(Search::new(&fields, zone, from, end).next())
    }

    fn fields(&self) -> Result<Fields, CronError> {
        Fields::parse(self.pattern, &mut Random::new(self.seed))
            .map_err(|reason| CronError::Pattern { pattern: shown(self.pattern), reason })
    }
}

/// Checks that a pattern and its time zone are valid, and that the pattern occurs at least once.
pub fn check_pattern(pattern: &str, zone: &str) -> Result<(), String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = i64::try_from(now.as_millis()).unwrap_or(i64::MAX);
    let occurrences = Occurrences { pattern, zone: Some(zone), ..Occurrences::default() };
    match occurrences.next(now) {
        Ok(Some(_)) => Ok(()),
        Ok(None) => Err(format!("cron pattern `{}` never occurs", shown(pattern))),
        Err(error) => Err(error.to_string()),
    }
}

/// A text, shortened for an error message.
fn shown(text: &str) -> String {
    const SHOWN: usize = 80;
    if text.chars().count() <= SHOWN {
        return text.to_owned();
    }
    text.chars().take(SHOWN).chain(['…']).collect()
}

#[cfg(test)]
mod case;
#[cfg(test)]
mod tests;
