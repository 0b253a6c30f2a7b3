//! The programs of the Python environment that the set-up steps make.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

use crate::paths;

/// What a program has printed, and whether it succeeded.
#[derive(Clone, Debug)]
pub struct Output {
    /// Whether its exit code is 0.
    pub succeeded: bool,
    /// Standard output, then standard error.
    pub text: String,
}

/// Runs a program of the environment in a folder, to its end. Panics when the bound has passed.
pub async fn run(program: &str, folder: &Path, arguments: &[&str], bound: Duration) -> Output {
    let path = paths::root().join("target/python/bin").join(program);
    assert!(path.is_file(), "there is no {}: run `cargo xtask setup --tests`", path.display());
    let mut command = Command::new(&path);
    command.current_dir(folder).args(arguments).stdin(Stdio::null()).kill_on_drop(true);
    let output = timeout(bound, command.output()).await;
    let output = output.unwrap_or_else(|_| panic!("{program} did not end within {bound:?}"));
    let output = output.unwrap_or_else(|error| panic!("could not start {program}: {error}"));
    let text = [output.stdout, output.stderr].concat();
    Output { succeeded: output.status.success(), text: String::from_utf8_lossy(&text).into_owned() }
}
