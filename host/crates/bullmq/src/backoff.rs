//! Computes the backoff of a failed job from the job's own options.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Deserializer};

use super::js;
use toril_job::settings::{BackoffStrategy, Delays};

/// The backoff of a job, as BullMQ's clients write it in `opts.backoff`.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Backoff {
    /// A bare number means a fixed delay.
    Delay(f64),
    /// A strategy by its name.
    Strategy {
        /// `fixed`, `exponential`, or the name of a custom strategy of the worker.
        #[serde(rename = "type")]
        kind: String,
        /// In milliseconds.
        #[serde(default, deserialize_with = "number")]
        delay: Option<f64>,
        /// From 0.0 to 1.0.
        #[serde(default, deserialize_with = "number")]
        jitter: Option<f64>,
    },
}

/// A number as JavaScript reads it. `None`: the value is not a number.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    let number = js::number(Some(&serde_json::Value::deserialize(deserializer)?));
    Ok((!number.is_nan()).then_some(number))
}

/// The next attempt according to a job's backoff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// It starts after this delay. Zero means immediately.
    After(Duration),
    /// There is none. In BullMQ a delay of -1 means this.
    Never,
    /// Neither BullMQ nor the queue has a strategy with this name.
    Unknown(String),
}

/// The delay before the next attempt of a job that has failed `attempts_made` times, including this time. `strategies`
/// are the queue's own. `random` is in `0.0..1.0`.
///
/// Fixed waits `delay`. Exponential waits `delay * 2^(attempts_made - 1)`. Jitter `j` picks a uniformly distributed
/// time between `(1 - j) * wait` and `wait` (BullMQ's documentation, "Retrying failing jobs").
pub fn next(
    backoff: Option<&Backoff>,
    strategies: &BTreeMap<String, BackoffStrategy>,
    attempts_made: u32,
    random: f64,
) -> Next {
    let (kind, delay, jitter) = match backoff {
        None => return Next::After(Duration::ZERO),
        Some(&Backoff::Delay(delay)) => ("fixed", Some(delay), None),
        Some(&Backoff::Strategy { ref kind, delay, jitter }) => (kind.as_str(), delay, jitter),
    };
    let (wait, jitter, max) = match (kind, strategies.get(kind)) {
        ("fixed", _) => (delay.unwrap_or(0.0), jitter.unwrap_or(0.0), LONGEST),
        ("exponential", _) => (doubled(delay.unwrap_or(0.0), attempts_made), jitter.unwrap_or(0.0), LONGEST),
        (_, Some(strategy)) => (
            by_strategy(&strategy.delays, delay, attempts_made),
            jitter.unwrap_or(strategy.jitter),
            strategy.max.map_or(LONGEST, in_milliseconds).min(LONGEST),
        ),
        (unknown, None) => return Next::Unknown(unknown.to_owned()),
    };
    #[allow(clippy::float_cmp)] // exactly -1.0 is the sign
    if wait == -1.0 {
        return Next::Never;
    }
    let (wait, jitter) = (wait.min(max), jitter.clamp(0.0, 1.0));
    Next::After(milliseconds(wait * (1.0 - jitter) + wait * jitter * random))
}

fn by_strategy(delays: &Delays, own: Option<f64>, attempts_made: u32) -> f64 {
    // Some clients write a delay of 0 for a job that has none.
    let own = own.filter(|delay| *delay != 0.0);
    let base = |delay: &Duration| own.unwrap_or_else(|| in_milliseconds(*delay));
    match delays {
        Delays::Fixed(delay) => base(delay),
        Delays::Exponential(delay) => doubled(base(delay), attempts_made),
        Delays::Linear(delay) => base(delay) * f64::from(attempts_made),
        Delays::List(delays) => {
            let nth = usize::try_from(attempts_made).unwrap_or(usize::MAX).saturating_sub(1);
            delays.get(nth).or(delays.last()).copied().map_or(0.0, in_milliseconds)
        }
    }
}

fn doubled(delay: f64, attempts_made: u32) -> f64 {
    delay * 2f64.powi(i32::try_from(attempts_made).unwrap_or(i32::MAX).saturating_sub(1))
}

fn in_milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// A hundred years in milliseconds. No job waits longer, and it still fits into BullMQ's 53-bit scores.
const LONGEST: f64 = toril_job::LONGEST_DELAY.as_millis() as f64;

