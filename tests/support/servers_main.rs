//! Serves the agent and the GitHub that the example plugins talk to, for the demo and for manual tests.
//!
//!     toril-test-servers [--github-port PORT] [--agent-port PORT] [--postgres]
//!
//! Prints one JSON line, `{"github": URL, "agent": URL}`, and serves until its standard input is closed. With `--postgres`
//! it starts a PostgreSQL server, too, and the line has its URL as `postgres`.

use std::env;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use serde_json::json;
use toril_tests::{PostgresServer, agent, github};

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
    let Addresses { github, agent, postgres } = Addresses::parse(env::args().skip(1))?;
    let github = github::serve_at(github).await?;
    let agent = agent::serve_at(agent).await?;
    let postgres = if postgres { Some(PostgresServer::start().await) } else { None };
    let mut urls = json!({ "github": github.url(), "agent": agent.url() });
    if let Some(postgres) = &postgres {
        urls["postgres"] = json!(postgres.url());
    }
    println!("{urls}");

    let closed = tokio::task::spawn_blocking(|| io::copy(&mut io::stdin(), &mut io::sink()));
    closed.await?.context("could not read standard input")?;
    Ok(())
}

/// The addresses of the servers.
struct Addresses {
    github: SocketAddr,
    agent: SocketAddr,
    /// Whether to start PostgreSQL, on a free port.
    postgres: bool,
}

impl Addresses {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self> {
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let mut addresses = Self { github: free, agent: free, postgres: false };
        while let Some(argument) = arguments.next() {
            let address = match argument.as_str() {
                "--github-port" => &mut addresses.github,
                "--agent-port" => &mut addresses.agent,
                "--postgres" => {
                    addresses.postgres = true;
                    continue;
                }
                other => bail!(
                    "unknown option {other}: the options are --github-port PORT, --agent-port PORT and --postgres"
                ),
            };
            let port = arguments.next().with_context(|| format!("{argument} needs a port after it"))?;
            address.set_port(port.parse().with_context(|| format!("{argument} needs a port, but got {port}"))?);
        }
        Ok(addresses)
    }
}
