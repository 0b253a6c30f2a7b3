//! The long version of `tests/faults.rs`: rounds of every fault, each alone and all of them mixed, until the time is over.
//!
//!     toril-soak [--minutes N] [--seed N] [--jobs N] [--only WORD] [--out FOLDER]
//!
//! prints the table, and writes it into FOLDER/reliability.md where that is asked for. Its exit code is not 0 when a job
//! was lost, got stuck, ended wrongly, or ran twice without an excuse.

use std::fs;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Parser;
use futures::FutureExt;
use toril_tests::faults::{Fault, Plan, Table, run};

/// Where the table stands in the page.
const MARKS: (&str, &str) = ("<!-- made by cargo xtask soak -->\n", "<!-- end -->\n");

#[derive(Parser)]
#[command(name = "toril-soak", about = "Jobs under every fault, and an account of each")]
struct Options {
    /// How long new rounds are begun
    #[arg(long, default_value_t = 30)]
    minutes: u64,
    /// Makes the jobs, the moments and the choices the same again
    #[arg(long, default_value_t = 6)]
    seed: u64,
    /// How many jobs a round has
    #[arg(long, default_value_t = 400)]
    jobs: usize,
    /// Only the faults whose names hold this
    #[arg(long, value_name = "WORD")]
    only: Option<String>,
    /// Write the table into reliability.md in this folder, such as docs
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match soak(&Options::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn soak(options: &Options) -> Result<()> {
    let end = Instant::now() + Duration::from_secs(options.minutes * 60);
    let mut table = Table::default();
    let mut complaints = Vec::new();
    // Each kind by itself, and as often all of them mixed, for a third of the time in the end.
    let mut kinds: Vec<_> = Fault::ALL.map(Some).into_iter().chain([None; 6]).collect();
    if let Some(word) = &options.only {
        kinds.retain(|fault| name(*fault).contains(word.as_str()));
        if kinds.is_empty() {
            let names = Fault::ALL.map(Fault::name).join("\n  ");
            bail!("no fault's name holds {word:?}. There are:\n  {}\n  {names}", name(None));
        }
    }
    for (number, fault) in kinds.iter().copied().cycle().enumerate() {
        // Each kind has its turn, however short the time is.
        if Instant::now() >= end && number >= kinds.len().min(Fault::ALL.len() + 1) {
            break;
        }
        let seed = options.seed + number as u64;
        let plan = Plan { fault, ..Plan::mixed(seed, options.jobs, usize::MAX) };
        let name = name(fault);
        // A round that comes to no end panics, and leaves the others their turn.
        let Ok(outcome) = AssertUnwindSafe(run(&plan)).catch_unwind().await else {
            complaints.push(format!("{name}, seed {seed}: the round came to no end, as is said above"));
            continue;
        };
        println!("round {number}, {name}, seed {seed}: {outcome}");
        complaints.extend(outcome.complaints().iter().map(|what| format!("{name}, seed {seed}: {what}")));
        table.add(fault, seed, &outcome);
    }
    println!("\n{table}");
    if let Some(folder) = &options.out {
        write(folder, &page(options, &table))?;
    }
    if !complaints.is_empty() {
        bail!("{}", complaints.join("\n"));
    }
    Ok(())
}

fn name(fault: Option<Fault>) -> &'static str {
    fault.map_or("all of them", Fault::name)
}

/// What stands between the marks: the table, and what it takes to make it again.
fn page(options: &Options, table: &Table) -> String {
    let Options { minutes, seed, jobs, .. } = options;
    let command = format!("cargo xtask soak --minutes {minutes} --seed {seed} --jobs {jobs} --out docs");
    let redis = toril_tests::redis_server::program().map(|path| first_line(Command::new(path).arg("--version")));
    format!(
        "\nMade by `{command}`. {}; Toril {}; {}; Node {}.\n\n{table}\n",
        first_line(Command::new("date").args(["-u", "+%Y-%m-%d"])),
        env!("CARGO_PKG_VERSION"),
        redis.unwrap_or_default(),
        first_line(Command::new("node").arg("--version")),
    )
}

fn write(folder: &Path, text: &str) -> Result<()> {
    let path = folder.join("reliability.md");
    let page = fs::read_to_string(&path).with_context(|| format!("could not read {}", path.display()))?;
    let parts = page.split_once(MARKS.0).and_then(|(before, rest)| Some((before, rest.split_once(MARKS.1)?.1)));
    let (before, after) = parts.with_context(|| format!("{} has no place for the table", path.display()))?;
    let page = format!("{before}{}{text}{}{after}", MARKS.0, MARKS.1);
    fs::write(&path, page).with_context(|| format!("could not write {}", path.display()))
}

/// What a program says of itself. Empty: it is not there.
fn first_line(command: &mut Command) -> String {
    let output = command.output().map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    output.unwrap_or_default().lines().next().unwrap_or_default().to_owned()
}
