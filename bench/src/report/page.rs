//! The page's text.

use super::curves::{self, Drawn};
use super::{Report, machine, tables};
use crate::chart;
use crate::contender::{ALL, Contender};
use crate::measured::Measurements;
use crate::targets::Targets;

const HEAD: &str = "# Performance

What does the sandbox cost? This page compares Toril, which gives every job its own pen, with BullMQ's own workers.
`cargo xtask bench --out docs` writes it. Only the ratios matter, because the figures differ on each machine.

";

const HOW: &str = "## Method

- Everything runs on one machine: Redis without its append-only file, one worker at a time, and the benchmark program.
- All workers process the same jobs. They take turns, and each has several turns. The medians count.
- Each turn begins with warm-up jobs that do not count. They start all child processes, and let compilers see the code.
  Then the program fills a paused queue with as many jobs as take about a second, and resumes it. A turn lasts from the
  first claim to the last end, by the timestamps of the jobs. Every job must complete on its first attempt.
- “1 ms of arithmetic” takes compiled code about 1 ms. An interpreter takes much longer.
- Processor time is measured by Linux for a worker and its children, and by Redis for itself.
- “did not finish” means that a worker did not finish its turn within two minutes.

";

const COMPUTE: &str = "## Computation in TypeScript

The same TypeScript source runs in the plugin and in Node, at a concurrency of 10. Node compiles JavaScript to machine
code. The engine of a plugin interprets it. Only JSON, hashing and encodings are compiled code there. So a plugin needs
more processor time than Node for code that computes: “processor relative to Node” is how many times as much. Node in
process uses one processor, and a Toril host uses all of them, so the ratio of jobs per second is better on a machine with
more processors. For jobs that compute for more than a few milliseconds, write the plugin in Rust.

";

const DATABASE: &str = "## One insert into PostgreSQL

10,000 jobs, 100 at a time. Each inserts one row with two parameters, in a transaction of its own, through a pool of 10
connections. The plugin in TypeScript and the worker in Node run the same source with the package `pg`. In Node, the
connections belong to the worker. In Toril they belong to the host. PostgreSQL 18 runs on the same machine without TLS
and with `fsync = off`, so that the disk does not hide the difference.

";

const BUILD: &str = "## Build

Of a project with one TypeScript file, without the type check, in a folder where `npm install` has run. The times are from
a change to the end of the command, and to the end of the first job on the new version. The second includes a run of
`toril add --wait`.

";

const PENS: &str = "## Cost of a pen

Each attempt runs in a new instance of its plugin, with memory that no other job has used. The native closure does the
same work without a pen: BullMQ's Rust worker runs jobs in its own process. The difference can be negative, because
Toril claims and finishes many jobs in one call, and the native worker does not. A plugin in TypeScript or Python contains an
engine, and starting a new instance of it is most of the cost. `isolation = \"reuse\"` avoids the cost of new instances.
[security.md](security.md#what-reuse-gives-away) lists its risks.

";

const LATENCY: &str = "## Latency

Time from adding a no-op job to its event `completed`, one job at a time, 10 ms after the previous one.

";

const MEMORY: &str = "## Memory

Memory of the worker and its children. Shared pages count once. An idle worker has run no job yet. Running jobs sleep.

";

const START: &str = "## Start

Time from starting the process to the end of a job that was waiting. The plugins come from the artifact cache. Compiling
one for the first time takes up to 1 s for Rust and up to 30 s for the other languages.

";

const IDLE: &str = "## Idle

Processor use of a worker with ten empty queues over ten seconds, as a percentage of one processor.

";

const SCALING: &str = "## Scaling

These are figures of the Rust plugin with no-op jobs, which show the limits of Toril and Redis themselves. Larger jobs
reach the limit of the machine earlier, and the limit of Redis later. Throughput grows until all processors of the machine are
in use, or a Redis server uses its one processor fully. Hosts and Redis share one machine here. They reach more on
separate machines.
";

const AGAIN: &str = "## Measure it yourself

    cargo xtask bench                                       # everything, in about 35 minutes
    cargo xtask bench --short                               # the ratios of the first comparison, in a few minutes
    cargo xtask bench --workload http --only toril --only node
    cargo xtask bench --part scaling --rounds 1
    cargo xtask bench --part database
    cargo xtask bench --part compute --part build --only toril-js --only node

The command fails if a target is missed, and prints by how much. `--out DIR` writes this page.
";

/// Writes the page.
pub fn written(all: &Measurements, targets: &Targets) -> Report {
    let mut page = Report { text: String::from(HEAD), pictures: Vec::new() };
    page.text += &format!("{}\n\n", machine::described());
    let titles =
        [("## TypeScript targets\n\n", &targets.typescript), ("## Targets of the Rust plugin\n\n", &targets.rust)];
    for (title, targets) in titles {
        section(&mut page, title, shown(targets, tables::targets));
    }
    page.text += HOW;
    page.text += "## Contenders\n\n";
    page.text += &tables::contenders(ALL);
    throughput(&mut page, all);
    section(&mut page, COMPUTE, shown(&all.compute, tables::computation));
    section(&mut page, DATABASE, all.database.as_ref().map(tables::database));
    section(&mut page, BUILD, all.build.as_ref().map(tables::build));
    section(&mut page, PENS, tables::pens(all));
    section(&mut page, LATENCY, shown(&all.latency, tables::latency));
    section(&mut page, MEMORY, shown(&all.memory, tables::memory));
    section(&mut page, START, shown(&all.start, |all| tables::single("", all, |ms| format!("{ms:.0} ms"))));
    if let Some(took) = &all.reload {
        let took = tables::cell(took, |ms| format!("{ms:.0} ms"));
        let from = "Time from a plugin's new file to the end of the first job on it, with a warm artifact cache";
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
        page.text += &format!("## Throughput: {title}\n\n");
        let rows: Vec<_> = comparison.figures.iter().map(|(one, figures)| bar(*one, figures)).collect();
        let picture = chart::bars(&format!("{title}: jobs per second"), &rows);
        page.picture(&comparison.case.name(), "throughput in jobs per second", picture);
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
        let about = "One host with a total concurrency of 100, divided among the queues.";
        curves.push(("By queues", "scaling-queues", about, curves::throughput(&all.queues, "queues", |_| 1)));
    }
    if !all.hosts.is_empty() {
        let about = "One queue. Each host has a concurrency of 100.";
        curves.push(("By hosts", "scaling-hosts", about, curves::throughput(&all.hosts, "hosts", |_| 1)));
    }
    if !all.shards.is_empty() {
        let about = "A Redis Cluster of three masters. Each master in use has one queue, and each queue has one host with a \
                     concurrency of 100.";
        curves.push((
            "By masters of a cluster",
            "scaling-shards",
            about,
            curves::throughput(&all.shards, "masters", |n| n),
        ));
    }
    if !all.pens.is_empty() {
        let about = "Memory of one host whose jobs sleep, by the number of running jobs.";
        curves.push(("Memory by running jobs", "scaling-memory", about, curves::memory(&all.pens)));
    }
    if !curves.is_empty() {
        page.text += SCALING;
        page.text += &format!("The curves were measured on a machine with {}.\n\n", machine::counted());
    }
    for (title, name, about, drawn) in curves {
        page.text += &format!("### {title}\n\n{about}\n\n");
        page.picture(name, title, drawn.svg);
        page.text += &format!("{}{}\n\n", drawn.table, drawn.says.trim());
    }
}
