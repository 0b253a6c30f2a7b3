//! Child processes that end with their owner.

use std::io::{self, Write};
use std::process::{Child, Command, ExitStatus};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::wait::within;

/// A signal that a test sends to a server.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Signal {
    /// SIGTERM: end in order.
    Terminate,
    /// SIGINT, as Ctrl-C sends.
    Interrupt,
    /// SIGQUIT: end at once. For PostgreSQL without a checkpoint.
    Quit,
    /// SIGSTOP: pause.
    Stop,
    /// SIGCONT: continue.
    Continue,
}

/// A child process. Dropping it kills it.
#[derive(Debug)]
pub(crate) struct Guarded(Child);

impl Guarded {
    pub fn start(command: &mut Command) -> Result<Self> {
        let child = command.spawn();
        child.map(Self).with_context(|| format!("could not start {}", command.get_program().display()))
    }

    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// Its exit status, if it has ended.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.0.try_wait().ok().flatten()
    }

    /// Waits for its end. `None` if it still runs after this time.
    pub async fn wait(&mut self, bound: Duration) -> Option<ExitStatus> {
        within(bound, async || self.ended()).await
    }

    /// Sends a signal, unless it has ended.
    pub fn signal(&mut self, signal: Signal) {
        if self.ended().is_some() {
            return;
        }
        let name = match signal {
            Signal::Terminate => "TERM",
            Signal::Interrupt => "INT",
            Signal::Quit => "QUIT",
            Signal::Stop => "STOP",
            Signal::Continue => "CONT",
        };
        // The shell's built-in `kill`, because the program may not be installed.
        let sent = Command::new("sh").arg("-c").arg(format!("kill -{name} {}", self.id())).status();
        assert!(sent.is_ok_and(|status| status.success()), "could not send SIG{name} to process {}", self.id());
    }

    /// Kills it, without a chance to clean up.
    pub fn kill(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Prints what a server has printed, if the test has failed. For destructors: unlike `eprintln!` it does not panic when
/// nobody reads standard error any more. A second panic would abort the test, and its servers would run on.
pub(crate) fn print_if_failed(what: &str, printed: impl FnOnce() -> String) {
    if std::thread::panicking() {
        let text = format!("── {what} printed:\n{}──\n", printed());
        let _ = io::stderr().write_all(text.as_bytes());
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        self.kill();
    }
}
