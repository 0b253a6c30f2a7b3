//! Logs: one line an event, for people or for programs.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// What logs look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// What is logged when `TORIL_LOG` does not say: this host's own lines, and what its libraries warn of. Not the BullMQ
/// worker's: its warnings repeat for every try while Redis is away, where the host says it once.
const DEFAULT: &str = "warn,toril=info,bullmq=off";

/// Sends logs to standard error, from now on. `TORIL_LOG` takes the filter syntax of `tracing-subscriber`; empty means
/// not set. The error says that it is no such filter.
pub fn start(format: LogFormat) -> Result<(), String> {
    let wanted = std::env::var("TORIL_LOG").ok().filter(|wanted| !wanted.is_empty());
    let filter = EnvFilter::try_new(wanted.as_deref().unwrap_or(DEFAULT))
        .map_err(|error| format!("TORIL_LOG is no filter such as \"info\" or \"toril=debug\": {error}"))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match format {
        LogFormat::Text => builder.with_ansi(std::io::stderr().is_terminal()).with_target(false).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    if let Err(error) = started {
        return Err(format!("logging was set up before: {error}"));
    }
    Ok(())
}
