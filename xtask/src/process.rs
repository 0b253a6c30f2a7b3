//! Child processes: run to completion, run with a time limit, or ended with their owner.

use std::env;
use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

const POLL: Duration = Duration::from_millis(20);

/// The output of a finished command.
pub struct Printed {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

impl Printed {
    /// The last part of its output, for an error message.
    pub fn last_words(&self) -> &str {
        let text = if self.stderr.trim().is_empty() { &self.stdout } else { &self.stderr };
        let text = text.trim();
        let start = text.char_indices().rev().nth(1500).map_or(0, |(at, _)| at);
        &text[start..]
    }
}

/// Runs a command that prints to the user's terminal. Fails unless it exits with code 0.
pub fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("could not start {}", shown(command)))?;
    if !status.success() {
        bail!("{} ended with {status}", shown(command));
    }
    Ok(())
}

/// Runs a command and returns its standard output. Fails unless it exits with code 0.
pub fn output(command: &mut Command) -> Result<String> {
    let printed = output_within(command, Duration::from_secs(3600))?;
    if !printed.status.success() {
        bail!("{} ended with {}:\n{}", shown(command), printed.status, printed.last_words());
    }
    Ok(printed.stdout)
}

/// Runs a command and returns its output, whatever its exit code. After the time limit, kills the command and fails.
pub fn output_within(command: &mut Command, limit: Duration) -> Result<Printed> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("could not start {}", shown(command)))?;
    let stdout = collect(child.stdout.take());
    let stderr = collect(child.stderr.take());
    let Some(status) = wait_within(&mut child, limit)? else {
        // The readers are not joined, because a grandchild may still hold the pipes.
        child.kill().and_then(|()| child.wait()).with_context(|| format!("could not stop {}", shown(command)))?;
        bail!("{} did not end within {} s and was stopped", shown(command), limit.as_secs());
    };
    Ok(Printed { status, stdout: joined(stdout), stderr: joined(stderr) })
}

/// Waits for a child until the limit. `None` if it still runs.
pub fn wait_within(child: &mut Child, limit: Duration) -> Result<Option<ExitStatus>> {
    let end = Instant::now() + limit;
    loop {
        if let Some(status) = child.try_wait().context("could not wait for a child process")? {
            return Ok(Some(status));
        }
        if Instant::now() >= end {
            return Ok(None);
        }
        thread::sleep(POLL);
    }
}

/// Sends SIGTERM to a process. Uses the shell's built-in `kill`, because the program may not be installed.
pub fn terminate(pid: u32) -> Result<()> {
    run(Command::new("sh").arg("-c").arg(format!("kill -TERM {pid}")))
}

/// Whether a process with this id runs.
pub fn is_alive(pid: u64) -> bool {
    let check = format!("kill -0 {pid} 2>/dev/null");
    Command::new("sh").arg("-c").arg(check).status().is_ok_and(|status| status.success())
}

/// Looks for a program on `PATH`.
pub fn on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(name)).find(|program| program.is_file())
}

/// The command as a user would type it, without its environment.
pub fn shown(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy()];
    words.extend(command.get_args().map(|arg| arg.to_string_lossy()));
    format!("`{}`", words.join(" "))
}

/// A child that ends with its owner, also if the owner fails.
pub struct Running {
    pub child: Child,
    name: &'static str,
}

impl Running {
    pub fn start(name: &'static str, command: &mut Command) -> Result<Self> {
        let child = command.spawn().with_context(|| format!("could not start {name} ({})", shown(command)))?;
        Ok(Self { child, name })
    }

    /// Fails if it has ended already.
    pub fn check(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            Some(status) => bail!("{} ended by itself with {status}", self.name),
            None => Ok(()),
        }
    }

    /// Asks it to end, and returns its exit status.
    pub fn end(&mut self, bound: Duration) -> Result<ExitStatus> {
        self.check()?;
        terminate(self.child.id())?;
        wait_within(&mut self.child, bound)?
            .with_context(|| format!("{} still ran {} s after it was asked to end", self.name, bound.as_secs()))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(None)) {
            return;
        }
        // SIGTERM first, because it may have children to end.
        let polite = terminate(self.child.id()).and_then(|()| wait_within(&mut self.child, Duration::from_secs(15)));
        if !matches!(polite, Ok(Some(_))) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

fn collect<R: Read + Send + 'static>(pipe: Option<R>) -> JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            let _ = pipe.read_to_end(&mut bytes);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

fn joined(reader: JoinHandle<String>) -> String {
    reader.join().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_command_that_takes_too_long_is_stopped() {
        let start = Instant::now();
        let error = output_within(&mut shell("sleep 60"), Duration::from_millis(100)).err();
        assert!(error.is_some_and(|error| error.to_string().contains("did not end")));
        assert!(start.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn the_error_of_a_failed_command_has_its_output() {
        let error = output(&mut shell("echo out; echo wrong >&2; exit 3")).err().map(|error| error.to_string());
        assert!(error.is_some_and(|error| error.contains("exit status: 3") && error.contains("wrong")));
    }

    #[test]
    fn a_running_child_ends_with_its_owner() -> Result<()> {
        let running = Running::start("a sleeper", &mut shell("exec sleep 60"))?;
        let pid = running.child.id();
        drop(running);
        assert!(!is_alive(pid.into()));
        Ok(())
    }
}
