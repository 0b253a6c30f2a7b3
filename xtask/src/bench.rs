//! The benchmarks: everything that they need is built for speed, and then they run.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::cargo;
use crate::guests;
use crate::process;
use crate::setup;
use crate::test::second_version;
use crate::workspace::Workspace;

#[derive(clap::Args)]
pub struct Args {
    /// A few minutes, for the ratios that have a bar alone: an error where one is missed
    #[arg(long)]
    short: bool,
    /// How often each contender has its turn
    #[arg(long, value_name = "N")]
    rounds: Option<usize>,
    /// No-op jobs a turn
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// Write performance.md and its pictures into this folder, such as docs
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    setup::run(workspace, false)?;
    println!("Node packages: {}", setup::node::find_or_install(&workspace.root().join("bench/node"))?);
    let only = ["bench", "basics"].map(str::to_owned).into();
    guests::run(workspace, &guests::Args { tests: true, only, ..guests::Args::default() })?;
    guests::run(workspace, &second_version(workspace))?;
    let mut build = cargo::command(workspace);
    process::run(build.args(["build", "--release", "--package", "toril", "--package", "toril-bench"]))?;

    let mut bench = Command::new(workspace.target().join("release/toril-bench"));
    bench.arg("run").current_dir(workspace.root());
    if args.short {
        bench.arg("--short");
    }
    if let Some(rounds) = args.rounds {
        bench.args(["--rounds", &rounds.to_string()]);
    }
    if let Some(jobs) = args.jobs {
        bench.args(["--jobs", &jobs.to_string()]);
    }
    if let Some(out) = &args.out {
        bench.arg("--out").arg(out);
    }
    process::run(&mut bench)
}
