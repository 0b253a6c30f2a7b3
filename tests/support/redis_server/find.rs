//! Which Redis server the tests start. The order is that of `cargo xtask setup`.

use std::env;
use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::paths;

/// `TORIL_REDIS_SERVER`, then what is on `PATH`, then what the set-up step has put into `.toril/bin`.
pub fn program() -> Result<PathBuf> {
    if let Some(path) = env::var_os("TORIL_REDIS_SERVER").map(PathBuf::from) {
        if !path.is_file() {
            bail!("TORIL_REDIS_SERVER is {}, and there is no such file", path.display());
        }
        return Ok(path);
    }
    let own = paths::root().join(".toril/bin/valkey-server");
    let places = [paths::on_path("valkey-server"), paths::on_path("redis-server"), own.is_file().then_some(own)];
    match places.into_iter().flatten().next() {
        Some(path) => Ok(path),
        None => bail!("there is no Redis server: run `cargo xtask setup`, which finds or installs one"),
    }
}
