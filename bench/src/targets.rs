//! The targets, and by how much a measurement misses them.

use crate::contender::{CHILDREN, Contender, DATABASE, DATABASE_JS, DATABASE_NODE, NATIVE, NODE, TORIL, TORIL_JS};
use crate::database;
use crate::latency;
use crate::measured::Measurements;
use crate::rounds::Measured;
use crate::throughput::Case;

/// A limit of a figure, and what it should become.
#[derive(Clone, Copy)]
enum Bound {
    AtLeast(f64, f64),
    AtMost(f64, Option<f64>),
}
use Bound::{AtLeast, AtMost};

/// One target and its measurement.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// The measured quantity.
    pub what: String,
    /// The limit. Beyond it the target is missed.
    pub least: String,
    /// The goal, empty if there is none beyond the limit.
    pub aim: String,
    /// The measurement.
    pub is: String,
    /// By how much the target is missed, `None` if it is met.
    pub missed: Option<String>,
}

/// The targets that were measured. A measurement that did not finish misses its target.
pub struct Targets {
    /// Those of the TypeScript plugin.
    pub typescript: Vec<Target>,
    /// Those of the Rust plugin, and of Toril itself.
    pub rust: Vec<Target>,
}

impl Targets {
    /// Judges all measurements.
    pub fn of(all: &Measurements) -> Self {
        Self { typescript: typescript(all), rust: rust(all) }
    }
}

fn typescript(all: &Measurements) -> Vec<Target> {
    let mut targets = Vec::new();
    for (case, other, least, aim) in [
        (Case::WITH_TARGETS, NODE, 1.3, 1.6),
        (Case::WITH_TARGETS, CHILDREN, 5.0, 7.0),
        (Case::HTTP, NODE, 1.6, 2.2),
        (Case::PAYLOAD, NODE, 1.5, 2.2),
    ] {
        targets.extend(rates(all, case, TORIL_JS, other, AtLeast(least, aim)));
    }
    targets.extend(inserts(all, DATABASE_JS, AtLeast(0.8, 1.2)));
    targets.extend(latencies(all, TORIL_JS, AtMost(0.8, Some(0.6))));
    targets.extend(memory(all, TORIL_JS, AtMost(0.06, Some(0.04))));
    let noop = all.throughput.iter().find(|one| one.case == Case::WITH_TARGETS);
    let processor = noop.and_then(|comparison| comparison.of(TORIL_JS)).map(|own| own.map(|own| own.processor));
    let what = "processor time of a no-op job at concurrency 100";
    targets.extend(processor.map(|micros| target(what, micros, AtMost(45.0, Some(35.0)), "µs")));
    if let Some(build) = &all.build {
        let size = build.size.map(|bytes| bytes / 1e6);
        targets.push(target("component of a small plugin", size, AtMost(1.6, Some(1.2)), "MB"));
        let seconds = |ms: Measured<f64>| ms.map(|ms| ms / 1000.0);
        let what = "`toril plugin build` after a change, warm";
        targets.push(target(what, seconds(build.build), AtMost(0.5, Some(0.2)), "s"));
        let what = "from an edit to the end of the first job on it, under `toril dev --project`";
        targets.push(target(what, seconds(build.edit), AtMost(2.0, Some(1.0)), "s"));
    }
    targets
}

fn rust(all: &Measurements) -> Vec<Target> {
    let mut targets = Vec::new();
    for (other, least, aim) in [(NODE, 1.5, 4.0), (CHILDREN, 5.0, 20.0), (NATIVE, 1.0, 2.0)] {
        targets.extend(rates(all, Case::WITH_TARGETS, TORIL, other, AtLeast(least, aim)));
    }
    targets.extend(inserts(all, DATABASE, AtLeast(1.0, 2.0)));
    targets.extend(latencies(all, TORIL, AtMost(1.0, None)));
    targets.extend(memory(all, TORIL, AtMost(0.1, None)));
    let what = "time from a plugin's new file to the end of the first job on it";
    targets.extend(all.reload.map(|took| target(what, took, AtMost(100.0, None), "ms")));
    let idle = all.idle.iter().find(|(one, _)| *one == TORIL);
    let what = "processor use of an idle host with ten queues";
    targets.extend(idle.map(|(_, percent)| target(what, *percent, AtMost(1.0, None), "%")));
    targets
}

/// Jobs per second, relative to another contender.
fn rates(all: &Measurements, case: Case, own: Contender, other: Contender, bound: Bound) -> Option<Target> {
    let comparison = all.throughput.iter().find(|one| one.case == case)?;
    let what = format!("jobs per second: {}, relative to “{}”", case.title(), other.title);
    let rate = |which| comparison.of(which).map(|figures| figures.map(|figures| figures.rate));
    Some(target(&what, ratio(rate(own)?, rate(other)?), bound, "×"))
}

/// Jobs per second with one insert each, relative to Node.
fn inserts(all: &Measurements, own: Contender, bound: Bound) -> Option<Target> {
    let comparison = all.database.as_ref()?;
    let rate = |which| comparison.of(which).map(|figures| figures.map(|figures| figures.turn.rate));
    let what = format!("jobs per second: {}, relative to “{}”", database::title(), NODE.title);
    Some(target(&what, ratio(rate(own)?, rate(DATABASE_NODE)?), bound, "×"))
}

fn latencies(all: &Measurements, own: Contender, bound: Bound) -> Vec<Target> {
    let of = |percentile: fn(&latency::Figures) -> f64, name: &str| {
        let time = |which| {
            let (_, figures) = all.latency.iter().find(|(one, _)| *one == which)?;
            Some(figures.as_ref().map(percentile).map_err(|why| *why))
        };
        let what = format!("latency, {name}, relative to “{}”", NODE.title);
        Some(target(&what, ratio(time(own)?, time(NODE)?), bound, "×"))
    };
    [of(|one| one.p50, "p50"), of(|one| one.p99, "p99")].into_iter().flatten().collect()
}

