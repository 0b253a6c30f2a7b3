//! The scaling curves, and sentences about them. The sentences come from the figures, because each machine differs.

use super::machine::processors;
use super::tables::{cell, mib, points};
use crate::chart;
use crate::rounds::Measured;
use crate::scaling::Curve;
use crate::turn::Figures;

/// From this share of the maximum on, the curve counts as flat.
const NEARLY: f64 = 0.9;
/// From this share of the available processors on, they count as fully used.
const FULL: f64 = 0.85;

/// One curve of the page.
pub struct Drawn {
    /// The chart.
    pub svg: String,
    /// The table.
    pub table: String,
    /// A sentence about it.
    pub says: String,
}

/// A curve of jobs per second. `noun`: what the points count. `servers`: the number of Redis servers of a point.
pub fn throughput(curve: &Curve<Figures>, noun: &str, servers: impl Fn(usize) -> usize) -> Drawn {
    let seen = seen(curve, |figures| figures.rate);
    let columns = |figures: &Measured<Figures>| {
        let shares = |of: fn(&Figures) -> f64| cell(figures, |one| format!("{:.2}", taken(one, of)));
        vec![cell(figures, |one| format!("{:.0}", one.rate)), shares(|one| one.processor), shares(|one| one.redis)]
    };
    let head = [noun, "jobs/s", "processors used by the hosts", "processors used by Redis"];
    let says = knee(&seen).map(|knee| {
        let figures = curve.iter().find(|(at, _)| *at == knee.best).and_then(|(_, figures)| figures.as_ref().ok());
        format!(
            "{} {}",
            knee.sentence(noun),
            figures.map_or(String::new(), |one| why(one, servers(knee.best), processors()))
        )
    });
    Drawn {
        svg: chart::line(&format!("no-op jobs per second by {noun}"), noun, &floats(&seen)),
        table: points(&head, curve, columns),
        says: says.unwrap_or_default(),
    }
}

/// The curve of memory, in bytes.
pub fn memory(curve: &Curve<f64>) -> Drawn {
    let seen = seen(curve, |bytes| *bytes);
    let scaled: Vec<_> = seen.iter().map(|(at, bytes)| (*at, bytes / f64::from(1 << 20))).collect();
    let says = seen.first().zip(seen.last()).filter(|(first, last)| last.0 > first.0).map(|(first, last)| {
        let each = (last.1 - first.1) / (last.0 - first.0) as f64 / 1024.0;
        format!("From {} to {} running jobs, each job adds {each:.0} KiB on average.", first.0, last.0)
    });
    Drawn {
        svg: chart::line("MiB by running jobs", "running jobs", &floats(&scaled)),
        table: points(&["running jobs", "memory"], curve, |bytes| vec![cell(bytes, |bytes| mib(*bytes))]),
        says: says.unwrap_or_default(),
    }
}

fn seen<T>(curve: &Curve<T>, of: impl Fn(&T) -> f64) -> Vec<(usize, f64)> {
    curve.iter().filter_map(|(at, figure)| Some((*at, of(figure.as_ref().ok()?)))).collect()
}

fn floats(points: &[(usize, f64)]) -> Vec<(f64, f64)> {
    points.iter().map(|(at, value)| (*at as f64, *value)).collect()
}

/// The number of processors that a turn kept busy, from the microseconds that a job uses.
fn taken(figures: &Figures, micros: fn(&Figures) -> f64) -> f64 {
    micros(figures) * figures.rate / 1e6
}

#[derive(Debug, PartialEq)]
struct Knee {
    /// The point with the maximum.
    best: usize,
    /// The maximum.
    most: f64,
    /// The first point that is close to the maximum.
    enough: usize,
}

impl Knee {
    fn sentence(&self, noun: &str) -> String {
        let Self { best, most, enough } = self;
        // All nouns end in s.
        let noun = if *best == 1 { noun.trim_end_matches('s') } else { noun };
        let most = format!("The maximum is {most:.0} jobs/s, with {best} {noun}.");
        if enough == best { most } else { format!("{most} 90 % of it is reached from {enough} on.") }
    }
}

fn knee(points: &[(usize, f64)]) -> Option<Knee> {
    let (best, most) = *points.iter().max_by(|one, other| one.1.total_cmp(&other.1))?;
    let (enough, _) = *points.iter().find(|(_, value)| *value >= most * NEARLY)?;
    Some(Knee { best, most, enough })
}

/// Why there are no more jobs per second, from the processors in use.
fn why(figures: &Figures, servers: usize, machine: usize) -> String {
    let (hosts, redis) = (taken(figures, |one| one.processor), taken(figures, |one| one.redis));
    let busy = format!("There the hosts use {hosts:.1} and Redis uses {redis:.1} of {machine} processors");
    if redis >= FULL * servers as f64 {
        format!("{busy}. Redis is the limit, because a server uses only one processor.")
    } else if hosts + redis >= FULL * machine as f64 {
        format!("{busy}. The machine is the limit, and a larger one would reach more.")
    } else {
        format!("{busy}. Neither is fully used: the rest is waiting, or used by other programs.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rounds::Missing;

    #[test]
    fn the_curve_is_flat_from_nine_tenths_of_the_maximum_on() {
        let points = [(1, 50.0), (2, 95.0), (5, 100.0), (10, 70.0)];
        assert_eq!(knee(&points), Some(Knee { best: 5, most: 100.0, enough: 2 }));
        assert_eq!(knee(&[]), None);
    }

    #[test]
    fn a_sentence_names_the_maximum_and_where_the_curve_becomes_flat() {
        let sentence = |best, enough| Knee { best, most: 9.0, enough }.sentence("hosts");
        assert_eq!(sentence(1, 1), "The maximum is 9 jobs/s, with 1 host.");
        let expected = "The maximum is 9 jobs/s, with 3 hosts. 90 % of it is reached from 2 on.";
        assert_eq!(sentence(3, 2), expected);
    }

    #[test]
    fn the_processors_in_use_show_what_the_limit_is() {
        let at = |processor, redis| Figures { rate: 10_000.0, processor, redis };
        assert!(why(&at(20.0, 90.0), 1, 4).contains("Redis is the limit"));
        assert!(why(&at(150.0, 40.0), 1, 2).contains("The machine is the limit"));
        assert!(why(&at(50.0, 40.0), 1, 4).contains("Neither is fully used"));
        // Two servers can use two processors.
        assert!(why(&at(20.0, 90.0), 2, 4).contains("Neither is fully used"));
    }

    #[test]
    fn a_point_without_a_figure_is_in_the_table_and_not_in_the_chart() {
        let curve = vec![(1, Ok(Figures { rate: 10.0, ..Figures::default() })), (2, Err(Missing::Failed))];
        let drawn = throughput(&curve, "hosts", |_| 1);
        assert!(drawn.table.contains("| 2 | failed | failed | failed |"), "{}", drawn.table);
        assert_eq!(drawn.svg.matches("<circle").count(), 1);
    }

    #[test]
    fn a_sentence_names_the_memory_of_each_additional_job() {
        let drawn = memory(&vec![(1, Ok(1024.0 * 1024.0)), (101, Ok(101.0 * 1024.0 * 1024.0))]);
        assert_eq!(drawn.says, "From 1 to 101 running jobs, each job adds 1024 KiB on average.");
    }
}
