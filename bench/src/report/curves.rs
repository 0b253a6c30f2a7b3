//! The curves of scaling, and what they show: said from the figures, since each machine has its own knee.

use super::machine::processors;
use super::tables::{cell, mib, points};
use crate::chart;
use crate::rounds::Measured;
use crate::scaling::Curve;
use crate::turn::Figures;

/// A share of the most that is nearly all of it.
const NEARLY: f64 = 0.9;
/// A share of what there is that is as good as all of it.
const FULL: f64 = 0.85;

/// One curve of the page.
pub struct Drawn {
    /// The picture.
    pub svg: String,
    /// The table.
    pub table: String,
    /// What it shows.
    pub says: String,
}

/// A curve of jobs a second. `noun`: what there is more of. `servers`: how many Redis servers a point has.
pub fn throughput(curve: &Curve<Figures>, noun: &str, servers: impl Fn(usize) -> usize) -> Drawn {
    let seen = seen(curve, |figures| figures.rate);
    let columns = |figures: &Measured<Figures>| {
        let shares = |of: fn(&Figures) -> f64| cell(figures, |one| format!("{:.2}", taken(one, of)));
        vec![cell(figures, |one| format!("{:.0}", one.rate)), shares(|one| one.processor), shares(|one| one.redis)]
    };
    let head = [noun, "jobs/s", "processors of the hosts", "processors of Redis"];
    let says = knee(&seen).map(|knee| {
        let figures = curve.iter().find(|(at, _)| *at == knee.best).and_then(|(_, figures)| figures.as_ref().ok());
        format!(
            "{} {}",
            knee.told(noun),
            figures.map_or(String::new(), |one| why(one, servers(knee.best), processors()))
        )
    });
    Drawn {
        svg: chart::line(&format!("no-op jobs a second by {noun}"), noun, &floats(&seen)),
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
        format!("From {} to {} running jobs each takes {each:.0} KiB more, on average.", first.0, last.0)
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

/// Processors that a turn's jobs kept busy, by the microseconds that a job takes of them.
fn taken(figures: &Figures, micros: fn(&Figures) -> f64) -> f64 {
    micros(figures) * figures.rate / 1e6
}

#[derive(Debug, PartialEq)]
struct Knee {
    /// Where the most is.
    best: usize,
    /// How much that is.
    most: f64,
    /// From where on it is nearly the most.
    enough: usize,
}

impl Knee {
    fn told(&self, noun: &str) -> String {
        let Self { best, most, enough } = self;
        // All of them end in an s.
        let noun = if *best == 1 { noun.trim_end_matches('s') } else { noun };
        let most = format!("The most is {most:.0} jobs/s, at {best} {noun}.");
        if enough == best {
            most
        } else {
            format!("{most} It is nine tenths of that from {enough} on: there is the knee.")
        }
    }
}

fn knee(points: &[(usize, f64)]) -> Option<Knee> {
    let (best, most) = *points.iter().max_by(|one, other| one.1.total_cmp(&other.1))?;
    let (enough, _) = *points.iter().find(|(_, value)| *value >= most * NEARLY)?;
    Some(Knee { best, most, enough })
}

/// What keeps it from being more, by who is busy.
fn why(figures: &Figures, servers: usize, machine: usize) -> String {
    let (hosts, redis) = (taken(figures, |one| one.processor), taken(figures, |one| one.redis));
    let busy = format!("There the hosts keep {hosts:.1} and Redis {redis:.1} of {machine} processors busy");
    if redis >= FULL * servers as f64 {
        format!("{busy}: Redis, which takes one processor a server, is full.")
    } else if hosts + redis >= FULL * machine as f64 {
        format!("{busy}: the machine is full, and on a larger one the curve goes on.")
    } else {
        format!("{busy}: neither is full, the rest is waiting or goes to other programs.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rounds::Missing;

    #[test]
    fn the_knee_is_where_nine_tenths_of_the_most_are_reached() {
        let points = [(1, 50.0), (2, 95.0), (5, 100.0), (10, 70.0)];
        assert_eq!(knee(&points), Some(Knee { best: 5, most: 100.0, enough: 2 }));
        assert_eq!(knee(&[]), None);
    }

    #[test]
    fn the_knee_is_told_in_words() {
        let told = |best, enough| Knee { best, most: 9.0, enough }.told("hosts");
        assert_eq!(told(1, 1), "The most is 9 jobs/s, at 1 host.");
        let expected = "The most is 9 jobs/s, at 3 hosts. It is nine tenths of that from 2 on: there is the knee.";
        assert_eq!(told(3, 2), expected);
    }

    #[test]
    fn what_is_busy_says_why_it_is_no_more() {
        let at = |processor, redis| Figures { rate: 10_000.0, processor, redis };
        assert!(why(&at(20.0, 90.0), 1, 4).ends_with("is full."));
        assert!(why(&at(150.0, 40.0), 1, 2).contains("the machine is full"));
        assert!(why(&at(50.0, 40.0), 1, 4).contains("neither is full"));
        // Two servers have two processors.
        assert!(why(&at(20.0, 90.0), 2, 4).contains("neither is full"));
    }

    #[test]
    fn a_point_without_a_figure_is_in_the_table_and_not_in_the_picture() {
        let curve = vec![(1, Ok(Figures { rate: 10.0, ..Figures::default() })), (2, Err(Missing::Failed))];
        let drawn = throughput(&curve, "hosts", |_| 1);
        assert!(drawn.table.contains("| 2 | failed | failed | failed |"), "{}", drawn.table);
        assert_eq!(drawn.svg.matches("<circle").count(), 1);
    }

    #[test]
    fn memory_is_told_for_each_further_job() {
        let drawn = memory(&vec![(1, Ok(1024.0 * 1024.0)), (101, Ok(101.0 * 1024.0 * 1024.0))]);
        assert_eq!(drawn.says, "From 1 to 101 running jobs each takes 1024 KiB more, on average.");
    }
}
