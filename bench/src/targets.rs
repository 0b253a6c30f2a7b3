//! The targets, and by how much a measurement misses them.

use crate::contender::{CHILDREN, Contender, NATIVE, NODE, TORIL};
use crate::measured::Measurements;
use crate::rounds::Measured;
use crate::throughput::Case;

/// The minimum ratio of no-op jobs per second to each of these contenders, and the goal.
const RATIOS: [(Contender, f64, f64); 3] = [(NODE, 1.5, 4.0), (CHILDREN, 5.0, 20.0), (NATIVE, 1.0, 2.0)];
/// The maximum ratio of memory to that of the child processes.
const MEMORY: f64 = 0.1;
/// The maximum milliseconds from a new file to the end of the first job on it.
const RELOAD: f64 = 100.0;
/// The maximum percentage of a processor when idle.
const IDLE: f64 = 1.0;

/// One target and its measurement.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// The measured quantity.
    pub what: String,
    /// The target.
    pub wanted: String,
    /// The measurement.
    pub is: String,
    /// By how much the target is missed, `None` if it is met.
    pub missed: Option<String>,
}

/// Judges all measurements that have a target. A measurement that did not finish misses it.
pub fn judged(all: &Measurements) -> Vec<Target> {
    let mut targets = Vec::new();
    if let Some(comparison) = all.throughput.iter().find(|one| one.case == Case::WITH_TARGETS) {
        let rates: Vec<_> =
            comparison.figures.iter().map(|(one, figures)| (*one, figures.map(|figures| figures.rate))).collect();
        for (other, least, aim) in RATIOS {
            let what = format!("no-op jobs per second at concurrency 100, relative to “{}”", other.title);
            targets.extend(both(&rates, other).map(|(own, others)| at_least(what, own, others, least, aim)));
        }
    }
    for (name, percentile) in [("p50", (|one| one.p50) as fn(&crate::latency::Figures) -> f64), ("p99", |one| one.p99)]
    {
        let times: Vec<_> = all
            .latency
            .iter()
            .map(|(one, figures)| (*one, figures.as_ref().map(percentile).map_err(|why| *why)))
            .collect();
        let what = format!("latency, {name}, relative to “{}”", NODE.title);
        targets.extend(both(&times, NODE).map(|(own, others)| at_most(what, ratio(own, others), 1.0, "×")));
    }
    let running: Vec<_> =
        all.memory.iter().map(|(one, figures)| (*one, figures.map(|figures| figures.running as f64))).collect();
    let what = format!("memory with 100 running jobs, relative to “{}”", CHILDREN.title);
    targets.extend(both(&running, CHILDREN).map(|(own, others)| at_most(what, ratio(own, others), MEMORY, "×")));
    let what = "time from a plugin's new file to the end of the first job on it".to_owned();
    targets.extend(all.reload.map(|took| at_most(what, took, RELOAD, "ms")));
    let idle = all.idle.iter().find(|(one, _)| *one == TORIL);
    let what = "processor use of an idle host with ten queues".to_owned();
    targets.extend(idle.map(|(_, percent)| at_most(what, *percent, IDLE, "%")));
    targets
}

/// Toril's figure and another contender's, if both were measured.
fn both(figures: &[(Contender, Measured<f64>)], other: Contender) -> Option<(Measured<f64>, Measured<f64>)> {
    let of = |which| figures.iter().find(|(one, _)| *one == which).map(|(_, figure)| *figure);
    Some((of(TORIL)?, of(other)?))
}

fn ratio(own: Measured<f64>, others: Measured<f64>) -> Measured<f64> {
    Ok(own? / others?)
}

fn at_least(what: String, own: Measured<f64>, others: Measured<f64>, least: f64, aim: f64) -> Target {
    let wanted = format!("at least {least}, goal {aim}");
    match ratio(own, others) {
        Ok(is) => {
            let missed = (is < least).then(|| format!("{:.0} % too little", (1.0 - is / least) * 100.0));
            Target { what, wanted, is: format!("{is:.2} ×"), missed }
        }
        Err(why) => Target { what, wanted, is: why.to_string(), missed: Some(why.to_string()) },
    }
}

fn at_most(what: String, is: Measured<f64>, most: f64, unit: &str) -> Target {
    let wanted = format!("at most {most} {unit}");
    match is {
        Ok(is) => {
            let missed = (is > most).then(|| format!("{:.0} % too much", (is / most - 1.0) * 100.0));
            Target { what, wanted, is: format!("{is:.2} {unit}"), missed }
        }
        Err(why) => Target { what, wanted, is: why.to_string(), missed: Some(why.to_string()) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rounds::Missing;
    use crate::throughput::Comparison;
    use crate::turn::Figures;
    use crate::{latency, memory};

    fn rate(rate: f64) -> Measured<Figures> {
        Ok(Figures { rate, ..Figures::default() })
    }

    fn noop(figures: Vec<(Contender, Measured<Figures>)>) -> Measurements {
        let comparison = Comparison { case: Case::WITH_TARGETS, rounds: 1, figures };
        Measurements { throughput: vec![comparison], ..Measurements::default() }
    }

    #[test]
    fn a_ratio_below_its_minimum_misses_the_target_and_one_above_meets_it() {
        let targets = judged(&noop(vec![(TORIL, rate(900.0)), (NODE, rate(500.0)), (NATIVE, rate(1000.0))]));
        let shown: Vec<_> = targets.iter().map(|target| (target.is.as_str(), target.missed.as_deref())).collect();
        assert_eq!(shown, [("1.80 ×", None), ("0.90 ×", Some("10 % too little"))]);
    }

    #[test]
    fn a_turn_that_did_not_finish_misses_the_target() {
        let targets = judged(&noop(vec![(TORIL, Err(Missing::DidNotFinish)), (NODE, rate(500.0))]));
        assert_eq!(targets[0].missed.as_deref(), Some("did not finish"));
    }

    #[test]
    fn a_target_without_a_measurement_is_not_judged() {
        assert_eq!(judged(&Measurements::default()), []);
        assert_eq!(judged(&noop(vec![(TORIL, rate(1.0))])), []);
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
        let missed: Vec<_> = judged(&all).into_iter().map(|target| target.missed).collect();
        let by = |text: &str| Some(text.to_owned());
        assert_eq!(missed, [None, by("25 % too much"), by("200 % too much"), None, by("50 % too much")]);
    }
}
