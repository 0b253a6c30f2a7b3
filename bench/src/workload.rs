//! The jobs of the benchmarks. Their implementations do the same: tests/guests/bench, bench/js (for Toril and for
//! Node), bench/py and [`crate::native`]. The guest `postgres` has the jobs that insert rows.

use std::net::Ipv4Addr;
use std::time::Duration;

use anyhow::Result;
use axum::Router;
use axum::routing::get;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::inputs;

/// Rounds of arithmetic: about 1 ms on a processor of 2024.
const ROUNDS: u32 = 700_000;
/// Response time of the slow server.
const SLOW: Duration = Duration::from_millis(10);
/// Size of the payload, in bytes of JSON.
const PAYLOAD: usize = 64 * 1024;

/// The work of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Workload {
    /// Returns at once.
    Noop,
    /// About a millisecond of arithmetic.
    Cpu,
    /// Sends a request that is answered after 10 ms.
    Http,
    /// Returns its 64 KiB of data.
    Payload,
    /// Sums up 64 KiB of JSON.
    Json,
    /// Parses 64 KiB of CSV.
    Csv,
    /// Renders a template.
    Template,
    /// Sorts 10,000 objects.
    Sort,
    /// Makes many small objects.
    Objects,
    /// Searches text with regular expressions.
    Regexp,
    /// Hashes 64 KiB.
    Sha256,
    /// Inserts a row into PostgreSQL.
    #[value(skip)]
    Insert,
    /// Sleeps for some seconds.
    #[value(skip)]
    Hold,
}

impl Workload {
    /// The job's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Noop => "noop",
            Self::Cpu => "cpu",
            Self::Http => "http",
            Self::Payload => "payload",
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Template => "template",
            Self::Sort => "sort",
            Self::Objects => "objects",
            Self::Regexp => "regexp",
            Self::Sha256 => "sha256",
            Self::Insert => "insert",
            Self::Hold => "hold",
        }
    }

    /// Its name on the page.
    pub fn title(self) -> &'static str {
        match self {
            Self::Noop => "no-op",
            Self::Cpu => "1 ms of arithmetic",
            Self::Http => "10 ms of waiting for HTTP",
            Self::Payload => "64 KiB of data and result",
            Self::Json => "JSON: 64 KiB of orders to totals",
            Self::Csv => "CSV: 64 KiB with `papaparse`",
            Self::Template => "template with 200 rows, `mustache`",
            Self::Sort => "making and sorting 10,000 objects",
            Self::Objects => "5,000 small objects in and out of a `Map`",
            Self::Regexp => "three regular expressions over 64 KiB",
            Self::Sha256 => "SHA-256 of 64 KiB, `node:crypto`",
            Self::Insert => "one insert into PostgreSQL",
            Self::Hold => "sleeping",
        }
    }

    /// The job's data.
    pub fn data(self, servers: Option<&Servers>) -> Value {
        match self {
            Self::Noop => json!({}),
            Self::Cpu => json!({ "rounds": ROUNDS }),
            Self::Http => json!({ "url": servers.map(|servers| servers.slow.clone()) }),
            Self::Payload | Self::Sha256 => inputs::text(PAYLOAD),
            Self::Json => inputs::orders(),
            Self::Csv => inputs::csv(),
            Self::Template => inputs::rows(),
            Self::Sort => json!({ "count": 10_000 }),
            Self::Objects => json!({ "count": 5_000 }),
            Self::Regexp => inputs::log(),
            Self::Insert => json!({ "table": "inserted" }),
            Self::Hold => json!({ "ms": 4_000 }),
        }
    }

    /// Data of a job that does the same in less time.
    pub fn light(self, servers: Option<&Servers>) -> Value {
        match self {
            Self::Cpu => json!({ "rounds": 1_000 }),
            Self::Payload => json!({ "text": "x" }),
            Self::Sort | Self::Objects => json!({ "count": 100 }),
            _ => self.data(servers),
        }
    }

    /// Divides the maximum number of jobs of a turn.
    pub fn share(self) -> usize {
        match self {
            // Redis keeps them in memory with their results.
            Self::Payload | Self::Json | Self::Csv | Self::Regexp | Self::Sha256 => 4,
            _ => 1,
        }
    }

    /// Whether tests/guests/bench has it.
    pub fn is_in_rust(self) -> bool {
        !matches!(self, Self::Csv | Self::Template | Self::Objects | Self::Regexp)
    }
}

/// Runs this many rounds of a 32-bit xorshift.
pub fn churn(rounds: u32) -> u32 {
    let mut state: u32 = 0x9E37_79B9;
    for _ in 0..rounds {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
    }
    state
}

/// The servers that jobs talk to.
pub struct Servers {
    /// The origin of the slow server.
    pub slow: String,
}

impl Servers {
    /// Starts them on free ports of 127.0.0.1.
    pub async fn start() -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let slow = format!("http://{}", listener.local_addr()?);
        let answer = async || {
            tokio::time::sleep(SLOW).await;
            "ok"
        };
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(get(answer))).await });
        Ok(Self { slow })
    }
}
