//! Prometheus's own checker, which `cargo xtask setup --tests` installs.

use std::env;
use std::path::PathBuf;
use std::process::Stdio;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::paths;

/// Its output, and whether it found no problems.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// Whether its exit code is 0.
    pub fine: bool,
    /// Standard output, then standard error.
    pub text: String,
}

/// Runs it in the repository with these arguments and this standard input.
pub async fn run(arguments: &[&str], input: &str) -> Verdict {
    let program = program();
    let mut command = Command::new(&program);
    command.args(arguments).current_dir(paths::root());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().unwrap_or_else(|error| panic!("could not start {}: {error}", program.display()));
    let mut stdin = child.stdin.take().unwrap_or_else(|| panic!("promtool has no standard input"));
    let written = async {
        // If it does not read its input, its exit code says why.
        let _ = stdin.write_all(input.as_bytes()).await;
        drop(stdin);
    };
    let (output, ()) = tokio::join!(child.wait_with_output(), written);
    let output = output.unwrap_or_else(|error| panic!("promtool: {error}"));
    let text = [output.stdout, output.stderr].concat();
    Verdict { fine: output.status.success(), text: String::from_utf8_lossy(&text).into_owned() }
}

fn program() -> PathBuf {
    if let Some(named) = env::var_os("TORIL_PROMTOOL") {
        return named.into();
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let own = paths::root().join(".toril/bin");
    let places = env::split_paths(&path).chain([own]).map(|folder| folder.join("promtool"));
    let found = places.into_iter().find(|path| path.is_file());
    found.unwrap_or_else(|| panic!("promtool was not found: run `cargo xtask setup --tests`"))
}
