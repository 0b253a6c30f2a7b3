//! Runs jobs under every fault for as long as requested. The tests of `tests/faults.rs` do the same for a moment.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::cargo;
use crate::guests;
use crate::process;
use crate::setup;
use crate::workspace::Workspace;

#[derive(clap::Args)]
pub struct Args {
    /// Minutes in which new rounds begin. Each kind of fault gets at least one round
    #[arg(long, value_name = "N", default_value_t = 30)]
    minutes: u64,
    /// Seed of the random choices; the same seed makes the same jobs, moments and choices
    #[arg(long, value_name = "N", default_value_t = 6)]
    seed: u64,
    /// Number of jobs in a round
    #[arg(long, value_name = "N", default_value_t = 400)]
    jobs: usize,
    /// Only the faults whose names contain this word
    #[arg(long, value_name = "WORD")]
    only: Option<String>,
    /// Write the table into reliability.md in this folder, such as docs
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    setup::run(workspace, true)?;
    let only = ["basics"].map(str::to_owned).into();
    guests::run(workspace, &guests::Args { tests: true, only, ..guests::Args::default() })?;
    let mut build = cargo::command(workspace);
    process::run(build.args(["build", "--package", "toril", "--package", "toril-tests", "--bins"]))?;

    let mut soak = Command::new(workspace.target().join("debug/toril-soak"));
    soak.current_dir(workspace.root());
    for (option, number) in [("--minutes", args.minutes), ("--seed", args.seed), ("--jobs", args.jobs as u64)] {
        soak.args([option, &number.to_string()]);
    }
    if let Some(word) = &args.only {
        soak.args(["--only", word]);
    }
    if let Some(out) = &args.out {
        soak.arg("--out").arg(out);
    }
    process::run(&mut soak)
}
