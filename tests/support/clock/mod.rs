//! A clock for one process, which a test can move.
//!
//! The process is started with `LD_PRELOAD` of a small library, which the C compiler that Rust links with builds. It
//! works if the process reads the time through the C library, as Rust does on Linux.

use std::env;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

/// The library's source.
const SOURCE: &str = include_str!("ahead.c");

/// A clock, equal to the system's until a test moves it.
pub struct Clock {
    folder: TempDir,
    ahead: File,
}

impl Clock {
    /// A clock for one process or for several.
    pub fn new() -> Self {
        Self::make().unwrap_or_else(|error| panic!("could not create the test's clock: {error:#}"))
    }

    /// Sets it this many milliseconds ahead of the system's clock, or behind it if negative.
    pub fn set_ahead(&self, milliseconds: i64) {
        // Overwrites eight bytes in place, so a concurrent reader sees the old value or the new one.
        let written = self.ahead.write_all_at(&milliseconds.to_ne_bytes(), 0);
        written.unwrap_or_else(|error| panic!("the clock could not be set: {error}"));
    }

    /// The environment variables of a process that uses it.
    pub fn environment(&self) -> [(&'static str, String); 2] {
        let path = |path: PathBuf| path.display().to_string();
        [("LD_PRELOAD", path(library(self.folder.path()))), ("CLOCK_AHEAD", path(self.folder.path().join("ahead")))]
    }

    fn make() -> Result<Self> {
        let folder = tempfile::tempdir().context("could not create a temporary folder")?;
        build(folder.path())?;
        let path = folder.path().join("ahead");
        fs::write(&path, 0_i64.to_ne_bytes()).context("could not write the clock's file")?;
        let ahead = File::options().write(true).open(&path).context("could not open the clock's file")?;
        Ok(Self { folder, ahead })
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::new()
    }
}

fn library(folder: &Path) -> PathBuf {
    folder.join("ahead.so")
}

fn build(folder: &Path) -> Result<()> {
    let source = folder.join("ahead.c");
    fs::write(&source, SOURCE).context("could not write the library's source")?;
    let compiler = env::var_os("CC").unwrap_or_else(|| "cc".into());
    let mut command = Command::new(&compiler);
    command.args(["-shared", "-fPIC", "-O1", "-o"]).arg(library(folder)).arg(source);
    let output = command.output().with_context(|| format!("could not start {}", compiler.display()))?;
    ensure!(output.status.success(), "{command:?} failed:\n{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The time that a process reads, in seconds since the Unix epoch.
    fn seconds(clock: &Clock) -> i64 {
        let output = Command::new("date").arg("+%s").envs(clock.environment()).output().expect("date");
        String::from_utf8_lossy(&output.stdout).trim().parse().expect("a number")
    }

    #[test]
    fn a_process_sees_its_clock_jump_forward_and_back() {
        let clock = Clock::new();
        for hours in [0, 5, -7] {
            let before = seconds(&Clock::new());
            clock.set_ahead(hours * 3_600_000);
            let off = seconds(&clock) - before - hours * 3_600;
            assert!((0..600).contains(&off), "it is off by {off} s");
        }
    }
}
