//! Finds Prometheus's checker, with which the tests check the metrics and the alert rules. Otherwise extracts the
//! program from Debian's package into `.toril/bin`: installing that package would start a server, and need a
//! password.

use std::env;
use std::fmt;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::deb;
use crate::process;
use crate::workspace::{Workspace, write_atomically};

/// Names a program to use instead of any other. The tests read it, too.
const CHOICE: &str = "TORIL_PROMTOOL";
const PROGRAM: &str = "promtool";
const PACKAGE: &str = "prometheus";

/// A checker that runs.
pub struct Promtool {
    path: PathBuf,
    version: String,
}

impl fmt::Display for Promtool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.path.display(), self.version)
    }
}

pub fn find_or_install(workspace: &Workspace) -> Result<Promtool> {
    if let Some(path) = env::var_os(CHOICE) {
        return checked(path.into()).with_context(|| format!("{CHOICE} does not name a working promtool"));
    }
    let own = workspace.tools().join("bin").join(PROGRAM);
    let places = [process::on_path(PROGRAM), own.is_file().then(|| own.clone())];
    if let Some(found) = places.into_iter().flatten().find_map(|path| checked(path).ok()) {
        return Ok(found);
    }
    from_package(&own).with_context(|| {
        format!(
            "promtool was not found. Install Prometheus (Debian: `apt-get install {PACKAGE}`; macOS: `brew install \
             {PACKAGE}`), or give the program's path in {CHOICE}"
        )
    })
}

fn checked(path: PathBuf) -> Result<Promtool> {
    let version = process::output(Command::new(&path).arg("--version"))?;
    // "promtool, version 2.42.0+ds (branch: …"
    let version = version.split_whitespace().nth(2).unwrap_or("unknown version").to_owned();
    Ok(Promtool { version, path })
}

fn from_package(own: &Path) -> Result<Promtool> {
    println!("fetching {PROGRAM} from Debian's package {PACKAGE} …");
    let folder = own.with_file_name("prometheus-package");
    let installed = deb::unpack(&[PACKAGE], &folder).and_then(|()| {
        let program = folder.join("usr/bin").join(PROGRAM);
        let content = fs::read(program).with_context(|| format!("the package {PACKAGE} contains no {PROGRAM}"))?;
        write_atomically(own, &content)?;
        fs::set_permissions(own, fs::Permissions::from_mode(0o755))?;
        checked(own.into())
    });
    let _ = fs::remove_dir_all(&folder);
    installed
}
