//! The time of day of one process, which jumps when a test says so.
//!
//! The process is started with a small library before the C library's (`LD_PRELOAD`), built by the C compiler that Rust
//! links with. It works where the process asks the C library for the time, as Rust does on Linux.

use std::env;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

/// What the library is made from.
const SOURCE: &str = include_str!("ahead.c");

/// A time of day. Until it jumps it is the system's.
pub struct Clock {
    folder: TempDir,
    ahead: File,
}

impl Clock {
    /// One for a process, or for several.
    pub fn new() -> Self {
        Self::make().unwrap_or_else(|error| panic!("no clock for this test: {error:#}"))
    }

    /// From now on it is so many milliseconds ahead of the system's, or behind it.
    pub fn set_ahead(&self, milliseconds: i64) {
        // Eight bytes that are overwritten where they are: whoever reads meanwhile sees the one or the other.
        let written = self.ahead.write_all_at(&milliseconds.to_ne_bytes(), 0);
        written.unwrap_or_else(|error| panic!("the clock could not be set: {error}"));
    }

    /// What a process that goes by it has in its environment.
    pub fn environment(&self) -> [(&'static str, String); 2] {
        let path = |path: PathBuf| path.display().to_string();
        [("LD_PRELOAD", path(library(self.folder.path()))), ("CLOCK_AHEAD", path(self.folder.path().join("ahead")))]
    }

    fn make() -> Result<Self> {
        let folder = tempfile::tempdir().context("could not make a temporary folder")?;
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

    /// What a process takes for the time, in seconds since the Unix epoch.
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
