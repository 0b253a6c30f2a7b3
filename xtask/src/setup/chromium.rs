//! Finds Chromium, which the dashboard's tests use, or installs Debian's.

use std::env;
use std::fmt;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use super::apt::Apt;
use crate::process;

/// Names a browser to use instead of any other. The tests read it, too.
const CHOICE: &str = "TORIL_CHROMIUM";
const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// A browser that runs.
pub struct Chromium {
    path: PathBuf,
    version: String,
}

impl fmt::Display for Chromium {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.path.display(), self.version)
    }
}

pub fn find_or_install() -> Result<Chromium> {
    if let Some(path) = env::var_os(CHOICE) {
        return checked(path.into()).with_context(|| format!("{CHOICE} does not name a working browser"));
    }
    let found = || NAMES.iter().filter_map(|name| process::on_path(name)).find_map(|path| checked(path).ok());
    if let Some(found) = found() {
        return Ok(found);
    }
    let install = || {
        Apt::usable()?.install(&["chromium"])?;
        found().context("chromium is installed, but does not run")
    };
    install().with_context(|| {
        format!("Chromium was not found. Install it (Debian: `apt-get install chromium`), or give its path in {CHOICE}")
    })
}

fn checked(path: PathBuf) -> Result<Chromium> {
    let version = process::output(Command::new(&path).arg("--version"))?;
    Ok(Chromium { version: version.trim().to_owned(), path })
}
