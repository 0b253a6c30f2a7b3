//! What the host depends on, held against `deny.toml`: licences, sources and duplicates everywhere, and known holes where
//! the database of advisories can be reached. Where it cannot, that is said, and is no failure: a test must not depend on
//! somebody else's server.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process;
use crate::setup::cargo_tool;
use crate::workspace::Workspace;

/// What cargo-deny says when it cannot get the database.
const UNREACHABLE: &str = "failed to fetch advisory database";

pub fn run(workspace: &Workspace) -> Result<()> {
    let program = cargo_tool::DENY.find_or_install(workspace)?;
    let command = |checks: &[&str]| {
        let mut command = Command::new(&program);
        command.args(["--color", "never", "--log-level", "error", "check", "--hide-inclusion-graph"]).args(checks);
        command.current_dir(workspace.root());
        command
    };
    process::run(&mut command(&["licenses", "bans", "sources"]))?;
    advisories(command(&["advisories"]), workspace.root())
}

fn advisories(mut command: Command, root: &Path) -> Result<()> {
    let output = command.output().with_context(|| format!("could not start cargo-deny in {}", root.display()))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.success() {
        println!("    no advisory is known of anything in Cargo.lock");
        return Ok(());
    }
    if said.contains(UNREACHABLE) {
        println!("    NOT RUN: the advisories. Their database cannot be fetched from here:");
        said.lines().take(3).for_each(|line| println!("      {line}"));
        println!("    Run `cargo deny check advisories` where it can be: docs/security.md tells how.");
        return Ok(());
    }
    bail!("an advisory is known of something in Cargo.lock:\n{said}")
}
