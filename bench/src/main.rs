//! Toril beside what one would take instead, in one run on one private Redis. All figures are meant as ratios: the machine
//! is shared, so the contenders take turns, and the median of the rounds counts.
//!
//! | module | what it does |
//! | --- | --- |
//! | [`contender`] | starts and ends the workers that are compared |
//! | [`native`] | one of them: BullMQ's Rust worker with a native closure |
//! | [`workload`] | the jobs |
//! | [`throughput`], [`latency`], [`memory`], [`start`] | what is measured |
//! | [`process`] | what a process tree takes, from `/proc` |
//! | [`report`] | tables and pictures |

mod contender;
mod latency;
mod memory;
mod native;
mod process;
mod queue;
mod report;
mod start;
mod throughput;
mod workload;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::{Parser, Subcommand};
use toril_tests::RedisServer;

use contender::Contender;
use report::Report;
use workload::{Servers, Workload};

#[derive(Parser)]
#[command(about = "Measures Toril beside what one would take instead")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measure, print the figures, and write them where that is asked for
    Run(Options),
    /// One of the contenders: BullMQ's Rust worker with a native closure
    #[command(hide = true)]
    Native { url: String, concurrency: usize, queues: Vec<String> },
}

#[derive(clap::Args)]
struct Options {
    /// Only the no-op jobs that the bars are about, and an error where one is missed
    #[arg(long)]
    short: bool,
    /// How often each contender has its turn
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// No-op jobs a turn, for the fast contenders; the others get a share
    #[arg(long, default_value_t = 20_000)]
    jobs: usize,
    /// Write docs/performance.md and its pictures to this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// The least ratio of no-op jobs a second at concurrency 100, against each of these.
const BARS: [(Contender, f64); 3] =
    [(Contender::NodeInline, 1.5), (Contender::NodeProcesses, 5.0), (Contender::RustNative, 1.0)];

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Run(options) => run(&options).await,
        Command::Native { url, concurrency, queues } => native::work(&url, concurrency, &queues).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: &Options) -> Result<()> {
    let redis = RedisServer::start_with(&["--appendonly", "no"]).await;
    let servers = Servers::start().await?;
    let mut report = Report::default();
    let turn = |workload, concurrency, queues| throughput::Turn {
        workload,
        concurrency,
        queues,
        jobs: options.jobs,
        rounds: options.rounds,
    };
    report.throughput(throughput::compare(&redis, &servers, &turn(Workload::Noop, 100, 1)).await?);
    if !options.short {
        for (workload, concurrency, queues) in [
            (Workload::Noop, 1, 1),
            (Workload::Noop, 10, 1),
            // A hundred in all: as many in each would be a thousand processes for one of them.
            (Workload::Noop, 10, 10),
            (Workload::Cpu, 100, 1),
            (Workload::Http, 100, 1),
            (Workload::Payload, 100, 1),
        ] {
            report.throughput(throughput::compare(&redis, &servers, &turn(workload, concurrency, queues)).await?);
        }
        report.memory(memory::compare(&redis).await?);
        report.start(start::compare(&redis, options.rounds).await?);
        report.reload(start::reload(&redis, options.rounds).await?);
    }
    report.latency(latency::compare(&redis, options.rounds).await?);
    println!("{report}");
    if let Some(folder) = &options.out {
        report.write(folder)?;
    }
    let missed: Vec<_> = BARS.iter().filter_map(|(contender, bar)| report.missed(*contender, *bar)).collect();
    if !missed.is_empty() {
        bail!("a bar is missed: {}", missed.join("; "));
    }
    Ok(())
}
