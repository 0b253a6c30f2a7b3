//! Serves the agent and the GitHub that the example plugins talk to, for the demo and for manual tests.
//!
//!     toril-test-servers [--github-port PORT] [--agent-port PORT]
//!
//! Prints one JSON line, `{"github": URL, "agent": URL}`, and serves until its standard input is closed.

use std::env;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use serde_json::json;
use toril_tests::{agent, github};

#[tokio::main]
async fn main() -> ExitCode {
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> Result<()> {
    let Addresses { github, agent } = Addresses::parse(env::args().skip(1))?;
    let github = github::serve_at(github).await?;
    let agent = agent::serve_at(agent).await?;
    println!("{}", json!({ "github": github.url(), "agent": agent.url() }));

    let closed = tokio::task::spawn_blocking(|| io::copy(&mut io::stdin(), &mut io::sink()));
    closed.await?.context("could not read standard input")?;
    Ok(())
}

/// The addresses of the servers.
struct Addresses {
    github: SocketAddr,
    agent: SocketAddr,
}

impl Addresses {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self> {
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let mut addresses = Self { github: free, agent: free };
        while let Some(argument) = arguments.next() {
            let address = match argument.as_str() {
                "--github-port" => &mut addresses.github,
                "--agent-port" => &mut addresses.agent,
                other => bail!("unknown option {other}: the options are --github-port PORT and --agent-port PORT"),
            };
            let port = arguments.next().with_context(|| format!("{argument} needs a port after it"))?;
            address.set_port(port.parse().with_context(|| format!("{argument} needs a port, but got {port}"))?);
        }
        Ok(addresses)
    }
}