/// The whole milliseconds of a wait that is at most [`LONGEST`].
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

    fn read(backoff: &str) -> Backoff {
        serde_json::from_str(backoff).expect("a back-off")
    }

    /// The delay in a queue without its own strategies.
    fn delay(backoff: Option<&Backoff>, attempts: u32, random: f64) -> Duration {
        match next(backoff, &BTreeMap::new(), attempts, random) {
            Next::After(wait) => wait,
            // A delay of -1, which random input can produce.
            Next::Never => Duration::ZERO,
            Next::Unknown(name) => panic!("{name}"),
        }
    }

    fn ms(backoff: &str, attempts: u32, random: f64) -> u128 {
        delay(Some(&read(backoff)), attempts, random).as_millis()
    }

    #[test]
    fn no_backoff_waits_not_at_all() {
        assert_eq!(delay(None, 1, 0.5), Duration::ZERO);
    }

    /// The delays in milliseconds after the first attempts of a job with `backoff`. The queue's strategy `mine` is
    /// `strategy`.
    fn delays(strategy: BackoffStrategy, backoff: &str, random: f64) -> Vec<u128> {
        let (strategies, backoff) = (BTreeMap::from([("mine".to_owned(), strategy)]), read(backoff));
        let after = |attempts| match next(Some(&backoff), &strategies, attempts, random) {
            Next::After(wait) => wait.as_millis(),
            other => panic!("{other:?}"),
        };
        (1..=4).map(after).collect()
    }

    const MINE: &str = r#"{"type":"mine"}"#;

    fn strategy(delays: Delays) -> BackoffStrategy {
        BackoffStrategy { delays, jitter: 0.0, max: None }
    }

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_queues_own_strategies_are_fixed_exponential_linear_or_a_list_whose_last_delay_repeats() {
        assert_eq!(delays(strategy(Delays::Fixed(SECOND)), MINE, 0.5), [1000, 1000, 1000, 1000]);
        assert_eq!(delays(strategy(Delays::Exponential(SECOND)), MINE, 0.5), [1000, 2000, 4000, 8000]);
        assert_eq!(delays(strategy(Delays::Linear(SECOND)), MINE, 0.5), [1000, 2000, 3000, 4000]);
        assert_eq!(delays(strategy(Delays::List(vec![SECOND * 5, SECOND])), MINE, 0.5), [5000, 1000, 1000, 1000]);
    }

    #[test]
    fn a_strategys_maximum_bounds_the_delay_before_its_jitter_shortens_it() {
        let bounded = |jitter| BackoffStrategy { jitter, max: Some(SECOND * 3), ..strategy(Delays::Linear(SECOND)) };
        assert_eq!(delays(bounded(0.0), MINE, 0.0), [1000, 2000, 3000, 3000]);
        assert_eq!(delays(bounded(0.5), MINE, 0.0), [500, 1000, 1500, 1500]);
    }

    #[test]
    fn a_jobs_own_delay_and_jitter_take_the_place_of_the_strategys_but_a_list_stays() {
        let own = r#"{"type":"mine","delay":100,"jitter":0}"#;
        let jittered = |delays| BackoffStrategy { jitter: 0.5, ..strategy(delays) };
        assert_eq!(delays(jittered(Delays::Linear(SECOND)), own, 0.0), [100, 200, 300, 400]);
        assert_eq!(delays(jittered(Delays::List(vec![SECOND])), own, 0.0), [1000, 1000, 1000, 1000]);
        let none = r#"{"type":"mine","delay":0}"#;
        assert_eq!(delays(strategy(Delays::Linear(SECOND)), none, 0.0), [1000, 2000, 3000, 4000]);
    }

    #[test]
    fn bullmqs_own_names_stay_bullmqs() {
        let strategies = BTreeMap::from([("fixed".to_owned(), strategy(Delays::Linear(SECOND)))]);
        let backoff = read(r#"{"type":"fixed","delay":7}"#);
        assert_eq!(next(Some(&backoff), &strategies, 3, 0.5), Next::After(Duration::from_millis(7)));
    }

    #[test]
    fn a_delay_of_minus_one_means_no_further_attempt_as_in_node() {
        assert_eq!(next(Some(&Backoff::Delay(-1.0)), &BTreeMap::new(), 1, 0.5), Next::Never);
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
    fn an_unknown_strategy_is_named() {
        let backoff = read(r#"{"type":"mine","delay":5}"#);
        assert_eq!(next(Some(&backoff), &BTreeMap::new(), 1, 0.5), Next::Unknown("mine".to_owned()));
    }

    use proptest::prelude::*;

    /// Any backoff that options can contain, valid or not.
    fn any_backoff() -> impl Strategy<Value = Backoff> {
        let delay = prop_oneof![0.0..1e7, any::<f64>()];
        let kind = prop_oneof![Just("fixed"), Just("exponential")];
        prop_oneof![
            delay.clone().prop_map(Backoff::Delay),
            (kind, delay, prop_oneof![0.0..1.0, any::<f64>()]).prop_map(|(kind, delay, jitter)| Backoff::Strategy {
                kind: kind.to_owned(),
                delay: Some(delay),
                jitter: Some(jitter)
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
                let backoff = Backoff::Strategy { kind: kind.to_owned(), delay: Some(wait), jitter: None };
                delay(Some(&backoff), attempts, 0.0)
            };
            prop_assert!(pause("exponential", attempts) <= pause("exponential", attempts + 1));
            prop_assert_eq!(pause("fixed", attempts), pause("fixed", 1));
        }

        #[test]
        fn a_pause_is_what_bullmqs_documentation_says(
            wait in 0_u32..100_000, attempts in 1_u32..20, jitter in 0.0..1.0, random in 0.0..1.0,
        ) {
            let backoff = Backoff::Strategy { kind: "exponential".to_owned(), delay: Some(f64::from(wait)), jitter: Some(jitter) };
            let whole = f64::from(wait) * f64::from(1_u32 << (attempts - 1));
            let pause = delay(Some(&backoff), attempts, random).as_millis() as f64;
            prop_assert!(pause >= (whole * (1.0 - jitter)).floor() && pause <= whole.ceil(), "{} of {}", pause, whole);
        }
    }
}
