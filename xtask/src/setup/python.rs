//! The Python environments that the tests need, each with the packages for one purpose.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;
use crate::workspace::{Workspace, write_atomically};

const HELP: &str = "the tests need Python 3.11 or newer with venv and pip: install it (Debian: `apt-get install python3 python3-venv`)";

/// The interpreter of the environment that builds and tests the Python SDK, and runs BullMQ's Python client.
pub fn find_or_install(workspace: &Workspace) -> Result<PathBuf> {
    environment(workspace, "python", &workspace.root().join("tests/python/requirements.txt"))
}

/// The interpreter of an environment in `target/`. It has exactly the packages that a requirements file pins by
/// version and hash. If that file has changed, they are installed again.
pub fn environment(workspace: &Workspace, name: &str, requirements: &Path) -> Result<PathBuf> {
    let wanted =
        fs::read_to_string(requirements).with_context(|| format!("could not read {}", requirements.display()))?;
    let folder = workspace.target().join(name);
    let python = folder.join("bin/python");
    let stamp = folder.join("toril-packages");
    if !fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        println!("installing Python packages into {} …", folder.display());
        process::output(Command::new("python3").args(["-m", "venv"]).arg(&folder)).context(HELP)?;
        let mut pip = Command::new(&python);
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        // Packages are not built here, because building runs code that the pinned hashes do not cover.
        pip.args(["--require-hashes", "--only-binary=:all:", "-r"]).arg(requirements);
        process::output(&mut pip).with_context(|| format!("could not install {}", requirements.display()))?;
        write_atomically(&stamp, wanted.as_bytes())?;
    }
    Ok(python)
}
