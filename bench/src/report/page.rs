//! The page's text.

use super::curves::{self, Drawn};
use super::{Report, machine, tables};
use crate::bars::Bar;
use crate::chart;
use crate::contender::{ALL, Contender};
use crate::measured::Measurements;

const HEAD: &str = "# Performance

What does the sandbox cost? This page compares Toril, which gives every job a pen of its own, with what one would take
instead. It is made by `cargo xtask bench --out docs`. The ratios are what counts: another machine has other figures.

";

const HOW: &str = "## How it is measured

- Everything runs on one machine: Redis without its append-only file, one worker at a time, and the program that adds the
  jobs and counts them.
- All workers get the same jobs, take turns, and have several turns each. The medians count.
- Before a turn counts, the worker runs jobs that do not: its child processes have been started, and its compilers have
  seen the code. Then a paused queue is filled with as many jobs as take about a second, and is resumed. The turn lasts from
  the first claim to the last end, as the jobs' own times tell. Every job must have completed, and on its first attempt.
- “1 ms of arithmetic” is what compiled code does in about that time. An engine that only interprets takes much longer.
- Processor time is what Linux accounts to the worker and its children, and Redis to itself.
- “did not end” stands for a worker that was not done within two minutes.

";

const PENS: &str = "## What the pen costs

Each attempt has a new instance of its plugin, with memory that no other job has seen. The native closure is the same
work without one: BullMQ's Rust worker, which runs jobs in its own process. Toril claims and settles many jobs in one call,
which it does not, so that the difference may be less than nothing. A plugin in TypeScript or Python brings an engine
along, and a new instance of it is what its jobs pay most for: take it for jobs that wait or work for milliseconds, and
Rust for those that are many and small. `isolation = \"reuse\"` spares it, and says what that gives away in
[security.md](security.md#what-reuse-gives-away).

";

const LATENCY: &str = "## Latency

From adding a no-op job to hearing that it has completed, one job at a time, 10 ms after the one before.

";

const MEMORY: &str = "## Memory

Of the worker and its children; what they share is counted once. At rest there has been no job yet. With 100 jobs running,
each of them sleeps.

";

const START: &str = "## Start

From starting the process to the end of a job that was there before. A plugin has been compiled before, and comes
from the artifact cache; the first time, compiling takes up to a second for Rust and up to half a minute for the others.

";

const IDLE: &str = "## Nothing to do

A worker with ten empty queues, over ten seconds, in hundredths of a processor.

";

const SCALING: &str = "## Scaling

Toril with the Rust plugin and no-op jobs, which show best what Toril and Redis themselves can do: jobs that do something
reach the machine's end sooner, and Redis' later. More jobs a second are to be expected until the machine's processors
are busy, or one server of Redis is, which works with one of them. Hosts and Redis share one machine here; on machines of
their own each has more.
";

const AGAIN: &str = "## Measure it yourself

    cargo xtask bench                                       # everything, in some 25 minutes
    cargo xtask bench --short                               # the ratios of the first comparison, in a few minutes
    cargo xtask bench --workload http --only toril --only node
    cargo xtask bench --part scaling --rounds 1

A bar that is missed makes the command fail, and is named with by how much. `--out DIR` writes this page.
";

/// Writes the page.
pub fn written(all: &Measurements, bars: &[Bar]) -> Report {
    let mut page = Report { text: String::from(HEAD), pictures: Vec::new() };
    page.text += &format!("{}\n\n", machine::described());
    if !bars.is_empty() {
        page.text += "## What is wanted\n\nFigures of Toril with the Rust plugin.\n\n";
        page.text += &tables::bars(bars);
    }
    page.text += HOW;
    page.text += "## Who is compared\n\n";
    page.text += &tables::contenders(ALL);
    throughput(&mut page, all);
    section(&mut page, PENS, tables::pens(all));
    section(&mut page, LATENCY, shown(&all.latency, tables::latency));
    section(&mut page, MEMORY, shown(&all.memory, tables::memory));
    section(&mut page, START, shown(&all.start, |all| tables::single("", all, |ms| format!("{ms:.0} ms"))));
    if let Some(took) = &all.reload {
        let took = tables::cell(took, |ms| format!("{ms:.0} ms"));
        let from = "From a plugin's new file to the end of the first job on it, with a warm artifact cache";
        page.text += &format!("## Reload\n\n{from}: {took}.\n\n");
    }
    section(&mut page, IDLE, shown(&all.idle, |all| tables::single("", all, |percent| format!("{percent:.2} %"))));
    scaling(&mut page, all);
    page.text += AGAIN;
    page
}

fn section(page: &mut Report, text: &str, table: Option<String>) {
    if let Some(table) = table {
        page.text += text;
        page.text += &table;
    }
}

fn shown<T>(figures: &[T], table: impl Fn(&[T]) -> String) -> Option<String> {
    (!figures.is_empty()).then(|| table(figures))
}

fn throughput(page: &mut Report, all: &Measurements) {
    for comparison in &all.throughput {
        let title = comparison.case.title();
        page.text += &format!("## Jobs a second: {title}\n\n");
        let rows: Vec<_> = comparison.figures.iter().map(|(one, figures)| bar(*one, figures)).collect();
        let picture = chart::bars(&format!("{title}: jobs a second"), &rows);
        page.picture(&comparison.case.name(), "jobs a second", picture);
        page.text += &tables::throughput(comparison);
    }
}

fn bar(
    one: Contender,
    figures: &crate::rounds::Measured<crate::turn::Figures>,
) -> (&'static str, bool, crate::rounds::Measured<f64>) {
    (one.title, one.is_toril(), figures.map(|figures| figures.rate))
}

fn scaling(page: &mut Report, all: &Measurements) {
    let mut curves: Vec<(&str, &str, &str, Drawn)> = Vec::new();
    if !all.queues.is_empty() {
        let about = "One host; 100 jobs at a time in all, shared out among the queues.";
        curves.push(("By queues", "scaling-queues", about, curves::throughput(&all.queues, "queues", |_| 1)));
    }
    if !all.hosts.is_empty() {
        let about = "One queue; each host takes 100 jobs at a time.";
        curves.push(("By hosts", "scaling-hosts", about, curves::throughput(&all.hosts, "hosts", |_| 1)));
    }
    if !all.shards.is_empty() {
        let about = "A Redis Cluster of three masters. A queue on each of so many of them, and a host for each queue with \
                     100 jobs at a time.";
        curves.push((
            "By masters of a cluster",
            "scaling-shards",
            about,
            curves::throughput(&all.shards, "masters", |n| n),
        ));
    }
    if !all.pens.is_empty() {
        let about = "One host, whose jobs sleep: its memory while so many of them run.";
        curves.push(("Memory by jobs at once", "scaling-memory", about, curves::memory(&all.pens)));
    }
    if !curves.is_empty() {
        page.text += SCALING;
        page.text += &format!("The curves are of a machine with {}.\n\n", machine::counted());
    }
    for (title, name, about, drawn) in curves {
        page.text += &format!("### {title}\n\n{about}\n\n");
        page.picture(name, title, drawn.svg);
        page.text += &format!("{}{}\n\n", drawn.table, drawn.says.trim());
    }
}
