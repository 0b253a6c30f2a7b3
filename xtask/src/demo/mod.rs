//! The demo: a host with both example plugins runs jobs, and one plugin is replaced while the host runs.

mod host;
mod project;
mod servers;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::cargo::{self, Metadata};
use crate::guests;
use crate::process;
use crate::setup;
use crate::workspace::Workspace;

use host::Host;
use project::Project;
use servers::Servers;

const AGENT_JOB: [&str; 3] = ["agent-commands", "send", r#"{"message": "Is the bull in the pen?"}"#];
const SYNC_JOB: [&str; 3] = ["github-sync", "sync", r#"{"repo": "octo-org/hello-world"}"#];
const RELOAD_BOUND: Duration = Duration::from_secs(60);

pub fn run(workspace: &Workspace, stay: bool) -> Result<()> {
    let redis = setup::run(workspace, false)?;
    guests::run(workspace, &guests::Args::default())?;
    let binaries = Binaries::build(workspace)?;
    let interrupted = Interrupted::watch()?;

    // In this order, so that an early return ends the host before the servers that its jobs use.
    let servers = Servers::start(&binaries.servers)?;
    let project = Project::create(workspace, &servers)?;
    let mut host = Host::start(&binaries.toril, &redis, &project, &interrupted)?;

    say("Two jobs, one for each plugin");
    let answer = host.add_and_wait(&AGENT_JOB)?;
    println!("agent-commands/send returned {answer}");
    let before = host.add_and_wait(&SYNC_JOB)?;
    println!("github-sync/sync returned {before}");

    say("Replacing github-sync.wasm while the host runs");
    replace_github_sync(workspace, &project)?;
    let after = wait_for_another_version(&mut host, &before, &interrupted)?;
    println!("before: version {} returned {before}", version(&before));
    println!("after:  version {} returned {after}", version(&after));

    if stay {
        say("The host keeps running until Ctrl-C. Add a job from another terminal:");
        println!("{}", host.example(&AGENT_JOB));
        println!("{}", host.example(&SYNC_JOB));
        println!("its log: {}", project.log().display());
        host.run_until(&interrupted)?;
    } else {
        say("Ending the host with SIGTERM");
        host.end()?;
    }
    println!("the host ended with exit code 0");
    Ok(())
}

fn say(what: &str) {
    println!("\n── {what}");
}

struct Binaries {
    toril: PathBuf,
    servers: PathBuf,
}

impl Binaries {
    fn build(workspace: &Workspace) -> Result<Self> {
        let mut build = cargo::command(workspace);
        build.args(["build", "--package", "toril", "--package", "toril-tests"]);
        process::run(build.args(["--bin", "toril", "--bin", "toril-test-servers"]))?;
        let metadata = Metadata::read(workspace)?;
        Ok(Self { toril: metadata.dev_binary("toril"), servers: metadata.dev_binary("toril-test-servers") })
    }
}

/// Builds a second version of the plugin and copies it into the folder that the host watches.
fn replace_github_sync(workspace: &Workspace, project: &Project) -> Result<()> {
    let args = guests::Args {
        only: vec!["github-sync".into()],
        variant: Some("2".into()),
        out: Some(project.variants()),
        ..guests::Args::default()
    };
    guests::run(workspace, &args)?;
    project.replace_plugin("github-sync")
}

/// Adds jobs until a result comes from another version of the plugin than the first one.
fn wait_for_another_version(host: &mut Host, before: &Value, interrupted: &Interrupted) -> Result<Value> {
    let end = Instant::now() + RELOAD_BOUND;
    loop {
        let result = host.add_and_wait(&SYNC_JOB)?;
        if version(&result) != version(before) {
            return Ok(result);
        }
        interrupted.check()?;
        if Instant::now() >= end {
            let seconds = RELOAD_BOUND.as_secs();
            bail!("github-sync was replaced {seconds} s ago, but version {} still runs its jobs", version(before));
        }
        thread::sleep(Duration::from_millis(200));
    }
}

/// The plugin's version in a job's result.
fn version(result: &Value) -> &str {
    result["version"].as_str().unwrap_or("unknown")
}

/// Whether this process was asked to end, and by which signal. Returning early ends its children, which the signal
/// alone would not do.
struct Interrupted(Arc<AtomicUsize>);

impl Interrupted {
    fn watch() -> Result<Self> {
        let last = Arc::new(AtomicUsize::new(0));
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            let number = usize::try_from(signal)?;
            signal_hook::flag::register_usize(signal, Arc::clone(&last), number)
                .context("could not listen for Ctrl-C")?;
        }
        Ok(Self(last))
    }

    fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed) != 0
    }

    /// Whether it was Ctrl-C, which a terminal also sends to the children.
    fn by_ctrl_c(&self) -> bool {
        i32::try_from(self.0.load(Ordering::Relaxed)) == Ok(SIGINT)
    }

    fn check(&self) -> Result<()> {
        if self.is_set() {
            bail!("the demo was interrupted");
        }
        Ok(())
    }
}
