//! Builds everything that the benchmarks need with optimizations, then runs them.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::cargo;
use crate::guests;
use crate::js_engine;
use crate::process;
use crate::setup;
use crate::test::second_version;
use crate::workspace::Workspace;

#[derive(clap::Args)]
pub struct Args {
    /// Measure only the ratios that have a target, in a few minutes. Fails if a target is missed
    #[arg(long)]
    short: bool,
    /// Only this contender; several are allowed
    #[arg(long, value_name = "CONTENDER")]
    only: Vec<String>,
    /// Only the throughput comparisons of this workload; several are allowed
    #[arg(long, value_name = "WORKLOAD")]
    workload: Vec<String>,
    /// Only this part: throughput, compute, database, build, latency, memory, start, idle, scaling; several are allowed
    #[arg(long, value_name = "PART")]
    part: Vec<String>,
    /// Number of turns of each contender
    #[arg(long, value_name = "N")]
    rounds: Option<u16>,
    /// Maximum number of jobs in a turn
    #[arg(long, value_name = "N")]
    jobs: Option<u32>,
    /// Write performance.md and its pictures into this folder, such as docs
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    setup::run(workspace, false)?;
    println!("PostgreSQL: {}", setup::postgres::find_or_install(workspace)?);
    for folder in ["bench/node", "bench/js"] {
        println!("Node packages: {}", setup::node::find_or_install(&workspace.root().join(folder))?);
    }
    let only = ["bench", "basics", "postgres"].map(str::to_owned).into();
    guests::run(workspace, &guests::Args { tests: true, only, ..guests::Args::default() })?;
    guests::run(workspace, &second_version(workspace))?;
    js_engine::run(workspace)?;
    let mut build = cargo::command(workspace);
    process::run(build.args(["build", "--release", "--package", "toril", "--package", "toril-bench"]))?;
    guests::languages::bench(workspace, &workspace.target().join("release/toril"))?;
    for (source, name) in [("processor", "processor"), ("database-processor", "database")] {
        bundle_for_node(workspace, source, name)?;
    }

    let mut bench = Command::new(workspace.target().join("release/toril-bench"));
    process::run(bench.arg("run").args(arguments(args)).current_dir(workspace.root()))
}

/// Makes a processor for BullMQ's worker of the same TypeScript source as a plugin. `bench/node/worker.mjs` runs it by its
/// name.
fn bundle_for_node(workspace: &Workspace, source: &str, name: &str) -> Result<()> {
    let mut esbuild = Command::new("node");
    esbuild
        .current_dir(workspace.root())
        .arg("sdk/js/node_modules/esbuild/bin/esbuild")
        .arg(format!("bench/js/src/{source}.ts"));
    esbuild.args(["--bundle", "--platform=node", "--format=cjs", "--target=node20", "--log-level=warning"]);
    // A package that `pg` uses only if it is there.
    esbuild.arg("--external:pg-native");
    let out = workspace.target().join(format!("bench/{name}.cjs"));
    process::run(esbuild.arg(format!("--outfile={}", out.display()))).context("the jobs for Node could not be bundled")
}

/// The arguments for the benchmark program.
fn arguments(args: &Args) -> Vec<String> {
    let mut line = Vec::new();
    if args.short {
        line.push("--short".to_owned());
    }
    let several = [("--only", &args.only), ("--workload", &args.workload), ("--part", &args.part)];
    for (name, values) in several {
        line.extend(values.iter().flat_map(|value| [name.to_owned(), value.clone()]));
    }
    let single = [
        ("--rounds", args.rounds.map(|rounds| rounds.to_string())),
        ("--jobs", args.jobs.map(|jobs| jobs.to_string())),
        ("--out", args.out.as_ref().map(|out| out.display().to_string())),
    ];
    for (name, value) in single {
        line.extend(value.into_iter().flat_map(|value| [name.to_owned(), value]));
    }
    line
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    #[test]
    fn every_option_is_passed_on() {
        let line = "--short --only toril --only node --workload http --part idle --rounds 2 --jobs 500 --out docs";
        let parsed = Line::parse_from(["bench"].into_iter().chain(line.split(' ')));
        assert_eq!(arguments(&parsed.args).join(" "), line);
    }
}
