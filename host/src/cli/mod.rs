//! The command line. Each command has its own file.

mod add;
mod add_flow;
mod bulk;
mod cancel;
mod change;
mod check;
mod clean;
mod client;
mod config_file;
mod dead_letters;
mod deduplication;
mod dev;
mod error;
mod events;
mod flow;
mod job;
mod jobs;
mod limits;
mod obliterate;
mod output;
mod pause;
mod plugin;
mod priorities;
mod queues;
mod retry;
mod run;
mod schedulers;
mod text;
mod trim_events;
mod workers;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

use self::config_file::{DEFAULT_CONFIG, default_config, setting};
use self::error::{CliError, CommandResult, WRONG};
use toril_telemetry::LogFormat;

/// Runs BullMQ jobs in sandboxed, hot-reloadable WebAssembly components.
#[derive(Debug, Parser)]
#[command(name = "toril", version, max_term_width = 100)]
struct Cli {
    /// The configuration [default: queues.toml, here or, for all but `run`, in the nearest folder above].
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// What logs on standard error look like. Without it: TORIL_LOG_FORMAT, else text.
    #[arg(long, global = true, value_enum)]
    log_format: Option<LogFormat>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Work the queues, until SIGINT or SIGTERM.
    Run,
    /// The same with a private Redis server whose data is kept in .toril, beside the configuration.
    Dev(dev::Dev),
    /// Say everything that is wrong with the configuration and the plugins.
    Check(check::Check),
    /// Add a job to a queue, or many.
    Add(Box<add::Add>),
    /// Add a flow: a tree of jobs over several queues, in which each job waits for its children.
    AddFlow(add_flow::AddFlow),
    /// Count the jobs of each queue.
    Queues(queues::Queues),
    /// List the jobs of a queue that are in one state.
    Jobs(jobs::Jobs),
    /// Show one job.
    Job(job::Job),
    /// Show a job and its children, as a tree.
    Flow(flow::Flow),
    /// Count the jobs of a queue that wait with each priority.
    Priorities(priorities::Priorities),
    /// List the workers that are connected to a queue, of whatever language.
    Workers(workers::Workers),
    /// Follow what happens in a queue, until SIGINT or SIGTERM.
    Events(events::Events),
    /// Remove the oldest events of a queue.
    TrimEvents(trim_events::TrimEvents),
    /// Run failed or completed jobs again.
    Retry(retry::Retry),
    /// Let a delayed job be claimed now.
    Promote(change::Promote),
    /// Remove a job.
    Remove(change::Remove),
    /// Change the priority or the delay of a job.
    Change(change::Change),
    /// Let no job of a queue be claimed, on any host.
    Pause(pause::Pause),
    /// Let jobs of a queue be claimed again.
    Resume(pause::Pause),
    /// Remove every job of a queue that waits.
    Drain(clean::Drain),
    /// Remove jobs of a queue by state and age.
    Clean(clean::Clean),
    /// Remove a paused queue with every job in it.
    Obliterate(obliterate::Obliterate),
    /// Show and change what bounds all workers of a queue together.
    Limits(limits::Limits),
    /// Show which job holds a deduplication id, or let it go.
    Deduplication(deduplication::Deduplication),
    /// List, make and remove job schedulers.
    #[command(subcommand)]
    Schedulers(schedulers::Schedulers),
    /// Bring jobs that have failed for good back to their queues.
    #[command(subcommand)]
    DeadLetters(dead_letters::DeadLetters),
    /// End a job that runs, wherever it does.
    Cancel(cancel::Cancel),
    /// Write, build, look at and test plugins, without a host and without Redis.
    #[command(subcommand)]
    Plugin(Box<plugin::Plugin>),
    /// Compiles a plugin for the host that has started it.
    #[command(hide = true, name = toril_sandbox::COMPILE_COMMAND)]
    CompilePlugin {
        /// The folder of artifacts.
        cache: PathBuf,
        /// The most memory in bytes.
        memory: u64,
        /// How many bytes come on standard input.
        size: usize,
        /// Make use of functions of earlier components.
        #[arg(long)]
        functions: bool,
    },
    /// Keeps the private server of `toril dev`, and ends it when its standard input ends.
    #[command(hide = true)]
    RedisGuard {
        /// The server's binary.
        server: String,
        /// Where it listens.
        port: u16,
        /// What it is started with.
        #[arg(last = true)]
        arguments: Vec<String>,
    },
}

