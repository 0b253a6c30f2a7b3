//! Finds BullMQ's own Lua scripts, so that this crate can include them. The crate `bullmq-official` contains them, but
//! does not export them. Sets `BULLMQ_COMMANDS` to their folder, wherever cargo has stored the crate.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

const CRATE: &str = "bullmq-official";
/// The version of the crate whose script arguments `src/scripts.rs` follows.
const VERSION: &str = "1.4.4";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    match commands() {
        Ok(folder) => {
            println!("cargo::rerun-if-changed={}", folder.display());
            println!("cargo::rustc-env=BULLMQ_COMMANDS={}", folder.display());
        }
        Err(reason) => println!("cargo::error=the Lua scripts of {CRATE} {VERSION} were not found: {reason}"),
    }
}

fn commands() -> Result<PathBuf, String> {
    // All dependencies of this build are downloaded already. But `cargo metadata` reads the whole workspace, and some
    // of its dependencies may be missing.
    let metadata = metadata(&["--offline"]).or_else(|_| metadata(&[]))?;
    let packages = metadata["packages"].as_array().ok_or("`cargo metadata` names no packages")?;
    let package = packages.iter().find(|package| package["name"] == CRATE && package["version"] == VERSION).ok_or(
        "no such package among the dependencies. When you raise its version, compare src/scripts.rs with its worker.rs",
    )?;
    let manifest = package["manifest_path"].as_str().map(Path::new).and_then(Path::parent);
    let folder = manifest.ok_or("`cargo metadata` does not say where it is")?.join("src/commands");
    match folder.join("moveToFinished-14.lua").is_file() {
        true => Ok(folder),
        false => Err(format!("{} has no moveToFinished-14.lua", folder.display())),
    }
}

fn metadata(more: &[&str]) -> Result<Value, String> {
    let var = |name: &str| std::env::var(name).map_err(|_| format!("cargo did not set {name}"));
    let manifest = Path::new(&var("CARGO_MANIFEST_DIR")?).join("Cargo.toml");
    let mut cargo = Command::new(var("CARGO")?);
    cargo.args(["metadata", "--format-version=1", "--locked", "--filter-platform", &var("TARGET")?]);
    cargo.arg("--manifest-path").arg(manifest).args(more);
    let output = cargo.output().map_err(|error| format!("cargo does not start: {error}"))?;
    if !output.status.success() {
        return Err(format!("`cargo metadata` failed: {}", String::from_utf8_lossy(&output.stderr).trim()));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| format!("`cargo metadata` is no JSON: {error}"))
}
