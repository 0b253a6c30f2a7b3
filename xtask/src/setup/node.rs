//! Installs the Node packages of a folder: runs `npm ci` if its lock file has changed.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process;
use crate::workspace::write_atomically;

const OLDEST: u32 = 20;
const HELP: &str = "the tests need Node 20 or newer with npm: install it (Debian: `apt-get install nodejs npm`)";

/// Installs the packages if needed. Returns their versions and location.
pub fn find_or_install(folder: &Path) -> Result<String> {
    let node = node_version()?;
    let lock_path = folder.join("package-lock.json");
    let lock = fs::read(&lock_path).with_context(|| format!("could not read {}", lock_path.display()))?;

    // A copy of the lock file, written after all of its packages were installed.
    let stamp = folder.join("node_modules/.toril-lock.json");
    let state = if fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        "up to date"
    } else {
        println!("installing the packages of {} with npm …", lock_path.display());
        install(folder)?;
        write_atomically(&stamp, &lock)?;
        "installed"
    };
    Ok(format!("{state}, {} (Node {node})", folder.join("node_modules").display()))
}

fn node_version() -> Result<String> {
    let version = process::output(Command::new("node").arg("--version")).context(HELP)?;
    let version = version.trim().trim_start_matches('v').to_owned();
    let major: u32 = version.split('.').next().and_then(|major| major.parse().ok()).unwrap_or(0);
    if major < OLDEST {
        bail!("Node {version} is too old: {HELP}");
    }
    if process::on_path("npm").is_none() {
        bail!("npm was not found: {HELP}");
    }
    Ok(version)
}

fn install(folder: &Path) -> Result<()> {
    let mut npm = Command::new("npm");
    npm.current_dir(folder);
    // No package needs its install script.
    npm.args(["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]);
    process::output(&mut npm).map(drop)
}
