//! The figures as a person reads them: a table on the terminal, a page and pictures in the manual.

use std::fmt::{self, Write as _};
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::contender::Contender;
use crate::throughput::Comparison;
use crate::workload::Workload;
use crate::{latency, memory};

/// All that was measured.
#[derive(Default)]
pub struct Report {
    throughput: Vec<Comparison>,
    latency: Vec<(Contender, latency::Figures)>,
    memory: Vec<(Contender, memory::Figures)>,
    start: Vec<(Contender, f64)>,
    reload: Option<f64>,
}

impl Report {
    /// Takes one comparison in.
    pub fn throughput(&mut self, comparison: Comparison) {
        self.throughput.push(comparison);
    }

    /// Takes the latencies in.
    pub fn latency(&mut self, figures: Vec<(Contender, latency::Figures)>) {
        self.latency = figures;
    }

    /// Takes the memory in.
    pub fn memory(&mut self, figures: Vec<(Contender, memory::Figures)>) {
        self.memory = figures;
    }

    /// Takes the start-up times in.
    pub fn start(&mut self, figures: Vec<(Contender, f64)>) {
        self.start = figures;
    }

    /// Takes the time of a reload in.
    pub fn reload(&mut self, milliseconds: f64) {
        self.reload = Some(milliseconds);
    }

    /// Says by how much Toril misses a bar of no-op jobs a second at concurrency 100. None: it does not.
    pub fn missed(&self, against: Contender, bar: f64) -> Option<String> {
        let is_it = |one: &&Comparison| one.workload == Workload::Noop && one.concurrency == 100 && one.queues == 1;
        let comparison = self.throughput.iter().find(is_it)?;
        let rate = |which| comparison.figures.iter().find(|(one, _)| *one == which).map(|(_, figures)| figures.rate);
        let ratio = rate(Contender::Toril)? / rate(against)?;
        (ratio < bar).then(|| format!("{ratio:.2} of {}, and {bar} is the least", against.title()))
    }

    /// Writes the page and its pictures.
    pub fn write(&self, folder: &Path) -> Result<()> {
        let write = |name: &str, text: String| {
            let path = folder.join(name);
            fs::write(&path, text).with_context(|| format!("could not write {}", path.display()))
        };
        fs::create_dir_all(folder.join("performance")).context("could not make the folder of the pictures")?;
        let mut page = String::from(HEAD);
        let _ = writeln!(page, "{}\n", machine());
        for (at, comparison) in self.throughput.iter().enumerate() {
            let name = format!("performance/throughput-{at}.svg");
            let bars: Vec<_> = comparison.figures.iter().map(|(one, figures)| (one.title(), figures.rate)).collect();
            write(&name, bars_svg(&title(comparison), &bars))?;
            let _ = writeln!(page, "## {}\n\n![jobs a second]({name})\n\n{}", title(comparison), table(comparison));
        }
        let _ = write!(page, "{}", self.rest());
        write("performance.md", page)
    }

    /// Everything but the throughput, as tables.
    fn rest(&self) -> String {
        let mut text = String::new();
        if !self.latency.is_empty() {
            text += "## Latency\n\nFrom adding a no-op job to hearing that it has completed, one at a time.\n\n";
            text += "| | p50 | p99 |\n| --- | ---: | ---: |\n";
            for (one, figures) in &self.latency {
                let _ = writeln!(text, "| {} | {:.2} ms | {:.2} ms |", one.title(), figures.p50, figures.p99);
            }
        }
        if !self.memory.is_empty() {
            text += "\n## Memory\n\nOf the worker and its children, what they share counted once.\n\n";
            text += "| | at rest | 100 jobs running |\n| --- | ---: | ---: |\n";
            for (one, figures) in &self.memory {
                let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
                let (rest, running) = (mib(figures.rest), mib(figures.running));
                let _ = writeln!(text, "| {} | {rest:.0} MiB | {running:.0} MiB |", one.title());
            }
        }
        if !self.start.is_empty() {
            text += "\n## Start\n\nFrom starting the process to the end of its first job; artifact cache warm.\n\n";
            text += "| | |\n| --- | ---: |\n";
            for (one, milliseconds) in &self.start {
                let _ = writeln!(text, "| {} | {milliseconds:.0} ms |", one.title());
            }
        }
        if let Some(milliseconds) = self.reload {
            let _ = writeln!(
                text,
                "\nFrom a plugin's new file to the end of the first job on it, artifact cache warm: {milliseconds:.0} ms."
            );
        }
        text
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for comparison in &self.throughput {
            writeln!(f, "## {}\n\n{}", title(comparison), table(comparison))?;
        }
        f.write_str(&self.rest())
    }
}

