//! Paths of the programs, components and scripts of the tests.

use std::env;
use std::path::{Path, PathBuf};

/// The workspace's root.
pub fn root() -> PathBuf {
    // Cargo passes the package's path at run time, so the workspace may move after the test was compiled.
    let own = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    let package = Path::new(&own);
    // The tests of a crate of the host are in a deeper folder than those of this package.
    package.ancestors().find(|folder| folder.join("Cargo.lock").is_file()).unwrap_or(Path::new(".")).into()
}

/// A program of the workspace, next to the running test.
pub(crate) fn binary(name: &str) -> PathBuf {
    let test = env::current_exe().unwrap_or_else(|error| panic!("could not find the path of this test: {error}"));
    let folder = test.ancestors().skip(1).find(|folder| !folder.ends_with("deps")).unwrap_or(Path::new("."));
    let program = folder.join(name);
    assert!(program.is_file(), "{} is missing: run `cargo xtask test`, which builds it", program.display());
    program
}

/// The possible paths of the component of this name. The tests' guests come before the plugins.
pub(crate) fn components(name: &str) -> [PathBuf; 2] {
    ["test-guests", "plugins"].map(|folder| root().join("target").join(folder).join(format!("{name}.wasm")))
}

/// The scripts for Node.
pub(crate) fn interop() -> PathBuf {
    root().join("tests/interop")
}

/// GitHub's published API descriptions, and the scripts for Node that serve them.
pub(crate) fn github() -> PathBuf {
    root().join("tests/github")
}

/// The A2A agents.
pub(crate) fn a2a() -> PathBuf {
    root().join("tests/a2a")
}

/// The npm packages that plugins use.
pub(crate) fn npm() -> PathBuf {
    root().join("tests/npm")
}

/// The npm packages for PostgreSQL that plugins use.
pub(crate) fn postgres_clients() -> PathBuf {
    root().join("tests/postgres/node")
}

/// The npm packages over sockets that plugins use, and the servers in Node.
pub(crate) fn tcp() -> PathBuf {
    root().join("tests/tcp")
}

/// The scripts for a browser.
pub(crate) fn browser() -> PathBuf {
    root().join("tests/browser")
}

/// Looks for a program on `PATH`.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(name)).find(|program| program.is_file())
}
