//! Runs the caller's own cargo, without the environment variables that `cargo run` adds.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::process;
use crate::workspace::Workspace;

/// The caller's cargo, in the workspace's root.
pub fn command(workspace: &Workspace) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(workspace.root());
    forget(&mut command, is_package_variable);
    command
}

/// Removes variables from a child's environment, by name.
pub fn forget(command: &mut Command, which: impl Fn(&str) -> bool) {
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(&which) {
            command.env_remove(name);
        }
    }
}

/// Whether `cargo run` sets this variable for the program that it runs. It has no meaning for a nested cargo.
pub fn is_package_variable(name: &str) -> bool {
    let prefixes = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"];
    prefixes.iter().any(|prefix| name.starts_with(prefix))
        || ["CARGO", "CARGO_CRATE_NAME", "CARGO_PRIMARY_PACKAGE", "OUT_DIR"].contains(&name)
}

/// One package of the workspace.
pub struct Package {
    pub name: String,
    pub folder: PathBuf,
    /// The name in the file names of its `cdylib`. A package that has one is a guest.
    pub cdylib: Option<String>,
}

/// The output of `cargo metadata`.
pub struct Metadata {
    pub packages: Vec<Package>,
    /// Cargo's target folder for the host.
    pub target: PathBuf,
}

impl Metadata {
    pub fn read(workspace: &Workspace) -> Result<Self> {
        let mut command = command(workspace);
        command.args(["metadata", "--no-deps", "--format-version", "1"]);
        let document: Value =
            serde_json::from_str(&process::output(&mut command)?).context("`cargo metadata` did not print JSON")?;
        Self::parse(&document).context("`cargo metadata` printed an unknown document")
    }

    fn parse(document: &Value) -> Option<Self> {
        let packages = document["packages"].as_array()?.iter().map(package).collect::<Option<_>>()?;
        Some(Self { packages, target: document["target_directory"].as_str()?.into() })
    }

    /// A program of the host, built with the profile `dev`.
    pub fn dev_binary(&self, name: &str) -> PathBuf {
        self.target.join("debug").join(name)
    }
}

fn package(package: &Value) -> Option<Package> {
    let manifest = Path::new(package["manifest_path"].as_str()?);
    let cdylib = package["targets"].as_array()?.iter().find(|target| is_cdylib(target));
    Some(Package {
        name: package["name"].as_str()?.into(),
        folder: manifest.parent()?.into(),
        cdylib: cdylib.and_then(|target| target["name"].as_str()).map(|name| name.replace('-', "_")),
    })
}

fn is_cdylib(target: &Value) -> bool {
    target["kind"].as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind == "cdylib"))
}
