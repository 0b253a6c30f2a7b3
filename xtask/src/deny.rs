//! Checks the dependencies against `deny.toml`: licences, sources and duplicates, and known vulnerabilities if the
//! advisory database can be reached. An unreachable database fails only a release check. The tests report it and
//! pass, because they must not depend on another server.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process;
use crate::setup::cargo_tool;
use crate::workspace::Workspace;

/// What cargo-deny prints when it cannot fetch the database.
const UNREACHABLE: &str = "failed to fetch advisory database";

#[derive(clap::Args, Clone, Copy)]
pub struct Args {
    /// Fail also if the advisory database cannot be reached
    #[arg(long)]
    pub release: bool,
}

/// The result of the check for advisories.
#[derive(Debug, PartialEq, Eq)]
enum Advisories {
    /// The database has no advisory for any dependency.
    None,
    /// The database could not be reached. Has cargo-deny's message.
    NotChecked(String),
}

/// The manifests of the workspace, and of the JavaScript engine, which is a workspace of its own.
const MANIFESTS: [&str; 2] = ["Cargo.toml", "sdk/js/engine/Cargo.toml"];

pub fn run(workspace: &Workspace, args: Args) -> Result<()> {
    let program = cargo_tool::DENY.find_or_install(workspace)?;
    MANIFESTS.into_iter().try_for_each(|manifest| check(workspace, &program, manifest, args))
}

fn check(workspace: &Workspace, program: &Path, manifest: &str, args: Args) -> Result<()> {
    let command = |checks: &[&str]| {
        let mut command = Command::new(program);
        command.args(["--manifest-path", manifest]);
        command.args(["--color", "never", "--log-level", "error", "check", "--hide-inclusion-graph"]).args(checks);
        command.current_dir(workspace.root());
        command
    };
    process::run(&mut command(&["licenses", "bans", "sources"]))?;
    let output = command(&["advisories"]).output().context("could not start cargo-deny")?;
    match judged(output.status.success(), &String::from_utf8_lossy(&output.stderr), args)? {
        Advisories::None => println!("    {manifest}: no crate with a known advisory"),
        Advisories::NotChecked(printed) => {
            println!("    NOT CHECKED: advisories. Their database could not be fetched:");
            printed.lines().take(3).for_each(|line| println!("      {line}"));
            println!("    Run `cargo xtask deny --release` on a machine that can fetch it. See docs/security.md.");
        }
    }
    Ok(())
}

fn judged(succeeded: bool, printed: &str, args: Args) -> Result<Advisories> {
    match (succeeded, printed.contains(UNREACHABLE)) {
        (true, _) => Ok(Advisories::None),
        (false, true) if args.release => {
            bail!("a release needs a check of the advisories, but their database could not be fetched:\n{printed}")
        }
        (false, true) => Ok(Advisories::NotChecked(printed.to_owned())),
        (false, false) => bail!("cargo-deny found an advisory for a crate in Cargo.lock:\n{printed}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GONE: &str = "[ERROR] failed to fetch advisory database https://github.com/rustsec/advisory-db";

    #[test]
    fn an_unreachable_advisory_database_fails_a_release_and_not_a_test_run() {
        assert!(judged(false, GONE, Args { release: true }).is_err());
        assert_eq!(judged(false, GONE, Args { release: false }).ok(), Some(Advisories::NotChecked(GONE.to_owned())));
    }

    #[test]
    fn a_known_advisory_fails_a_test_run_too() {
        assert!(judged(false, "error[vulnerability]: …", Args { release: false }).is_err());
        assert_eq!(judged(true, "", Args { release: true }).ok(), Some(Advisories::None));
    }
}
