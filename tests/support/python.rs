//! Python, with the packages that `cargo xtask setup` has installed for the tests.

use std::path::PathBuf;
use std::process::Stdio;

use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::paths;

/// Runs a program of `tests/interop` in Python with this on its standard input, and returns the JSON that it prints.
/// Panics with what it said if it fails.
pub async fn run(script: &str, input: &str) -> Value {
    let python = interpreter();
    let mut command = Command::new(&python);
    command.arg(paths::interop().join(format!("{script}.py")));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().unwrap_or_else(|error| panic!("could not start {}: {error}", python.display()));
    let mut stdin = child.stdin.take().unwrap_or_else(|| panic!("{script}.py has no standard input"));
    let written = async {
        // One that fails before it has read everything says why itself.
        let _ = stdin.write_all(input.as_bytes()).await;
        drop(stdin);
    };
    let (output, ()) = tokio::join!(child.wait_with_output(), written);
    let output = output.unwrap_or_else(|error| panic!("{script}.py: {error}"));
    assert!(output.status.success(), "{script}.py failed: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{script}.py printed no JSON: {error}"))
}

/// The interpreter of the environment that has the packages.
fn interpreter() -> PathBuf {
    let python = paths::root().join("target/python/bin/python");
    assert!(python.is_file(), "there is no {}: run `cargo xtask setup --tests`", python.display());
    python
}