/// Parses the command line and runs the command.
pub fn main() -> ExitCode {
    let code = match Cli::try_parse() {
        Ok(cli) => run(cli).unwrap_or_else(CliError::print),
        // Help is a result as well, and clap returns it as an error.
        Err(help) if !help.use_stderr() => {
            output::note(help.print());
            ExitCode::SUCCESS
        }
        Err(wrong) => wrong.exit(),
    };
    output::end(code)
}

fn run(cli: Cli) -> CommandResult {
    if let Command::RedisGuard { server, port, arguments } = &cli.command {
        return Ok(crate::embedded::guard(server, *port, arguments));
    }
    if let Command::CompilePlugin { cache, memory, size, functions } = cli.command {
        return Ok(toril_sandbox::CompileOrder { cache, memory, size, functions }.carry_out());
    }
    toril_sandbox::compile_with(own_program());
    log_format(cli.log_format).and_then(toril_telemetry::logs::start).map_err(CliError::wrong)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().thread_name("toril").enable_all().build();
    let runtime = runtime.map_err(|reason| CliError::failed(format!("threads cannot be started: {reason}")))?;
    let found = cli.config.clone().unwrap_or_else(default_config);
    let config = found.as_path();
    let result = runtime.block_on(async {
        match cli.command {
            // In production, a host uses only the configuration that it was given, and does not search parent
            // folders.
            Command::Run => run::run(cli.config.as_deref().unwrap_or(Path::new(DEFAULT_CONFIG))).await,
            Command::Dev(dev) => dev.run(config).await,
            Command::Check(check) => check.run(config).await,
            Command::Add(add) => add.run(config).await,
            Command::AddFlow(flow) => flow.run(config).await,
            Command::Priorities(priorities) => priorities.run(config).await,
            Command::Workers(workers) => workers.run(config).await,
            Command::TrimEvents(trim) => trim.run(config).await,
            Command::Obliterate(obliterate) => obliterate.run(config).await,
            Command::Limits(limits) => limits.run(config).await,
            Command::Deduplication(deduplication) => deduplication.run(config).await,
            Command::Queues(queues) => queues.run(config).await,
            Command::Jobs(jobs) => jobs.run(config).await,
            Command::Job(job) => job.run(config).await,
            Command::Flow(flow) => flow.run(config).await,
            Command::Events(events) => events.run(config).await,
            Command::Retry(retry) => retry.run(config).await,
            Command::Promote(promote) => promote.run(config).await,
            Command::Remove(remove) => remove.run(config).await,
            Command::Change(change) => change.run(config).await,
            Command::Pause(pause) => pause.pause(config).await,
            Command::Resume(pause) => pause.resume(config).await,
            Command::Drain(drain) => drain.run(config).await,
            Command::Clean(clean) => clean.run(config).await,
            Command::Schedulers(schedulers) => schedulers.run(config).await,
            Command::DeadLetters(letters) => letters.run(config).await,
            Command::Cancel(cancel) => cancel.run(config).await,
            Command::Plugin(plugin) => plugin.run(cli.config.as_deref()).await,
            Command::RedisGuard { .. } | Command::CompilePlugin { .. } => Ok(ExitCode::from(WRONG)),
        }
    });
    // The command has already waited for its tasks, or has abandoned them.
    runtime.shutdown_background();
    toril_telemetry::logs::flush();
    result
}

/// The path of the running program, even if its file has been replaced since.
fn own_program() -> PathBuf {
    let running = Path::new("/proc/self/exe");
    match running.exists() {
        true => running.into(),
        false => std::env::current_exe().unwrap_or_else(|_| "toril".into()),
    }
}

fn log_format(given: Option<LogFormat>) -> Result<LogFormat, String> {
    let format = |name: String| {
        LogFormat::from_str(&name, true).map_err(|_| format!("TORIL_LOG_FORMAT is {name:?}, and may be text or json"))
    };
    match (given, setting("TORIL_LOG_FORMAT")) {
        (Some(given), _) => Ok(given),
        (None, Some(name)) => format(name),
        (None, None) => Ok(LogFormat::Text),
    }
}
