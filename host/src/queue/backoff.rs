//! How long a failed job waits for its next attempt, by the job's own options.

use std::time::Duration;

use serde::Deserialize;

/// The part of a job's `opts` that says how to wait, as BullMQ's clients write it. Read by itself, since the BullMQ
/// crate's own type drops `jitter`.
#[derive(Debug, Default, Deserialize)]
struct Options {
    backoff: Option<Backoff>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Backoff {
    /// A bare number means a fixed delay.
    Delay(f64),
    Strategy {
        #[serde(rename = "type")]
        kind: String,
        #[serde(default)]
        delay: f64,
        #[serde(default)]
        jitter: f64,
    },
}

/// The delay before the next attempt of a job that has failed `attempts_made` times, this time included. `opts` is the
/// job's field of that name; `random` is in `0.0..1.0`.
///
/// Fixed waits `delay`, exponential waits `delay * 2^(attempts_made - 1)`; jitter `j` picks a time between
/// `(1 - j) * wait` and `wait` evenly (BullMQ's documentation, "Retrying failing jobs"). A strategy that this host does
/// not know waits not at all.
pub fn delay(opts: &str, attempts_made: u32, random: f64) -> Duration {
    let Some(backoff) = serde_json::from_str::<Options>(opts).unwrap_or_default().backoff else {
        return Duration::ZERO;
    };
    let (wait, jitter) = match backoff {
        Backoff::Delay(delay) => (delay, 0.0),
        Backoff::Strategy { kind, delay, jitter } => match kind.as_str() {
            "fixed" => (delay, jitter),
            "exponential" => {
                (delay * 2f64.powi(i32::try_from(attempts_made).unwrap_or(i32::MAX).saturating_sub(1)), jitter)
            }
            _ => (0.0, 0.0),
        },
    };
    let (wait, jitter) = (wait.min(LONGEST), jitter.clamp(0.0, 1.0));
    let wait = wait * (1.0 - jitter) + wait * jitter * random;
    milliseconds(wait)
}

/// A hundred years in milliseconds: later than anyone waits, and small enough for BullMQ's 53-bit scores.
const LONGEST: f64 = 100.0 * 365.0 * 24.0 * 3600.0 * 1000.0;

/// Whole milliseconds of a wait that is no longer than [`LONGEST`].
fn milliseconds(wait: f64) -> Duration {
    if wait.is_nan() || wait <= 0.0 {
        return Duration::ZERO;
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    // in range: not negative, and bounded by the caller
    Duration::from_millis(wait.round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(opts: &str, attempts: u32, random: f64) -> u128 {
        delay(opts, attempts, random).as_millis()
    }

    #[test]
    fn no_backoff_waits_not_at_all() {
        assert_eq!(ms("{}", 1, 0.5), 0);
        assert_eq!(ms("not json", 1, 0.5), 0);
    }

    #[test]
    fn a_fixed_backoff_is_the_same_each_time() {
        let opts = r#"{"backoff":{"type":"fixed","delay":1000}}"#;
        assert_eq!((ms(opts, 1, 0.5), ms(opts, 9, 0.5)), (1000, 1000));
        assert_eq!(ms(r#"{"backoff":250}"#, 3, 0.5), 250);
    }

    #[test]
    fn an_exponential_backoff_doubles() {
        let opts = r#"{"backoff":{"type":"exponential","delay":1000}}"#;
        assert_eq!((ms(opts, 1, 0.0), ms(opts, 2, 0.0), ms(opts, 5, 0.0)), (1000, 2000, 16000));
    }

    #[test]
    fn jitter_picks_within_its_range() {
        let opts = r#"{"backoff":{"type":"exponential","delay":1000,"jitter":0.5}}"#;
        assert_eq!((ms(opts, 2, 0.0), ms(opts, 2, 0.5)), (1000, 1500));
        assert!(ms(opts, 2, 0.999) < 2000);
    }

    #[test]
    fn any_number_of_attempts_stays_finite() {
        let opts = r#"{"backoff":{"type":"exponential","delay":1000}}"#;
        assert_eq!(ms(opts, u32::MAX, 0.0), 3_153_600_000_000);
    }

    #[test]
    fn an_unknown_strategy_waits_not_at_all() {
        assert_eq!(ms(r#"{"backoff":{"type":"mine","delay":5}}"#, 1, 0.5), 0);
    }
}
