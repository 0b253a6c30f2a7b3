//! Paths in the workspace. No other module builds a path from the root.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// The workspace that this xtask belongs to.
pub struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// The folder above xtask's own. Cargo passes it at run time, so the workspace may move after xtask was compiled.
    pub fn find() -> Result<Self> {
        let own = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        match Path::new(&own).parent() {
            Some(root) if root.join("Cargo.toml").is_file() => Ok(Self { root: root.into() }),
            _ => bail!(
                "there is no workspace above {}: run this as `cargo xtask` inside Toril's source folder",
                own.display()
            ),
        }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Tools that a set-up step has installed for this workspace. Not under version control.
    pub fn tools(&self) -> PathBuf {
        self.root.join(".toril")
    }

    /// The Node scripts that drive the tests with BullMQ's own client.
    pub fn interop(&self) -> PathBuf {
        self.root.join("tests/interop")
    }

    /// The folder of GitHub's published API descriptions, which has its own Node packages.
    pub fn github(&self) -> PathBuf {
        self.root().join("tests/github")
    }

    /// The A2A agents of the tests, one in Node and one in Python.
    pub fn a2a(&self) -> PathBuf {
        self.root.join("tests/a2a")
    }

    /// The npm packages that plugins use in the tests.
    pub fn npm(&self) -> PathBuf {
        self.root.join("tests/npm")
    }

    /// The npm packages with the programs of PostgreSQL for the tests.
    pub fn postgres(&self) -> PathBuf {
        self.root.join("tests/postgres")
    }

    /// The npm packages for PostgreSQL that plugins use in the tests.
    pub fn postgres_clients(&self) -> PathBuf {
        self.root.join("tests/postgres/node")
    }

    /// The npm packages over sockets that plugins use in the tests, and their servers.
    pub fn tcp(&self) -> PathBuf {
        self.root.join("tests/tcp")
    }

    /// The Node scripts that drive the dashboard in a browser.
    pub fn browser(&self) -> PathBuf {
        self.root.join("tests/browser")
    }

    /// The output folder of components and of the demo. Its location is fixed, so that `queues.toml` can name it.
    pub fn target(&self) -> PathBuf {
        self.root.join("target")
    }
}

/// Writes a file so that a watcher sees the old content or the new one, never a part of it.
pub fn write_atomically(path: &Path, content: &[u8]) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let name = path.file_name().and_then(OsStr::to_str).unwrap_or("file");
    fs::create_dir_all(folder).with_context(|| format!("could not create the folder {}", folder.display()))?;
    // The suffix keeps a host that watches the folder from loading the partial file as a plugin.
    let part = folder.join(format!(".{name}.{}.part", std::process::id()));
    fs::write(&part, content)
        .and_then(|()| fs::rename(&part, path))
        .inspect_err(|_| drop(fs::remove_file(&part)))
        .with_context(|| format!("could not write {}", path.display()))
}

/// Writes a file as [`write_atomically`] does, unless it already has that content. Returns whether it wrote.
pub fn write_if_changed(path: &Path, content: &[u8]) -> Result<bool> {
    if fs::read(path).is_ok_and(|old| old == content) {
        return Ok(false);
    }
    write_atomically(path, content)?;
    Ok(true)
}
