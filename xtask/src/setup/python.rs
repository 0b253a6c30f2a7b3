//! The Pythons that the tests need: an environment for each purpose, with what that needs.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;
use crate::workspace::{Workspace, write_atomically};

/// What builds and tests the Python SDK, reads metrics, and asks the HTTP API what nobody thought of. The first is what the
/// SDK pins.
const PACKAGES: [&str; 4] =
    ["componentize-py==0.25.1", "pytest==8.4.2", "prometheus-client==0.26.0", "schemathesis==4.32.5"];
const HELP: &str = "the tests need Python 3.11 or newer with venv and pip: install it (Debian: `apt-get install python3 python3-venv`)";

/// The interpreter of the environment that builds and tests the Python SDK.
pub fn find_or_install(workspace: &Workspace) -> Result<PathBuf> {
    environment(workspace, "python", &PACKAGES.join("\n"), PACKAGES.map(Into::into).to_vec())
}

/// The interpreter of an environment with the packages that a file lists.
pub fn find_or_install_locked(workspace: &Workspace, name: &str, requirements: &Path) -> Result<PathBuf> {
    let wanted =
        fs::read_to_string(requirements).with_context(|| format!("could not read {}", requirements.display()))?;
    environment(workspace, name, &wanted, vec!["-r".into(), requirements.as_os_str().to_owned()])
}

/// The environment of that name. `wanted` is what it was installed from: another one installs it anew.
fn environment(workspace: &Workspace, name: &str, wanted: &str, packages: Vec<OsString>) -> Result<PathBuf> {
    let folder = workspace.target().join(name);
    let python = folder.join("bin/python");
    let stamp = folder.join("toril-packages");
    if !fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        println!("installing Python packages into {} …", folder.display());
        process::output(Command::new("python3").args(["-m", "venv"]).arg(&folder)).context(HELP)?;
        let mut pip = Command::new(&python);
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(packages);
        process::output(&mut pip).context(HELP)?;
        write_atomically(&stamp, wanted.as_bytes())?;
    }
    Ok(python)
}
