//! The Python environment of `cargo xtask setup --tests`: its programs, and scripts of `tests/interop`.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::time::timeout;

use crate::paths;

/// A program's output, and whether it succeeded.
#[derive(Clone, Debug)]
pub struct Output {
    /// Whether its exit code is 0.
    pub succeeded: bool,
    /// Standard output, then standard error.
    pub text: String,
}

/// Runs a program of the environment in a folder, to its end. Panics after the time limit.
pub async fn run(program: &str, folder: &Path, arguments: &[&str], bound: Duration) -> Output {
    let mut command = Command::new(self::program(program));
    command.current_dir(folder).args(arguments).stdin(Stdio::null()).kill_on_drop(true);
    let output = timeout(bound, command.output()).await;
    let output = output.unwrap_or_else(|_| panic!("{program} did not end within {bound:?}"));
    let output = output.unwrap_or_else(|error| panic!("could not start {program}: {error}"));
    let text = [output.stdout, output.stderr].concat();
    Output { succeeded: output.status.success(), text: String::from_utf8_lossy(&text).into_owned() }
}

/// Runs `tests/interop/SCRIPT.py` with this standard input, and returns the JSON that it prints. Panics with the
/// script's output if it fails.
pub async fn script(script: &str, input: &str) -> Value {
    let python = program("python");
    let mut command = Command::new(&python);
    command.arg(paths::interop().join(format!("{script}.py")));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().unwrap_or_else(|error| panic!("could not start {}: {error}", python.display()));
    let mut stdin = child.stdin.take().unwrap_or_else(|| panic!("{script}.py has no standard input"));
    let written = async {
        // A script that fails before it has read everything prints the reason itself.
        let _ = stdin.write_all(input.as_bytes()).await;
        drop(stdin);
    };
    let (output, ()) = tokio::join!(child.wait_with_output(), written);
    let output = output.unwrap_or_else(|error| panic!("{script}.py: {error}"));
    assert!(output.status.success(), "{script}.py failed: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{script}.py did not print JSON: {error}"))
}

/// The path of a program of the environment. Panics if it is missing.
pub fn program(name: &str) -> PathBuf {
    let path = paths::root().join("target/python/bin").join(name);
    assert!(path.is_file(), "{} is missing: run `cargo xtask setup --tests`", path.display());
    path
}
