//! Toril's build and set-up steps, run as `cargo xtask COMMAND`.
//!
//! | module | what it does |
//! | --- | --- |
//! | [`setup`] | finds or installs a guest toolchain, a Redis server and, for tests, Node packages |
//! | [`guests`] | compiles plugins and test guests and encodes them as components |
//! | [`test`] | everything that CI checks, step by step |
//! | [`deny`] | the dependencies: licences, sources, duplicates, known vulnerabilities |
//! | [`images`] | container images and their digests |
//! | [`release`] | what must hold before a release |
//! | [`fuzz`] | drives what parses the words of others |
//! | [`bench`] | the benchmarks, with everything built for speed |
//! | [`soak`] | jobs under every fault, and an account of each |
//! | [`demo`] | the host with both example plugins, and a hot reload before one's eyes |
//! | [`reference`] | the reference of the plugins' jobs in the manual, made from the plugins |
//! | [`workspace`], [`cargo`], [`process`] | where things are, and how child processes are run |

mod bench;
mod cargo;
mod demo;
mod deny;
mod fuzz;
mod guests;
mod images;
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
    /// Find what building needs, install what is missing, and say where everything is
    Setup {
        /// Also what only the tests need: the packages for Node and Python
        #[arg(long)]
        tests: bool,
    },
    /// Build the plugins as components into target/plugins
    BuildGuests(guests::Args),
    /// Run everything that CI runs; with a filter, only build and run the tests that match
    Test {
        /// Parts of the names of the tests to run
        filter: Vec<String>,
    },
    /// Check the dependencies against deny.toml: licences, duplicates, sources, and known vulnerabilities
    Deny(deny::Args),
    /// List the container images that the project's files name, or pin them by digest
    Images(images::Args),
    /// Check what must hold before a release: no known advisory, and every container image pinned by digest
    ReleaseCheck,
    /// Drive everything that parses what others wrote with inputs that nobody thought of
    Fuzz(fuzz::Args),
    /// Measure Toril beside what one would take instead, in one run
    Bench(bench::Args),
    /// Run jobs under every fault, each alone and all mixed, and account for every one: an error where one is lost
    Soak(soak::Args),
    /// Write the reference of the plugins' jobs into their pages of the manual, from what they say of themselves
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
