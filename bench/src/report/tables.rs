//! The tables.

use std::fmt::{Display, Write as _};

use crate::chart::number;
use crate::contender::{CHILDREN, COMPUTING_JS, Contender, DATABASE_NODE, NATIVE, NODE, TORIL, TORIL_JS};
use crate::measured::Measurements;
use crate::rounds::Measured;
use crate::targets::Target;
use crate::throughput::{Case, Comparison};
use crate::turn::Figures;
use crate::{build, database, latency, memory};

/// A table from its head, its number of leading text columns, and its rows.
pub fn table(head: &[&str], texts: usize, rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let rule = (0..head.len()).map(|column| if column < texts { "---" } else { "---:" }.to_owned()).collect();
    let head = head.iter().map(|name| (*name).to_owned()).collect();
    let mut text = String::new();
    for row in [head, rule].into_iter().chain(rows) {
        let _ = writeln!(text, "| {} |", row.join(" | "));
    }
    text + "\n"
}

/// A number, or why it is missing.
pub fn cell<T>(figure: &Measured<T>, shown: impl Fn(&T) -> String) -> String {
    figure.as_ref().map_or_else(ToString::to_string, shown)
}

/// The targets.
pub fn targets(targets: &[Target]) -> String {
    let row = |target: &Target| {
        let verdict = target.missed.as_ref().map_or("met".to_owned(), |by| format!("**missed**, {by}"));
        vec![target.what.clone(), target.least.clone(), target.aim.clone(), target.is.clone(), verdict]
    };
    table(&["", "least", "aim", "measured", ""], 5, targets.iter().map(row))
}

/// The contenders.
pub fn contenders(all: &[Contender]) -> String {
    table(&["", "", "`--only`"], 3, all.iter().map(|one| vec![one.title.into(), one.about.into(), one.key.into()]))
}

/// Jobs per second, and the processor time of a job.
pub fn throughput(comparison: &Comparison) -> String {
    let own = [TORIL_JS, TORIL].map(|own| comparison.of(own).and_then(Result::ok));
    let head = format!("median of {}", comparison.rounds);
    let row = |(one, figures): &(Contender, Measured<Figures>)| {
        let ratios = own.map(|own| times(own.zip(figures.ok()).map(|(own, other)| own.rate / other.rate)));
        let [typescript, rust] = ratios;
        vec![
            one.title.to_owned(),
            cell(figures, |one| number(one.rate)),
            typescript,
            rust,
            cell(figures, |one| micros(one.processor)),
            cell(figures, |one| micros(one.redis)),
        ]
    };
    let (typescript, rust) = ("TypeScript plugin relative to this", "Rust plugin relative to this");
    let head = [&head, "jobs/s", typescript, rust, "processor per job", "Redis per job"];
    table(&head, 1, comparison.figures.iter().map(row))
}

fn times(ratio: Option<f64>) -> String {
    ratio.map(|ratio| format!("{ratio:.2} ×")).unwrap_or_default()
}

/// What a computation costs in TypeScript, next to Node.
pub fn computation(comparisons: &[Comparison]) -> String {
    let row = |comparison: &Comparison| {
        let processor = |which| {
            let figures = comparison.of(which);
            figures.map(|figures| cell(&figures, |one| micros(one.processor))).unwrap_or_default()
        };
        let ratio = |other, of: fn(&Figures) -> f64| {
            let (own, other) = (comparison.of(COMPUTING_JS)?.ok()?, comparison.of(other)?.ok()?);
            Some(of(&own) / of(&other))
        };
        vec![
            comparison.case.workload.title().to_owned(),
            processor(COMPUTING_JS),
            processor(NODE),
            times(ratio(NODE, |one| one.processor)),
            times(ratio(NODE, |one| one.rate)),
            times(ratio(CHILDREN, |one| one.rate)),
            processor(TORIL),
        ]
    };
    let head = [
        "",
        "processor per job, TypeScript plugin",
        "processor per job, Node in process",
        "processor relative to Node in process",
        "jobs/s relative to Node in process",
        "jobs/s relative to Node child processes",
        "processor per job, Rust plugin",
    ];
    table(&head, 1, comparisons.iter().map(row))
}