fn memory(all: &Measurements, own: Contender, bound: Bound) -> Option<Target> {
    let running = |which| {
        let (_, figures) = all.memory.iter().find(|(one, _)| *one == which)?;
        Some(figures.map(|figures| figures.running as f64))
    };
    let what = format!("memory with 100 running jobs, relative to “{}”", CHILDREN.title);
    Some(target(&what, ratio(running(own)?, running(CHILDREN)?), bound, "×"))
}

fn ratio(own: Measured<f64>, others: Measured<f64>) -> Measured<f64> {
    Ok(own? / others?)
}

fn target(what: &str, is: Measured<f64>, bound: Bound, unit: &str) -> Target {
    let (what, shown) = (what.to_owned(), |number: f64| format!("{number} {unit}"));
    let (least, aim) = match bound {
        AtLeast(least, aim) => (format!("at least {}", shown(least)), shown(aim)),
        AtMost(most, aim) => (format!("at most {}", shown(most)), aim.map(shown).unwrap_or_default()),
    };
    let (is, missed) = match is {
        Ok(is) => {
            let missed = match bound {
                AtLeast(least, _) if is < least => Some(format!("{:.0} % too little", (1.0 - is / least) * 100.0)),
                AtMost(most, _) if is > most => Some(format!("{:.0} % too much", (is / most - 1.0) * 100.0)),
                _ => None,
            };
            (format!("{is:.2} {unit}"), missed)
        }
        Err(why) => (why.to_string(), Some(why.to_string())),
    };
    Target { what, least, aim, is, missed }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rounds::Missing;
    use crate::throughput::Comparison;
    use crate::turn::Figures;
    use crate::{build, memory};

    fn rate(rate: f64) -> Measured<Figures> {
        Ok(Figures { rate, processor: 50.0, ..Figures::default() })
    }

    fn noop(figures: Vec<(Contender, Measured<Figures>)>) -> Measurements {
        let comparison = Comparison { case: Case::WITH_TARGETS, rounds: 1, figures };
        Measurements { throughput: vec![comparison], ..Measurements::default() }
    }

    fn shown(targets: &[Target]) -> Vec<(&str, Option<&str>)> {
        targets.iter().map(|target| (target.is.as_str(), target.missed.as_deref())).collect()
    }

    #[test]
    fn a_ratio_below_its_minimum_misses_the_target_and_one_above_meets_it() {
        let targets = rust(&noop(vec![(TORIL, rate(900.0)), (NODE, rate(500.0)), (NATIVE, rate(1000.0))]));
        assert_eq!(shown(&targets), [("1.80 ×", None), ("0.90 ×", Some("10 % too little"))]);
    }

    #[test]
    fn a_turn_that_did_not_finish_misses_the_target() {
        let targets = rust(&noop(vec![(TORIL, Err(Missing::DidNotFinish)), (NODE, rate(500.0))]));
        assert_eq!(targets[0].missed.as_deref(), Some("did not finish"));
    }

    #[test]
    fn a_target_without_a_measurement_is_not_judged() {
        let none = Targets::of(&Measurements::default());
        assert_eq!((none.typescript, rust(&noop(vec![(TORIL, rate(1.0))]))), (Vec::new(), Vec::new()));
    }

    #[test]
    fn latency_memory_reload_and_idleness_have_a_maximum() {
        let times = |p50, p99| Ok(latency::Figures { p50, p99 });
        let bytes = |running| Ok(memory::Figures { rest: 0, running });
        let all = Measurements {
            latency: vec![(TORIL, times(1.0, 5.0)), (NODE, times(2.0, 4.0))],
            memory: vec![(TORIL, bytes(30)), (CHILDREN, bytes(100))],
            reload: Some(Ok(99.0)),
            idle: vec![(TORIL, Ok(1.5))],
            ..Measurements::default()
        };
        let missed: Vec<_> = rust(&all).into_iter().map(|target| target.missed).collect();
        let by = |text: &str| Some(text.to_owned());
        assert_eq!(missed, [None, by("25 % too much"), by("200 % too much"), None, by("50 % too much")]);
    }

    #[test]
    fn inserts_are_relative_to_node_with_the_same_database() {
        let figures = |rate| {
            Ok(database::Figures { turn: Figures { rate, ..Figures::default() }, ..database::Figures::default() })
        };
        let figures =
            vec![(DATABASE_JS, figures(700.0)), (DATABASE, figures(2100.0)), (DATABASE_NODE, figures(1000.0))];
        let comparison = database::Comparison { rounds: 1, figures };
        let all = Measurements { database: Some(comparison), ..Measurements::default() };
        assert_eq!(shown(&typescript(&all)), [("0.70 ×", Some("13 % too little"))]);
        assert_eq!(shown(&rust(&all)), [("2.10 ×", None)]);
    }

    #[test]
    fn the_typescript_plugin_has_targets_of_its_own() {
        let build = build::Figures { build: Ok(400.0), size: Ok(1_700_000.0), edit: Err(Missing::Failed) };
        let all = Measurements {
            build: Some(build),
            ..noop(vec![(TORIL_JS, rate(1200.0)), (NODE, rate(1000.0)), (TORIL, rate(1.0))])
        };
        let expected = [
            ("1.20 ×", Some("8 % too little")),
            ("50.00 µs", Some("11 % too much")),
            ("1.70 MB", Some("6 % too much")),
            ("0.40 s", None),
            ("failed", Some("failed")),
        ];
        assert_eq!(shown(&typescript(&all)), expected);
    }
}
