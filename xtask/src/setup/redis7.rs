//! Finds a Redis 7.0 server, which the compatibility tests run in addition to Valkey, or downloads Debian 12's into
//! `.toril/redis-7.0`. Debian's package is unpacked and not installed, because installing it would start a service.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use super::deb;
use super::redis::{RedisServer, checked};
use crate::workspace::{Workspace, write_atomically};

/// Names a Redis 7.0 server to use instead of any other. The tests read it, too.
pub const CHOICE: &str = "TORIL_REDIS7_SERVER";
/// The program is in `redis-tools`: one file with several names, which runs as a server under any unknown name. The
/// other two packages are libraries that a small installation of Debian lacks.
const PACKAGES: [&str; 3] = ["redis-tools", "libjemalloc2", "liblzf1"];
const PROGRAM_IN_PACKAGE: &str = "usr/bin/redis-check-rdb";
/// Starts the program next to this script, also if the folder was moved. `exec` keeps the process id, so that a
/// caller can signal the server.
const START: &str = r#"#!/bin/sh
here=$(cd "$(dirname "$0")" && pwd) || exit 1
LD_LIBRARY_PATH="$here/lib" exec "$here/redis-7.0" "$@"
"#;

pub fn find_or_install(workspace: &Workspace) -> Result<RedisServer> {
    if let Some(path) = env::var_os(CHOICE) {
        return version_7_0(path.into()).with_context(|| format!("{CHOICE} does not name a working Redis 7.0 server"));
    }
    let folder = workspace.tools().join("redis-7.0");
    let own = folder.join("redis-server");
    if let Ok(found) = version_7_0(own.clone()) {
        return Ok(found);
    }
    println!("fetching Redis 7.0 from the Debian packages {} …", PACKAGES.join(", "));
    install(&folder, &own).and_then(|()| version_7_0(own)).with_context(|| {
        format!(
            "the compatibility tests need a Redis 7.0 server beside Valkey, and none was found. Debian 12's package \
             redis-server has it; this step unpacks {} of it without installing anything. Elsewhere, build Redis 7.0 and \
             give the path of its redis-server in {CHOICE}",
            PACKAGES.join(", ")
        )
    })
}

fn version_7_0(path: PathBuf) -> Result<RedisServer> {
    ensure!(path.is_file(), "{} is missing", path.display());
    let server = checked(path)?;
    if !server.version.starts_with("7.0.") {
        bail!("{} is version {}", server.path.display(), server.version);
    }
    Ok(server)
}

fn install(folder: &Path, own: &Path) -> Result<()> {
    let unpacked = folder.join("package");
    deb::unpack(&PACKAGES, &unpacked)?;
    let program = folder.join("redis-7.0");
    let from = unpacked.join(PROGRAM_IN_PACKAGE);
    let content = fs::read(&from).with_context(|| format!("the packages contain no {PROGRAM_IN_PACKAGE}"))?;
    executable(&program, &content)?;
    let libraries = folder.join("lib");
    copy_libraries(&unpacked.join("usr/lib"), &libraries)?;
    executable(own, START.as_bytes())?;
    fs::remove_dir_all(&unpacked).with_context(|| format!("could not remove {}", unpacked.display()))
}

fn executable(path: &Path, content: &[u8]) -> Result<()> {
    write_atomically(path, content)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
        .with_context(|| format!("could not make {} executable", path.display()))
}

/// Copies every shared library below a folder. The name of the folder between depends on the machine's architecture.
fn copy_libraries(from: &Path, to: &Path) -> Result<()> {
    let listed = fs::read_dir(from).with_context(|| format!("could not list {}", from.display()))?;
    for entry in listed {
        let path = entry?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if path.is_dir() {
            copy_libraries(&path, to)?;
        } else if name.contains(".so.") {
            // Follows symbolic links, because a library is looked up by the name of its link.
            let content = fs::read(&path).with_context(|| format!("could not read {}", path.display()))?;
            write_atomically(&to.join(name), &content)?;
        }
    }
    Ok(())
}