const HEAD: &str = "# Performance

Made by `cargo xtask bench --out docs`: all of them in one run, on one private Redis, with the same jobs, taking turns. The
ratios are what counts; another machine has other figures.

";

fn title(comparison: &Comparison) -> String {
    let Comparison { workload, concurrency, queues, .. } = comparison;
    let queues = if *queues == 1 { String::new() } else { format!(" in each of {queues} queues") };
    format!("{}, {concurrency} at a time{queues}", workload.title())
}

fn table(comparison: &Comparison) -> String {
    let own = comparison.figures.iter().find(|(one, _)| *one == Contender::Toril).map_or(0.0, |(_, own)| own.rate);
    let mut text = format!(
        "| median of {} | jobs/s | Toril is | processor a job | Redis a job |\n| --- | ---: | ---: | ---: | ---: |\n",
        comparison.rounds
    );
    for (one, figures) in &comparison.figures {
        let _ = writeln!(
            text,
            "| {} | {:.0} | {:.2} × | {:.0} µs | {:.0} µs |",
            one.title(),
            figures.rate,
            own / figures.rate,
            figures.processor,
            figures.redis
        );
    }
    text
}

/// What it ran on.
fn machine() -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": ").map(|(_, name)| name));
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let said = |program: &str, argument: &str| {
        let output = Command::new(program).arg(argument).output().ok();
        output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
    };
    format!(
        "{} of {}; Toril {}; Node {}; {}; {}.",
        if cores == 1 { "1 core".to_owned() } else { format!("{cores} cores") },
        model.unwrap_or("a processor without a name"),
        env!("CARGO_PKG_VERSION"),
        said("node", "--version"),
        said("rustc", "--version"),
        said("date", "+%Y-%m-%d"),
    )
}

/// Horizontal bars, the longest over the whole width.
fn bars_svg(title: &str, bars: &[(&str, f64)]) -> String {
    const ROW: usize = 26;
    const LEFT: usize = 170;
    const WIDTH: f64 = 380.0;
    let most = bars.iter().map(|(_, value)| *value).fold(1.0, f64::max);
    let height = ROW * bars.len() + 34;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 640 {height}\" font-family=\"sans-serif\" font-size=\"13\" role=\"img\">\n\
         <title>{title}: jobs a second</title>\n<rect width=\"640\" height=\"{height}\" fill=\"#fff\"/>\n\
         <text x=\"10\" y=\"20\" font-weight=\"bold\">{title}: jobs a second</text>\n"
    );
    for (row, (name, value)) in bars.iter().enumerate() {
        let (y, length) = (32 + row * ROW, value / most * WIDTH);
        let fill = if row == 0 { "#b5452c" } else { "#8a8f98" };
        let text = y + 15;
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{text}\" text-anchor=\"end\">{name}</text><rect x=\"{LEFT}\" y=\"{y}\" width=\"{length:.0}\" height=\"20\" fill=\"{fill}\"/><text x=\"{:.0}\" y=\"{text}\">{value:.0}</text>",
            LEFT - 8,
            LEFT as f64 + length + 6.0,
        );
    }
    svg + "</svg>\n"
}
