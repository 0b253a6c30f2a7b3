//! The demo's host: `toril dev` as a child process, and jobs that `toril add` adds to it.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Error, Result, anyhow, bail};
use serde_json::Value;

use super::Interrupted;
use super::project::Project;
use crate::process::{self, Running};
use crate::setup::redis::{self, RedisServer};

const START_BOUND: Duration = Duration::from_secs(120);
const JOB_BOUND: Duration = Duration::from_secs(60);
/// Longer than `shutdown_timeout` in the demo's configuration.
const END_BOUND: Duration = Duration::from_secs(30);

pub struct Host {
    process: Running,
    program: PathBuf,
    config: PathBuf,
    log: PathBuf,
}

impl Host {
    /// Starts `toril dev` and waits until it is ready.
    pub fn start(program: &Path, redis: &RedisServer, project: &Project, interrupted: &Interrupted) -> Result<Self> {
        let log =
            File::create(project.log()).with_context(|| format!("could not create {}", project.log().display()))?;
        let mut command = Command::new(program);
        command.current_dir(project.folder()).args(["dev", "--config"]).arg(project.config());
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        // It starts its own Redis, with the program that the set-up step has found.
        command.env(redis::CHOICE, &redis.path);
        command.env_remove("REDIS_URL").env_remove("REDIS_TLS").env_remove("TORIL_CONCURRENCY");
        let process = Running::start("toril dev", &mut command)?;
        let mut host = Self { process, program: program.into(), config: project.config(), log: project.log() };
        host.wait_until_ready(project, interrupted).map_err(|error| host.with_log(&error))?;
        println!("toril dev is ready at http://{}", project.listen);
        Ok(host)
    }

    /// Adds a job of [queue, name, data] and returns its result.
    pub fn add_and_wait(&mut self, job: &[&str; 3]) -> Result<Value> {
        self.process.check().map_err(|error| self.with_log(&error))?;
        let mut add = self.add_command(job);
        returned(&mut add).map_err(|error| self.with_log(&error))
    }

    /// The command line that adds such a job, for the user to copy.
    pub fn example(&self, job: &[&str; 3]) -> String {
        let [queue, name, data] = job;
        let (program, config) = (self.program.display(), self.config.display());
        format!("  {program} add --dev --config {config} {queue} {name} --data '{data}' --wait")
    }

    /// Sends SIGTERM. Fails unless the host then exits with code 0.
    pub fn end(&mut self) -> Result<()> {
        let status = self.process.end(END_BOUND).map_err(|error| self.with_log(&error))?;
        self.ended_well(status)
    }

    /// Waits until this process is asked to end, then ends the host. A host in the same terminal gets Ctrl-C as well,
    /// and a second signal would cut its shutdown short.
    pub fn run_until(&mut self, interrupted: &Interrupted) -> Result<()> {
        while !interrupted.is_set() {
            self.process.check().map_err(|error| self.with_log(&error))?;
            thread::sleep(Duration::from_millis(100));
        }
        if interrupted.by_ctrl_c()
            && let Some(status) = process::wait_within(&mut self.process.child, END_BOUND)?
        {
            return self.ended_well(status);
        }
        self.end()
    }

    fn ended_well(&self, status: ExitStatus) -> Result<()> {
        if status.code() != Some(0) {
            return Err(self.with_log(&anyhow!("toril dev ended with {status} instead of exit code 0")));
        }
        Ok(())
    }

    fn add_command(&self, [queue, name, data]: &[&str; 3]) -> Command {
        let mut add = Command::new(&self.program);
        add.args(["add", "--dev", "--config"]).arg(&self.config);
        add.args([queue, name, "--data", data, "--wait"]);
        add.env_remove("REDIS_URL").env_remove("REDIS_TLS");
        add
    }

    fn wait_until_ready(&mut self, project: &Project, interrupted: &Interrupted) -> Result<()> {
        let end = Instant::now() + START_BOUND;
        while !(project.dev_file().is_file() && is_ready(&project.listen)) {
            self.process.check()?;
            interrupted.check()?;
            if Instant::now() >= end {
                bail!("toril dev was not ready within {} s", START_BOUND.as_secs());
            }
            thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }

    /// The error, followed by the end of the host's log.
    fn with_log(&self, error: &Error) -> Error {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<_> = log.lines().collect();
        let end = lines[lines.len().saturating_sub(30)..].join("\n");
        anyhow!("{error:#}\nthe host's log, {}, ends with:\n{end}", self.log.display())
    }
}

/// The result of the job that this `toril add --wait` adds.
fn returned(add: &mut Command) -> Result<Value> {
    let printed = process::output_within(add, JOB_BOUND)?;
    if !printed.status.success() {
        bail!("{} ended with {}: {}", process::shown(add), printed.status, printed.last_words());
    }
    serde_json::from_str(&printed.stdout)
        .with_context(|| format!("{} did not print JSON: {:?}", process::shown(add), printed.stdout))
}

/// Whether the host answers 200 to `GET /readyz`.
fn is_ready(address: &str) -> bool {
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        write!(stream, "GET /readyz HTTP/1.0\r\nHost: {address}\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    ask().is_ok_and(|answer| answer.split(' ').nth(1) == Some("200"))
}
