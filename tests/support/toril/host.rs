//! The host as a child process.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use super::Toril;
use crate::http;
use crate::process::{Guarded, Signal};
use crate::wait::{LONG, within};

impl Toril {
    /// Writes the configuration and starts `toril run`.
    pub fn spawn_run(self) -> Self {
        self.spawn(["run"])
    }

    /// Writes the configuration and starts `toril` with these arguments and `--config`.
    pub fn spawn<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.start(arguments);
        self
    }

    /// Starts the host again after it has ended, with the present folder and environment. Begins a new log.
    pub fn start<A: AsRef<OsStr>>(&mut self, arguments: impl IntoIterator<Item = A>) {
        if let Some(process) = &mut self.process {
            assert!(process.ended().is_some(), "the host still runs: end it before it is started again");
        }
        self.write_config();
        self.starts += 1;
        let mut command = self.command(arguments);
        command.stdin(Stdio::null()).stdout(self.log("stdout")).stderr(self.log("stderr"));
        self.process = Some(Guarded::start(&mut command).unwrap_or_else(|error| panic!("{error:#}")));
    }

    /// Waits until `GET /readyz` answers 200.
    pub async fn wait_ready(&mut self) {
        let url = self.url("/readyz");
        let ready = within(LONG, async || {
            self.check_alive("to be ready");
            http::get(&url).await.is_ok_and(|answer| answer.status == 200)
        });
        if ready.await.is_none() {
            panic!("the host was not ready within {LONG:?}: {:?}", http::get(&url).await);
        }
    }

    /// Waits until the host has printed this text, to standard output or standard error. Returns the whole line.
    pub async fn wait_for_log(&mut self, part: &str, bound: Duration) -> String {
        let line = within(bound, async || {
            let line = self.logs().lines().find(|line| line.contains(part)).map(str::to_owned);
            if line.is_none() {
                self.check_alive(&format!("to print {part:?}"));
            }
            line
        });
        line.await.unwrap_or_else(|| panic!("the host did not print {part:?} within {bound:?}"))
    }

    /// The host's output since its last start: standard output, then standard error.
    pub fn logs(&self) -> String {
        let read = |stream| fs::read(self.log_path(stream)).unwrap_or_default();
        let text = [read("stdout"), read("stderr")].concat();
        String::from_utf8_lossy(&text).into_owned()
    }

    /// The host's process id.
    pub fn pid(&mut self) -> u32 {
        self.running().id()
    }

    /// Sends SIGTERM: the first one starts a graceful shutdown, a second one ends the host at once.
    pub fn terminate(&mut self) {
        self.running().signal(Signal::Terminate);
    }

    /// Sends SIGINT, as Ctrl-C does.
    pub fn interrupt(&mut self) {
        self.running().signal(Signal::Interrupt);
    }

    /// Pauses the host with SIGSTOP, as a paused machine would.
    pub fn pause(&mut self) {
        self.running().signal(Signal::Stop);
    }

    /// Continues it after [`Toril::pause`].
    pub fn resume(&mut self) {
        self.running().signal(Signal::Continue);
    }

    /// Kills the host, without a chance to clean up.
    pub fn kill(&mut self) {
        self.running().kill();
    }

    /// Waits for the host's end. Panics after the time limit.
    pub async fn wait_exit(&mut self, bound: Duration) -> ExitStatus {
        let ended = self.running().wait(bound).await;
        ended.unwrap_or_else(|| panic!("the host did not end within {bound:?}"))
    }

    /// Ends the host with SIGTERM, and returns its exit code.
    pub async fn end(&mut self) -> Option<i32> {
        self.terminate();
        self.wait_exit(LONG).await.code()
    }

    /// Whether the host runs.
    pub fn is_running(&mut self) -> bool {
        self.process.as_mut().is_some_and(|process| process.ended().is_none())
    }

    fn running(&mut self) -> &mut Guarded {
        self.process.as_mut().unwrap_or_else(|| panic!("the host was not started: call spawn_run() first"))
    }

    fn check_alive(&mut self, awaited: &str) {
        if let Some(status) = self.running().ended() {
            panic!("the host ended with {status} while the test waited for it {awaited}");
        }
    }

    fn log(&self, stream: &str) -> File {
        let path = self.log_path(stream);
        // Not in the folder of the configuration, which the host watches.
        let folder = path.parent().unwrap_or_else(|| self.folder());
        std::fs::create_dir_all(folder)
            .unwrap_or_else(|error| panic!("could not create {}: {error}", folder.display()));
        File::create(&path).unwrap_or_else(|error| panic!("could not create {}: {error}", path.display()))
    }

    fn log_path(&self, stream: &str) -> PathBuf {
        self.folder().join("logs").join(format!("{stream}-{}.log", self.starts))
    }
}
