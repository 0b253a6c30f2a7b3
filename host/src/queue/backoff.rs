//! How long a failed job waits for its next attempt, by the job's own options.

use std::time::Duration;

use serde::{Deserialize, Deserializer};

use super::js;

/// How a job's attempts are spaced, as BullMQ's clients write it in `opts.backoff`.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Backoff {
    /// A bare number means a fixed delay.
    Delay(f64),
    /// A strategy by its name.
    Strategy {
        /// `fixed`, `exponential`, or one that the producer's own workers know.
        #[serde(rename = "type")]
        kind: String,
        /// In milliseconds.
        #[serde(default, deserialize_with = "number")]
        delay: f64,
        /// From 0.0 to 1.0.
        #[serde(default, deserialize_with = "number")]
        jitter: f64,
    },
}

/// A number as JavaScript reads it. What is none is 0.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let number = js::number(Some(&serde_json::Value::deserialize(deserializer)?));
    Ok(if number.is_nan() { 0.0 } else { number })
}

/// The delay before the next attempt of a job that has failed `attempts_made` times, this time included. `random` is in
/// `0.0..1.0`.
///
/// Fixed waits `delay`, exponential waits `delay * 2^(attempts_made - 1)`; jitter `j` picks a time between
/// `(1 - j) * wait` and `wait` evenly (BullMQ's documentation, "Retrying failing jobs"). A strategy that this host does
/// not know waits not at all.
pub fn delay(backoff: Option<&Backoff>, attempts_made: u32, random: f64) -> Duration {
    let (wait, jitter) = match backoff {
        None => return Duration::ZERO,
        Some(Backoff::Delay(delay)) => (*delay, 0.0),
        Some(&Backoff::Strategy { ref kind, delay, jitter }) => match kind.as_str() {
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

    fn ms(backoff: &str, attempts: u32, random: f64) -> u128 {
        let backoff = serde_json::from_str::<Backoff>(backoff).expect("a back-off");
        delay(Some(&backoff), attempts, random).as_millis()
    }

    #[test]
    fn no_backoff_waits_not_at_all() {
        assert_eq!(delay(None, 1, 0.5), Duration::ZERO);
    }

    #[test]
    fn a_fixed_backoff_is_the_same_each_time() {
        let opts = r#"{"type":"fixed","delay":1000}"#;
        assert_eq!((ms(opts, 1, 0.5), ms(opts, 9, 0.5)), (1000, 1000));
        assert_eq!(ms("250", 3, 0.5), 250);
    }

    #[test]
    fn an_exponential_backoff_doubles() {
        let opts = r#"{"type":"exponential","delay":1000}"#;
        assert_eq!((ms(opts, 1, 0.0), ms(opts, 2, 0.0), ms(opts, 5, 0.0)), (1000, 2000, 16000));
    }

    #[test]
    fn jitter_picks_within_its_range() {
        let opts = r#"{"type":"exponential","delay":1000,"jitter":0.5}"#;
        assert_eq!((ms(opts, 2, 0.0), ms(opts, 2, 0.5)), (1000, 1500));
        assert!(ms(opts, 2, 0.999) < 2000);
    }

    #[test]
    fn any_number_of_attempts_stays_finite() {
        let opts = r#"{"type":"exponential","delay":1000}"#;
        assert_eq!(ms(opts, u32::MAX, 0.0), 3_153_600_000_000);
    }

    #[test]
    fn an_unknown_strategy_waits_not_at_all() {
        assert_eq!(ms(r#"{"type":"mine","delay":5}"#, 1, 0.5), 0);
    }

    use proptest::prelude::*;

    /// Any back-off that can be written, sensible or not.
    fn any_backoff() -> impl Strategy<Value = Backoff> {
        let delay = prop_oneof![0.0..1e7, any::<f64>()];
        let kind = prop_oneof![Just("fixed"), Just("exponential"), Just("mine")];
        prop_oneof![
            delay.clone().prop_map(Backoff::Delay),
            (kind, delay, prop_oneof![0.0..1.0, any::<f64>()]).prop_map(|(kind, delay, jitter)| Backoff::Strategy {
                kind: kind.to_owned(),
                delay,
                jitter
            }),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

        #[test]
        fn no_pause_is_negative_or_longer_than_a_hundred_years(
            backoff in any_backoff(), attempts in any::<u32>(), random in 0.0..1.0,
        ) {
            prop_assert!(delay(Some(&backoff), attempts, random).as_millis() as f64 <= LONGEST);
        }

        #[test]
        fn more_chance_is_a_longer_pause_and_never_beyond_the_whole(
            backoff in any_backoff(), attempts in any::<u32>(), (a, b) in (0.0..1.0, 0.0..1.0),
        ) {
            let pause = |random| delay(Some(&backoff), attempts, random);
            let (low, high) = if a < b { (a, b) } else { (b, a) };
            prop_assert!(pause(low) <= pause(high) && pause(high) <= pause(1.0));
        }

        #[test]
        fn an_exponential_pause_never_shrinks_and_a_fixed_one_never_changes(
            wait in 0.0..1e7, attempts in 1..u32::MAX - 1,
        ) {
            let pause = |kind: &str, attempts| {
                let backoff = Backoff::Strategy { kind: kind.to_owned(), delay: wait, jitter: 0.0 };
                delay(Some(&backoff), attempts, 0.0)
            };
            prop_assert!(pause("exponential", attempts) <= pause("exponential", attempts + 1));
            prop_assert_eq!(pause("fixed", attempts), pause("fixed", 1));
        }

        #[test]
        fn a_pause_is_what_bullmqs_documentation_says(
            wait in 0_u32..100_000, attempts in 1_u32..20, jitter in 0.0..1.0, random in 0.0..1.0,
        ) {
            let backoff = Backoff::Strategy { kind: "exponential".to_owned(), delay: f64::from(wait), jitter };
            let whole = f64::from(wait) * f64::from(1_u32 << (attempts - 1));
            let pause = delay(Some(&backoff), attempts, random).as_millis() as f64;
            prop_assert!(pause >= (whole * (1.0 - jitter)).floor() && pause <= whole.ceil(), "{} of {}", pause, whole);
        }
    }
}
