//! Compares Toril with BullMQ's own workers, in one run on one private Redis. Only the ratios matter: the machine is
//! shared, so the contenders take turns, and the median of the rounds counts.
//!
//! | module | what it does |
//! | --- | --- |
//! | [`options`] | the command line |
//! | [`contender`] | starts and ends the workers that are compared |
//! | [`native`] | one of the contenders: BullMQ's Rust worker with a native closure |
//! | [`workload`], [`inputs`] | the jobs, and the data of those that compute |
//! | [`rounds`], [`turn`] | turns, and their figures |
//! | [`throughput`], [`latency`], [`memory`], [`start`], [`build`], [`scaling`], [`database`] | the measurements |
//! | [`process`] | processor time and memory of a process tree, from `/proc` |
//! | [`measured`], [`targets`], [`report`], [`chart`] | the figures, their targets, tables and charts |

mod build;
mod chart;
mod contender;
mod database;
mod inputs;
mod latency;
mod measured;
mod memory;
mod native;
mod options;
mod process;
mod queue;
mod report;
mod rounds;
mod scaling;
mod start;
mod targets;
mod throughput;
mod turn;
mod workload;

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Parser, Subcommand};
use toril_tests::RedisServer;

use contender::Contender;
use measured::Measurements;
use options::{Options, Part};
use report::Report;
use rounds::{Missing, progress};
use workload::Servers;

#[derive(Parser)]
#[command(about = "Compares Toril with BullMQ's own workers")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measure, print the figures, and write the report if requested; fails if a target is missed
    Run(Options),
    /// One of the contenders: BullMQ's Rust worker with a native closure
    #[command(hide = true)]
    Native { url: String, concurrency: usize, queues: Vec<String> },
}

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
    let all = measure(options).await?;
    let targets = targets::Targets::of(&all);
    let report = Report::of(&all, &targets);
    println!("{}", report.text());
    if let Some(folder) = &options.out {
        report.write(folder)?;
    }
    let missed = |target: &targets::Target| {
        target.missed.as_ref().map(|by| format!("\n  {}: {} ({by}), {}", target.what, target.is, target.least))
    };
    let all: Vec<_> = targets.typescript.iter().chain(&targets.rust).collect();
    let missed: Vec<_> = all.iter().filter_map(|target| missed(target)).collect();
    if !missed.is_empty() {
        bail!("{} of {} targets are missed:{}", missed.len(), all.len(), missed.concat());
    }
    Ok(())
}

async fn measure(options: &Options) -> Result<Measurements> {
    let redis = RedisServer::start_with(&["--appendonly", "no"]).await;
    let servers = Servers::start().await?;
    let (contenders, rounds, jobs) = (options.contenders(), options.rounds(), options.jobs());
    compile(&redis, &contenders).await?;
    let mut all = Measurements::default();
    if options.wants(Part::Throughput) {
        for case in options.cases() {
            all.throughput.push(throughput::compare(&redis, &servers, &contenders, case, rounds, jobs).await);
        }
    }
    if options.wants(Part::Compute) {
        let (cases, contenders) = options.computing();
        let rounds = options.curve_rounds();
        for case in cases {
            all.compute.push(throughput::compare(&redis, &servers, &contenders, case, rounds, jobs).await);
        }
    }
    if options.wants(Part::Build) {
        all.build = Some(build::measure(rounds).await);
    }
    if options.wants(Part::Database) {
        let contenders = options.with_database();
        all.database = Some(database::compare(&redis, &contenders, options.curve_rounds(), jobs).await);
    }
    if options.wants(Part::Latency) {
        all.latency = latency::compare(&redis, &contenders, rounds).await;
    }
    if options.wants(Part::Memory) {
        all.memory = memory::compare(&redis, &contenders).await;
    }
    if options.wants(Part::Start) {
        all.start = start::compare(&redis, &contenders, rounds).await;
        all.reload = Some(start::reload(&redis, rounds).await.map_err(|error| {
            progress(format!("reload: {error:#}"));
            Missing::Failed
        }));
    }
    if options.wants(Part::Idle) {
        all.idle = memory::idle(&redis, &contenders).await;
    }
    if options.wants(Part::Scaling) {
        all.queues = scaling::queues(&redis, options.curve_rounds(), jobs).await;
        all.hosts = scaling::hosts(&redis, options.curve_rounds(), jobs).await;
        all.shards = scaling::shards(options.curve_rounds(), jobs).await;
        all.pens = scaling::pens(&redis).await;
    }
    progress("all measurements are done");
    Ok(all)
}

/// Runs one job on each contender, so that the plugins are compiled before the first turn.
async fn compile(redis: &RedisServer, contenders: &[Contender]) -> Result<()> {
    for contender in contenders.iter().filter(|one| one.is_toril()) {
        let took = start::first_job(redis, *contender).await;
        let took = took.with_context(|| format!("{} could not run a job", contender.title))?;
        progress(format!("{} is ready; its first job took {took:.0} ms", contender.title));
    }
    Ok(())
}
