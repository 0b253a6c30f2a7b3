//! The long version of `tests/faults.rs`: runs rounds of each fault, and of all faults mixed, until the time is over.
//!
//!     toril-soak [--minutes N] [--seed N] [--jobs N] [--only WORD] [--out FOLDER]
//!
//! Prints the table, and writes it into FOLDER/reliability.md if requested. Its exit code is not 0 if a job was lost,
//! got stuck, ended wrongly, or ran twice without a reason.

use std::fs;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Parser;
use futures::FutureExt;
use toril_tests::faults::{Fault, Plan, Table, run};

/// The markers around the table in the page.
const MARKS: (&str, &str) = ("<!-- made by cargo xtask soak -->\n", "<!-- end -->\n");

#[derive(Parser)]
#[command(name = "toril-soak", about = "Runs jobs under every fault, and accounts for each job")]
struct Options {
    /// Minutes in which new rounds begin. Each kind of fault gets at least one round
    #[arg(long, default_value_t = 30)]
    minutes: u64,
    /// Seed of the random choices; the same seed makes the same jobs, moments and choices
    #[arg(long, default_value_t = 6)]
    seed: u64,
    /// Number of jobs in a round
    #[arg(long, default_value_t = 400)]
    jobs: usize,
    /// Only the faults whose names contain this word
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
    // Before the first round: a wrong folder must not cost half an hour.
    let document = options.out.as_deref().map(Document::open).transpose()?;
    let mut table = Table::default();
    let mut complaints = Vec::new();
    // Each kind alone, and six mixed rounds, which take a third of the time if there is enough.
    let mut kinds: Vec<_> = Fault::ALL.map(Some).into_iter().chain([None; 6]).collect();
    if let Some(word) = &options.only {
        kinds.retain(|fault| name(*fault).contains(word.as_str()));
        if kinds.is_empty() {
            let names = Fault::ALL.map(Fault::name).join("\n  ");
            bail!("no fault's name contains {word:?}. The faults are:\n  {}\n  {names}", name(None));
        }
    }
    for (number, fault) in kinds.iter().copied().cycle().enumerate() {
        // Each kind gets a round, however short the time is.
        if Instant::now() >= end && number >= kinds.len().min(Fault::ALL.len() + 1) {
            break;
        }
        let seed = options.seed + number as u64;
        let plan = Plan { fault, ..Plan::mixed(seed, options.jobs, usize::MAX) };
        let name = name(fault);
        // A round that hangs panics, and the next ones continue.
        let Ok(outcome) = AssertUnwindSafe(run(&plan)).catch_unwind().await else {
            println!("round {number}, {name}, seed {seed}: did not end");
            complaints.push(format!("{name}, seed {seed}: the round did not end, see the panic above"));
            continue;
        };
        println!("round {number}, {name}, seed {seed}: {outcome}");
        complaints.extend(outcome.complaints().iter().map(|what| format!("{name}, seed {seed}: {what}")));
        table.add(fault, seed, &outcome);
    }
    println!("\n{table}");
    if let Some(document) = &document {
        document.write(&page(options, &table))?;
    }
    if !complaints.is_empty() {
        bail!("{}", complaints.join("\n"));
    }
    Ok(())
}

fn name(fault: Option<Fault>) -> &'static str {
    fault.map_or("all of them", Fault::name)
}

/// The text between the markers: the table, and the command to create it again.
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

/// `reliability.md`, around the table.
struct Document {
    path: PathBuf,
    before: String,
    after: String,
}

impl Document {
    fn open(folder: &Path) -> Result<Self> {
        let path = folder.join("reliability.md");
        let page = fs::read_to_string(&path).with_context(|| format!("could not read {}", path.display()))?;
        let parts = page.split_once(MARKS.0).and_then(|(before, rest)| Some((before, rest.split_once(MARKS.1)?.1)));
        let (before, after) = parts.with_context(|| format!("{} has no markers for the table", path.display()))?;
        Ok(Self { before: before.to_owned(), after: after.to_owned(), path })
    }

    fn write(&self, text: &str) -> Result<()> {
        let page = format!("{}{}{text}{}{}", self.before, MARKS.0, MARKS.1, self.after);
        fs::write(&self.path, page).with_context(|| format!("could not write {}", self.path.display()))
    }
}

/// The first line of a program's output, empty if the program does not exist.
fn first_line(command: &mut Command) -> String {
    let output = command.output().map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    output.unwrap_or_default().lines().next().unwrap_or_default().to_owned()
}
