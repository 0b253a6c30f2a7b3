//! The Python that builds and tests the Python SDK, and asks the HTTP API what nobody thought of: an environment of its own
//! with what that needs.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;
use crate::workspace::{Workspace, write_atomically};

/// What is installed. The first is what the SDK pins.
const PACKAGES: [&str; 3] = ["componentize-py==0.25.1", "pytest==8.4.2", "schemathesis==4.32.5"];
const HELP: &str = "the tests need Python 3.11 or newer with venv and pip: install it (Debian: `apt-get install python3 python3-venv`)";

/// The environment's interpreter.
pub fn find_or_install(workspace: &Workspace) -> Result<PathBuf> {
    let folder = workspace.target().join("python");
    let python = folder.join("bin/python");
    let stamp = folder.join("toril-packages");
    let wanted = PACKAGES.join("\n");
    if !fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        println!("installing {} into {} …", PACKAGES.join(", "), folder.display());
        process::output(Command::new("python3").args(["-m", "venv"]).arg(&folder)).context(HELP)?;
        let mut pip = Command::new(&python);
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(PACKAGES);
        process::output(&mut pip).context(HELP)?;
        write_atomically(&stamp, wanted.as_bytes())?;
    }
    Ok(python)
}
