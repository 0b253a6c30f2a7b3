//! The servers that stand for an agent and for GitHub in the demo.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{ChildStdin, Command, Stdio};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::process::Running;

pub struct Servers {
    /// Ends the servers when it is dropped.
    _process: Running,
    /// The servers exit when this is closed, and so when this process ends for any reason.
    _alive: Option<ChildStdin>,
    pub agent: String,
    pub github: String,
}

impl Servers {
    pub fn start(program: &Path) -> Result<Self> {
        let mut command = Command::new(program);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = Running::start("the demo's servers", &mut command)?;
        let alive = process.child.stdin.take();
        let mut line = String::new();
        let stdout = process.child.stdout.take().context("the demo's servers have no standard output")?;
        BufReader::new(stdout).read_line(&mut line).context("could not read the URLs of the demo's servers")?;
        let (agent, github) =
            urls(&line).with_context(|| format!("the demo's servers did not print their URLs, but {line:?}"))?;
        Ok(Self { _process: process, _alive: alive, agent, github })
    }
}

fn urls(line: &str) -> Option<(String, String)> {
    let urls: Value = serde_json::from_str(line).ok()?;
    Some((urls["agent"].as_str()?.into(), urls["github"].as_str()?.into()))
}
