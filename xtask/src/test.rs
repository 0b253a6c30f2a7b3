//! Runs everything that CI checks, and stops at the first failed step.

use std::env;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::cargo::{self, Metadata};
use crate::deny;
use crate::guests;
use crate::js_engine;
use crate::process;
use crate::reference;
use crate::setup;
use crate::workspace::Workspace;

/// The packages whose tests run: all but xtask, whose tests are a step of their own. The guests' unit tests run as
/// programs of the host. Steps that name the same packages share their builds: with other packages, cargo may choose
/// other features of a dependency, and then compiles the host again.
const TESTED: [&str; 3] = ["--workspace", "--exclude", "xtask"];

pub fn run(workspace: &Workspace, filter: &[String]) -> Result<()> {
    let start = Instant::now();
    let cargo = |args: &[&str]| {
        let mut command = cargo::command(workspace);
        command.args(args);
        command
    };
    step("set-up", || setup::run(workspace, true).map(drop))?;
    // Before everything that compiles the host, which embeds it.
    step("JavaScript engine", || js_engine::run(workspace))?;
    if filter.is_empty() {
        step("format", || process::run(&mut cargo(&["fmt", "--all", "--check"])))?;
        step("clippy", || {
            let args = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
            process::run(&mut cargo(&args))
        })?;
        step("documentation", || {
            let mut doc = cargo(&["doc", "--no-deps"]);
            doc.args(documented(workspace)?);
            process::run(doc.env("RUSTDOCFLAGS", "-D warnings"))
        })?;
    }
    if filter.is_empty() {
        step("the JavaScript engine's code", || js_engine::check(workspace))?;
        step("dependencies", || deny::run(workspace, deny::Args { release: false }))?;
    }
    step("guests", || {
        guests::run(workspace, &guests::Args { tests: true, ..guests::Args::default() })?;
        guests::run(workspace, &second_version(workspace))
    })?;
    step("host", || process::run(cargo(&["build", "--bin", "toril"]).args(TESTED)))?;
    // The host builds the TypeScript plugins.
    step("guests in other languages", || {
        guests::languages::run(workspace, &Metadata::read(workspace)?.dev_binary("toril"))
    })?;
    if filter.is_empty() {
        step("reference", || reference::check(workspace))?;
        // With xtask's own profile, because its dependencies are built already.
        step("xtask's own tests", || {
            process::run(&mut cargo(&["test", "--quiet", "--profile", "xtask", "--package", "xtask"]))
        })?;
        // nextest runs no examples of documentation.
        step("examples", || process::run(cargo(&["test", "--quiet", "--doc"]).args(TESTED)))?;
    }
    step("tests", || run_tests(workspace, filter))?;
    println!("==> all steps passed in {} s", start.elapsed().as_secs());
    Ok(())
}

/// The crates whose documentation is checked, as arguments of cargo: those of the host, and the SDK for Rust.
fn documented(workspace: &Workspace) -> Result<Vec<String>> {
    let host = workspace.root().join("host");
    let packages = Metadata::read(workspace)?.packages.into_iter();
    let names = packages.filter(|package| package.folder.starts_with(&host)).map(|package| package.name);
    Ok(names.chain(["toril-plugin".to_owned()]).map(|name| format!("--package={name}")).collect())
}

/// A second build of one guest, whose results tell it from the first: for the tests that replace a plugin.
pub fn second_version(workspace: &Workspace) -> guests::Args {
    guests::Args {
        tests: true,
        only: vec!["basics".to_owned()],
        variant: Some("blue".to_owned()),
        out: Some(workspace.target().join("test-guests/blue")),
        languages: false,
    }
}

fn step(name: &str, run: impl FnOnce() -> Result<()>) -> Result<()> {
    println!("==> {name}");
    let start = Instant::now();
    let result = run();
    let seconds = start.elapsed().as_secs_f32();
    result.with_context(|| format!("the step `{name}` failed after {seconds:.1} s"))?;
    println!("    {name}: {seconds:.1} s");
    Ok(())
}

fn run_tests(workspace: &Workspace, filter: &[String]) -> Result<()> {
    let mut nextest = cargo::command(workspace);
    if process::output(nextest.args(["nextest", "--version"])).is_ok() {
        let mut nextest = cargo::command(workspace);
        nextest.args(["nextest", "run", "--no-tests=fail"]).args(TESTED);
        if env::var_os("CI").is_some() {
            nextest.arg("--no-fail-fast");
        }
        return process::run(nextest.args(filter));
    }
    println!("    cargo-nextest is not installed, so `cargo test` runs the tests, one test program after the other");
    let mut test = cargo::command(workspace);
    test.arg("test").args(TESTED).arg("--").args(filter);
    counted(&mut test)
}

/// Runs `cargo test`, and fails if no test ran, which cargo itself counts as a success.
fn counted(test: &mut Command) -> Result<()> {
    let mut child = test.stdout(Stdio::piped()).spawn().context("could not start `cargo test`")?;
    let mut passed = 0;
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).lines() {
            let line = line.context("could not read what `cargo test` prints")?;
            passed += passed_in(&line);
            println!("{line}");
        }
    }
    let status = child.wait().context("could not wait for `cargo test`")?;
    if !status.success() {
        bail!("{} ended with {status}", process::shown(test));
    }
    if passed == 0 {
        bail!("no test ran: is the filter right?");
    }
    Ok(())
}

/// The number of passed tests, if this is the last line of a test program: "test result: ok. 3 passed; …".
fn passed_in(line: &str) -> usize {
    let count = line.strip_prefix("test result: ok. ").and_then(|rest| rest.split(' ').next());
    count.and_then(|count| count.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_line_of_a_program_counts_passed_tests() {
        assert_eq!(passed_in("test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out"), 12);
        assert_eq!(passed_in("test result: FAILED. 12 passed; 1 failed;"), 0);
        assert_eq!(passed_in("running 12 tests"), 0);
    }
}
