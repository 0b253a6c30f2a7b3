//! Finds a MariaDB for the tests, or downloads Debian's into `.toril/mariadb`. Debian's packages are unpacked and not
//! installed, because installing them would start a service. Starts no server: each test starts its own.

use std::env;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::deb;
use crate::process;
use crate::workspace::Workspace;

/// Names the folder in which another installation has `usr/sbin/mariadbd` and `usr/share/mysql`. The tests read it, too.
const CHOICE: &str = "TORIL_MARIADB";
/// The server, and libraries that a small installation of Debian lacks. Newer versions of Debian and Ubuntu have renamed
/// `libaio1`.
const PACKAGES: [&str; 5] = ["mariadb-server-core", "libaio1t64|libaio1", "libnuma1", "libpcre2-8-0", "liburing2"];
const PROGRAM: &str = "usr/sbin/mariadbd";
/// Where Debian's packages install it.
const INSTALLED: &str = "/";

/// A server program that runs.
pub struct MariaDb {
    folder: PathBuf,
    version: String,
}

impl fmt::Display for MariaDb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.folder.display(), self.version)
    }
}

pub fn find_or_install(workspace: &Workspace) -> Result<MariaDb> {
    if let Some(folder) = env::var_os(CHOICE) {
        return checked(folder.into())
            .with_context(|| format!("{CHOICE} does not name a folder with a working MariaDB"));
    }
    let folder = workspace.tools().join("mariadb");
    // The tests choose between these two in the same order.
    if let Some(found) = [folder.clone(), INSTALLED.into()].into_iter().find_map(|folder| checked(folder).ok()) {
        return Ok(found);
    }
    println!("fetching MariaDB from the Debian packages {} …", PACKAGES.join(", "));
    deb::unpack(&PACKAGES, &folder).and_then(|()| checked(folder)).with_context(|| {
        format!(
            "the tests need MariaDB, and this step takes it from Debian 12's packages {} without installing anything. \
             Elsewhere, install MariaDB, and give in {CHOICE} the folder in which {PROGRAM} is (Debian: /)",
            PACKAGES.join(", ")
        )
    })
}

fn checked(folder: PathBuf) -> Result<MariaDb> {
    let program = folder.join(PROGRAM);
    ensure!(program.is_file(), "{} is missing", program.display());
    ensure!(folder.join("usr/share/mysql/mysql_system_tables.sql").is_file(), "{} has no SQL", folder.display());
    let mut version = Command::new(program);
    version.arg("--version").env("LD_LIBRARY_PATH", libraries(&folder)?);
    // "mariadbd  Ver 10.11.19-MariaDB-0+deb12u1 for debian-linux-gnu on x86_64 (Debian 12)"
    let printed = process::output(&mut version)?;
    let version = printed.split_whitespace().nth(2).unwrap_or_default().to_owned();
    Ok(MariaDb { folder, version })
}

/// The folder of the libraries. Its name depends on the machine's architecture.
fn libraries(folder: &Path) -> Result<PathBuf> {
    let all = folder.join("usr/lib");
    let listed = fs::read_dir(&all).with_context(|| format!("could not list {}", all.display()))?;
    let found = listed.filter_map(Result::ok).map(|entry| entry.path());
    found
        .filter(|path| path.is_dir())
        .find(|path| path.to_string_lossy().ends_with("-linux-gnu"))
        .with_context(|| format!("{} has no libraries", all.display()))
}