/// Jobs per second with one insert each, and what they cost.
pub fn database(comparison: &database::Comparison) -> String {
    let node = comparison.of(DATABASE_NODE).and_then(Result::ok);
    let row = |(one, figures): &(Contender, Measured<database::Figures>)| {
        vec![
            one.title.to_owned(),
            cell(figures, |one| number(one.turn.rate)),
            times(figures.ok().zip(node).map(|(own, node)| own.turn.rate / node.turn.rate)),
            cell(figures, |one| micros(one.turn.processor)),
            cell(figures, |one| micros(one.turn.redis)),
            cell(figures, |one| micros(one.postgres)),
            cell(figures, |one| format!("{:.0}", one.connections)),
        ]
    };
    let head = format!("median of {}", comparison.rounds);
    let head = [
        &head,
        "jobs/s",
        "relative to Node in process",
        "processor per job",
        "Redis per job",
        "PostgreSQL per job",
        "connections on the server",
    ];
    table(&head, 1, comparison.figures.iter().map(row))
}

/// Times and size of a plugin in TypeScript.
pub fn build(figures: &build::Figures) -> String {
    let row = |what: &str, is: String| vec![what.to_owned(), is];
    let rows = [
        row("`toril plugin build`, warm", cell(&figures.build, |ms| format!("{ms:.0} ms"))),
        row(
            "from an edit to the first job, under `toril dev --project`",
            cell(&figures.edit, |ms| format!("{ms:.0} ms")),
        ),
        row("component", cell(&figures.size, |bytes| format!("{:.0} KB", bytes / 1000.0))),
    ];
    table(&["", ""], 1, rows)
}

/// Microseconds, or milliseconds from 10 ms on.
fn micros(micros: f64) -> String {
    if micros < 10_000.0 { format!("{micros:.0} µs") } else { format!("{:.0} ms", micros / 1000.0) }
}

/// The cost of a pen: the additional processor time of a no-op job over the same worker without pens, and memory.
/// `None` if too little was measured.
pub fn pens(all: &Measurements) -> Option<String> {
    let comparison = all.throughput.iter().find(|one| one.case == Case::WITH_TARGETS)?;
    let processor = |which: Contender| {
        let (_, figures) = comparison.figures.iter().find(|(one, _)| *one == which)?;
        figures.ok().map(|figures| figures.processor)
    };
    let native = processor(NATIVE)?;
    let running = |which: Contender| {
        let (_, figures) = all.memory.iter().find(|(one, _)| *one == which)?;
        figures.ok().map(|figures| figures.running.saturating_sub(figures.rest) as f64 / memory::RUNNING as f64)
    };
    let row = |(one, figures): &(Contender, Measured<Figures>)| {
        let memory = running(*one).map(|bytes| format!("{:.0} KiB", bytes / 1024.0));
        vec![
            one.title.to_owned(),
            cell(figures, |one| micros(one.processor)),
            cell(figures, |one| format!("{:+.0} µs", one.processor - native)),
            memory.unwrap_or_default(),
        ]
    };
    let hosts = comparison.figures.iter().filter(|(one, _)| one.is_toril() || *one == NATIVE);
    let head = ["", "processor per no-op job", "relative to the native closure", "memory per running job"];
    Some(table(&head, 1, hosts.map(row)))
}

/// From adding a job to its completion.
pub fn latency(figures: &[(Contender, Measured<latency::Figures>)]) -> String {
    let row = |(one, figures): &(Contender, Measured<latency::Figures>)| {
        let ms = |of: fn(&latency::Figures) -> f64| cell(figures, |one| format!("{:.2} ms", of(one)));
        vec![one.title.to_owned(), ms(|one| one.p50), ms(|one| one.p99)]
    };
    table(&["", "p50", "p99"], 1, figures.iter().map(row))
}

