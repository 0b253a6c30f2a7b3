//! Child processes of a build.

use std::env;
use std::os::fd::AsFd;
use std::process::{Command, Stdio};

use super::built::BuildError;

/// Runs a command whose errors are for the user. The child's standard output is discarded, because this process
/// prints its own results there.
pub fn run(command: &mut Command) -> Result<(), BuildError> {
    run_to(Stdio::null(), command)
}

/// Like [`run`], for a command that prints its errors to standard output: they go to standard error instead.
pub fn run_telling_all(command: &mut Command) -> Result<(), BuildError> {
    let errors = std::io::stderr().as_fd().try_clone_to_owned();
    let errors = errors.map_err(|source| BuildError::Start { command: shown(command), source })?;
    run_to(errors.into(), command)
}

fn run_to(output: Stdio, command: &mut Command) -> Result<(), BuildError> {
    let status = command
        .stdin(Stdio::null())
        .stdout(output)
        .status()
        .map_err(|source| BuildError::Start { command: shown(command), source })?;
    if status.success() {
        return Ok(());
    }
    Err(BuildError::Command { command: shown(command), status, said: String::new() })
}

/// Runs a command and returns its standard output.
pub fn output(command: &mut Command) -> Result<String, BuildError> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|source| BuildError::Start { command: shown(command), source })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = if said.trim().is_empty() { String::new() } else { format!(":\n{}", said.trim()) };
    Err(BuildError::Command { command: shown(command), status: output.status, said })
}

/// Removes the selected environment variables from a child's environment.
pub fn forget(command: &mut Command, which: impl Fn(&str) -> bool) {
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(&which) {
            command.env_remove(name);
        }
    }
}

/// Whether a program is on `PATH`.
pub fn on_path(name: &str) -> bool {
    env::var_os("PATH").is_some_and(|path| env::split_paths(&path).any(|folder| folder.join(name).is_file()))
}

/// The command as a user would type it, without its environment.
fn shown(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy()];
    words.extend(command.get_args().map(|argument| argument.to_string_lossy()));
    words.join(" ")
}
