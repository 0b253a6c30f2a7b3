//! Finds the Redis server for the tests, in the same order as `cargo xtask setup`.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::paths;

/// `TORIL_REDIS_SERVER`, else `PATH`, else `.toril/bin`, where `cargo xtask setup` installs one.
pub fn program() -> Result<PathBuf> {
    if let Some(path) = env::var_os("TORIL_REDIS_SERVER").map(PathBuf::from) {
        if !path.is_file() {
            bail!("TORIL_REDIS_SERVER is {}, which does not exist", path.display());
        }
        return Ok(path);
    }
    let own = paths::root().join(".toril/bin/valkey-server");
    let places = [paths::on_path("valkey-server"), paths::on_path("redis-server"), own.is_file().then_some(own)];
    match places.into_iter().flatten().next() {
        Some(path) => Ok(path),
        None => bail!("no Redis server was found: run `cargo xtask setup`, which finds or installs one"),
    }
}

/// A Valkey 9: the result of [`program`] if it is one, else the one in `.toril/bin`.
pub fn valkey_9() -> Result<PathBuf> {
    let own = paths::root().join(".toril/bin/valkey-server");
    let found = program().ok().into_iter().chain(own.is_file().then_some(own)).find(|path| is(path, "Valkey", "9."));
    found.context("Valkey 9 was not found: run `cargo xtask setup --tests`, which installs one")
}

/// A Redis 7.0: `TORIL_REDIS7_SERVER`, else the one in `.toril/redis-7.0`.
pub fn redis_7_0() -> Result<PathBuf> {
    let own = paths::root().join(".toril/redis-7.0/redis-server");
    let found = env::var_os("TORIL_REDIS7_SERVER").map_or(own, PathBuf::from);
    ensure!(is(&found, "Redis", "7.0."), "{} is not Redis 7.0: run `cargo xtask setup --tests`", found.display());
    Ok(found)
}

/// Whether the server at this path has this name and version. It prints "Redis server v=7.0.15 …".
fn is(path: &Path, make: &str, version: &str) -> bool {
    let output = Command::new(path).arg("--version").output();
    let said = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    said.starts_with(make) && said.contains(&format!("v={version}"))
}