/// Memory, idle and with running jobs.
pub fn memory(figures: &[(Contender, Measured<memory::Figures>)]) -> String {
    let row = |(one, figures): &(Contender, Measured<memory::Figures>)| {
        let size = |of: fn(&memory::Figures) -> u64| cell(figures, |one| mib(of(one) as f64));
        vec![one.title.to_owned(), size(|one| one.rest), size(|one| one.running)]
    };
    table(&["", "idle", "100 running jobs"], 1, figures.iter().map(row))
}

/// Bytes as MiB.
pub fn mib(bytes: f64) -> String {
    format!("{:.0} MiB", bytes / f64::from(1 << 20))
}

/// One number for each contender.
pub fn single(name: &str, figures: &[(Contender, Measured<f64>)], shown: impl Fn(&f64) -> String) -> String {
    let rows = figures.iter().map(|(one, figure)| vec![one.title.to_owned(), cell(figure, &shown)]);
    table(&["", name], 1, rows)
}

/// The points of a curve.
pub fn points<K: Display, T>(
    head: &[&str],
    points: &[(K, Measured<T>)],
    columns: impl Fn(&Measured<T>) -> Vec<String>,
) -> String {
    table(head, 0, points.iter().map(|(at, figure)| [vec![at.to_string()], columns(figure)].concat()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rounds::Missing;

    fn comparison(figures: Vec<(Contender, Measured<Figures>)>) -> Comparison {
        Comparison { case: Case::WITH_TARGETS, rounds: 5, figures }
    }

    #[test]
    fn a_contender_that_did_not_finish_shows_that_in_place_of_its_figures() {
        let figures = Figures { rate: 100.0, processor: 12_000.0, redis: 30.0 };
        let text = throughput(&comparison(vec![(TORIL, Ok(figures)), (NATIVE, Err(Missing::DidNotFinish))]));
        let expected = "| median of 5 | jobs/s | TypeScript plugin relative to this | Rust plugin relative to this | \
                        processor per job | Redis per job |\n\
                        | --- | ---: | ---: | ---: | ---: | ---: |\n\
                        | Toril, Rust plugin | 100 |  | 1.00 × | 12 ms | 30 µs |\n\
                        | Rust, native closure | did not finish |  |  | did not finish | did not finish |\n\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_computation_is_relative_to_node() {
        let of = |rate, processor| Ok(Figures { rate, processor, ..Figures::default() });
        let figures = vec![(COMPUTING_JS, of(50.0, 900.0)), (NODE, of(100.0, 300.0)), (CHILDREN, Err(Missing::Failed))];
        let text = computation(&[Comparison { case: Case::COMPUTE[0], rounds: 1, figures }]);
        let row = "| JSON: 64 KiB of orders to totals | 900 µs | 300 µs | 3.00 × | 0.50 × |  |  |";
        assert!(text.contains(row), "{text}");
    }

    #[test]
    fn inserts_show_what_they_cost_the_worker_and_the_servers() {
        let turn = Figures { rate: 3000.0, processor: 250.0, redis: 30.0 };
        let figures = Ok(database::Figures { turn, postgres: 90.0, connections: 10.0 });
        let text = database(&database::Comparison { rounds: 3, figures: vec![(DATABASE_NODE, figures)] });
        let row = "| Node, in process | 3000 | 1.00 × | 250 µs | 30 µs | 90 µs | 10 |";
        assert!(text.contains(row), "{text}");
    }

    #[test]
    fn the_cost_of_a_pen_is_relative_to_the_native_closure() {
        let of = |processor| Ok(Figures { processor, ..Figures::default() });
        let all = Measurements {
            throughput: vec![comparison(vec![(TORIL, of(60.0)), (NATIVE, of(24.0))])],
            memory: vec![(TORIL, Ok(memory::Figures { rest: 0, running: 100 * 64 * 1024 }))],
            ..Measurements::default()
        };
        let text = pens(&all).unwrap();
        assert!(text.contains("| Toril, Rust plugin | 60 µs | +36 µs | 64 KiB |"), "{text}");
        assert!(text.contains("| Rust, native closure | 24 µs | +0 µs |  |"), "{text}");
    }
}
