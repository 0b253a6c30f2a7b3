//! Toril's build and set-up steps, run as `cargo xtask COMMAND`.
//!
//! | module | what it does |
//! | --- | --- |
//! | [`setup`] | finds or installs a guest toolchain, a Redis server and, for tests, Node packages |
//! | [`guests`] | compiles plugins and test guests and encodes them as components |
//! | [`js_engine`] | compiles the JavaScript engine, which the host embeds |
//! | [`test`] | everything that CI checks, step by step |
//! | [`deny`] | the dependencies: licences, sources, duplicates, known vulnerabilities |
//! | [`images`] | container images and their digests |
//! | [`release`] | what must hold before a release |
//! | [`fuzz`] | fuzzes the parsers of untrusted input |
//! | [`bench`] | the benchmarks, built with optimizations |
//! | [`soak`] | runs jobs under every fault, and accounts for each job |
//! | [`demo`] | runs the host with both example plugins, and demonstrates a reload |
//! | [`reference`] | generates the reference of the plugins' jobs in the manual |
//! | [`workspace`], [`cargo`], [`process`] | paths, and running child processes |

mod bench;
mod cargo;
mod demo;
mod deny;
mod fuzz;
mod guests;
mod images;
mod js_engine;
mod process;
mod reference;
mod release;
mod setup;
mod soak;
mod test;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::workspace::Workspace;

#[derive(Parser)]
#[command(bin_name = "cargo xtask", about = "Toril's build and set-up steps")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Check the build dependencies, install missing ones, and print the location of each
    Setup {
        /// Also the dependencies of the tests, such as packages for Node and Python
        #[arg(long)]
        tests: bool,
    },
    /// Build the plugins as components into target/plugins
    BuildGuests(guests::Args),
    /// Build the JavaScript engine, which the host embeds and which `toril plugin build` needs for TypeScript
    BuildEngine,
    /// Run everything that CI runs; with a filter, only build for and run the matching tests
    Test {
        /// Parts of the names of the tests to run
        filter: Vec<String>,
    },
    /// Check the dependencies against deny.toml: licences, duplicates, sources, and known vulnerabilities
    Deny(deny::Args),
    /// List the container images that the project's files name, or pin them by digest
    Images(images::Args),
    /// Check the requirements of a release: no known advisory, and every container image pinned by digest
    ReleaseCheck,
    /// Fuzz every parser of untrusted input
    Fuzz(fuzz::Args),
    /// Compare Toril with BullMQ's own workers
    Bench(bench::Args),
    /// Run jobs under every fault and account for each job; fails if a job is lost
    Soak(soak::Args),
    /// Write the reference of the plugins' jobs into their pages of the manual, from their doc comments
    Reference(reference::Args),
    /// Run the host with both plugins, add jobs and replace a plugin while it runs
    Demo {
        /// Keep the host running until Ctrl-C
        #[arg(long)]
        stay: bool,
    },
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            for cause in error.chain().skip(1) {
                eprintln!("  because: {cause}");
            }
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<()> {
    let workspace = Workspace::find()?;
    match command {
        Command::Setup { tests } => setup::run(&workspace, tests).map(drop),
        Command::BuildGuests(args) => guests::run(&workspace, &args),
        Command::BuildEngine => js_engine::run(&workspace),
        Command::Test { filter } => test::run(&workspace, &filter),
        Command::Deny(args) => deny::run(&workspace, args),
        Command::Images(args) => images::run(&workspace, &args),
        Command::ReleaseCheck => release::check(&workspace),
        Command::Fuzz(args) => fuzz::run(&workspace, &args),
        Command::Bench(args) => bench::run(&workspace, &args),
        Command::Soak(args) => soak::run(&workspace, &args),
        Command::Reference(args) => reference::run(&workspace, &args),
        Command::Demo { stay } => demo::run(&workspace, stay),
    }
}
