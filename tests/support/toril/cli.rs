//! Toril's command line, for one command that ends on its own.

use std::env;
use std::ffi::{OsStr, OsString};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tokio::time::timeout;

use super::Toril;
use crate::paths;
use crate::wait::LONG;

/// Variables that change what Toril does. A test sets them itself if it needs them.
const OURS: [&str; 6] = ["TORIL_", "REDIS_", "GITHUB_TOKEN", "AGENT_TOKEN", "RUST_LOG", "OTEL_"];

/// A command's output, and its exit code.
#[derive(Clone, Debug)]
pub struct Output {
    /// The exit code. `None` if a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Output {
    /// Itself. Panics with its output unless the exit code is 0.
    pub fn succeeded(self) -> Self {
        self.exited(0)
    }

    /// Itself. Panics with its output unless this is the exit code.
    pub fn exited(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        self
    }

    /// Standard output as one JSON document. Panics if it is not.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("it did not print JSON ({error}): {self:?}"))
    }

    /// Standard output as one JSON document for each line.
    pub fn json_lines(&self) -> Vec<Value> {
        let line =
            |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line:?} is not JSON: {error}"));
        self.stdout.lines().map(line).collect()
    }
}

impl Toril {
    /// Runs `toril SUBCOMMAND --config queues.toml …` with the present configuration.
    pub async fn cli<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Output {
        self.write_config();
        finished(self.command(arguments), LONG).await
    }

    /// The same with this standard input.
    pub async fn cli_with_input<A: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = A>,
        input: impl Into<Vec<u8>>,
    ) -> Output {
        self.write_config();
        let path = self.folder().join("standard-input");
        std::fs::write(&path, input.into()).unwrap_or_else(|error| panic!("could not write {path:?}: {error}"));
        let file = std::fs::File::open(&path).unwrap_or_else(|error| panic!("could not read {path:?}: {error}"));
        finished_with(self.command(arguments), LONG, Stdio::from(file)).await
    }

    /// The same with another standard output, which is not captured.
    pub async fn cli_into<A: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = A>,
        stdout: impl Into<Stdio>,
    ) -> Output {
        self.write_config();
        let mut command = tokio::process::Command::from(self.command(arguments));
        command.stdin(Stdio::null()).stdout(stdout).stderr(Stdio::piped()).kill_on_drop(true);
        let shown = format!("{command:?}");
        let child = command.spawn().unwrap_or_else(|error| panic!("could not start {shown}: {error}"));
        // The command's own copy of the pipe must be the only one.
        drop(command);
        let output = timeout(LONG, child.wait_with_output()).await;
        let output = output.unwrap_or_else(|_| panic!("{shown} did not end within {LONG:?}"));
        let output = output.unwrap_or_else(|error| panic!("{shown} was lost: {error}"));
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        Output { code: output.status.code(), stdout: String::new(), stderr }
    }

    /// Runs `toril` with only these arguments.
    pub async fn cli_without_config<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Output {
        finished(self.bare_command(arguments), LONG).await
    }

    /// The same in a folder of this Toril, for commands that take long.
    pub async fn cli_within<A: AsRef<OsStr>>(
        &self,
        bound: Duration,
        folder: &str,
        arguments: impl IntoIterator<Item = A>,
    ) -> Output {
        let mut command = self.bare_command(arguments);
        command.current_dir(self.folder().join(folder));
        finished(command, bound).await
    }

    /// The program with `--config` after its first argument, the subcommand.
    pub(super) fn command<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Command {
        let mut arguments: Vec<OsString> = arguments.into_iter().map(|argument| argument.as_ref().into()).collect();
        let config = ["--config".into(), self.config_path().into_os_string()];
        let after = arguments.len().min(1);
        arguments.splice(after..after, config);
        self.bare_command(arguments)
    }

    fn bare_command<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Command {
        let program = paths::binary("toril");
        let mut command = match self.umask {
            None => Command::new(program),
            Some(umask) => {
                // A process can set its own umask alone.
                let mut shell = Command::new("sh");
                shell.args(["-c", &format!("umask {umask} && exec \"$0\" \"$@\"")]).arg(program);
                shell
            }
        };
        command.current_dir(self.folder()).args(arguments);
        for (name, _) in env::vars_os() {
            if name.to_str().is_some_and(|name| OURS.iter().any(|ours| name.starts_with(ours))) {
                command.env_remove(name);
            }
        }
        command.envs(&self.env);
        command
    }
}

async fn finished(command: Command, bound: Duration) -> Output {
    finished_with(command, bound, Stdio::null()).await
}

async fn finished_with(command: Command, bound: Duration, input: Stdio) -> Output {
    let shown = format!("{command:?}");
    let mut command = tokio::process::Command::from(command);
    command.stdin(input).kill_on_drop(true);
    let output = timeout(bound, command.output()).await;
    let output = output.unwrap_or_else(|_| panic!("{shown} did not end within {bound:?}"));
    let output = output.unwrap_or_else(|error| panic!("could not start {shown}: {error}"));
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Output { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}
