//! Fuzzes every parser of untrusted input, one target after the other. `target/fuzz` keeps the inputs that reach new
//! code. An input that fails is a file there, and the error names it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::Parser;

use crate::cargo;
use crate::process;
use crate::setup::cargo_tool;
use crate::workspace::Workspace;

#[derive(Parser)]
pub struct Args {
    /// Seconds for each target
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// Use a driver of the unit tests, which has no coverage feedback and needs no new build
    #[arg(long, conflicts_with = "targets")]
    plain: bool,
    /// Only these targets: the names of the files in fuzz/fuzz_targets
    targets: Vec<String>,
}

pub fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    if args.plain {
        return plain(workspace, args.seconds);
    }
    let fuzz = workspace.root().join("fuzz");
    let known = targets(&fuzz)?;
    if let Some(unknown) = args.targets.iter().find(|target| !known.contains(target)) {
        bail!("unknown target {unknown:?}; the targets are: {}", known.join(", "));
    }
    let program = cargo_tool::FUZZ.find_or_install(workspace)?;
    // The same versions of all dependencies.
    fs::copy(workspace.root().join("Cargo.lock"), fuzz.join("Cargo.lock")).context("could not copy Cargo.lock")?;
    let wanted = if args.targets.is_empty() { &known } else { &args.targets };
    let mut failed = Vec::new();
    for target in wanted {
        println!("==> {target}");
        if let Err(error) = drive(workspace, &program, &fuzz, target, args.seconds) {
            println!("    {error:#}");
            failed.push(target.as_str());
        }
    }
    if !failed.is_empty() {
        bail!("these targets failed, or could not be built: {}", failed.join(", "));
    }
    println!("==> {} targets passed, {} s each", wanted.len(), args.seconds);
    Ok(())
}

fn plain(workspace: &Workspace, seconds: u32) -> Result<()> {
    let mut command = cargo::command(workspace);
    command.arg("test");
    for package in ["toril-config", "toril-bullmq", "toril-postgres", "toril-sandbox", "toril-schema", "toril-server"] {
        command.args(["--package", package]);
    }
    command.args(["--lib", "--", "--ignored", "--nocapture", "each_target_holds_for_a_while"]);
    process::run(command.env("TORIL_FUZZ_SECONDS", seconds.to_string()))
}

fn targets(fuzz: &Path) -> Result<Vec<String>> {
    let folder = fuzz.join("fuzz_targets");
    let entries = fs::read_dir(&folder).with_context(|| format!("could not read {}", folder.display()))?;
    let names = entries.flatten().filter_map(|entry| Some(entry.path().file_stem()?.to_str()?.to_owned()));
    let mut names: Vec<_> = names.collect();
    names.sort();
    Ok(names)
}

fn drive(workspace: &Workspace, program: &Path, fuzz: &Path, target: &str, seconds: u32) -> Result<()> {
    let kept = workspace.target().join("fuzz");
    let found = folder(kept.join("corpus").join(target))?;
    let failures = folder(kept.join("failures").join(target))?;
    let mut command = Command::new(program);
    // Without a sanitizer, because the host has no unsafe code. Only a sanitizer would need the nightly toolchain.
    command.args(["fuzz", "run", "--sanitizer", "none", "--fuzz-dir"]).arg(fuzz).arg(target).arg(found);
    command.arg(fuzz.join("corpus").join(target)).arg("--").arg(format!("-max_total_time={seconds}"));
    command.args(["-timeout=20", "-rss_limit_mb=4096", "-print_final_stats=1"]);
    command.arg(format!("-artifact_prefix={}/", failures.display()));
    command.env("CARGO_TARGET_DIR", &kept).current_dir(fuzz);
    process::run(&mut command)
}

fn folder(path: PathBuf) -> Result<PathBuf> {
    fs::create_dir_all(&path).with_context(|| format!("could not create {}", path.display()))?;
    Ok(path)
}
