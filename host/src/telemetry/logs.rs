//! Logs: one line an event, for people or for programs.

use std::io::IsTerminal;
use std::sync::OnceLock;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::reload::Handle;

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

/// Puts another filter in the place of the one that is used. The error says why that did not work.
type Change = Box<dyn Fn(EnvFilter) -> Result<(), String> + Send + Sync>;

/// How the filter is changed while the process runs. Not there: this process logs in a way of its own.
static CHANGE: OnceLock<Change> = OnceLock::new();

/// Sends logs to standard error, from now on. `TORIL_LOG` takes the filter syntax of `tracing-subscriber`; empty means
/// not set. The error says that it is no such filter.
pub fn start(format: LogFormat) -> Result<(), String> {
    let wanted = environment();
    let filter = EnvFilter::try_new(wanted.as_deref().unwrap_or(DEFAULT))
        .map_err(|error| format!("TORIL_LOG is no filter such as \"info\" or \"toril=debug\": {error}"))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match format {
        LogFormat::Text => {
            let builder = builder.with_ansi(std::io::stderr().is_terminal()).with_target(false);
            let builder = builder.with_filter_reloading();
            remember(builder.reload_handle());
            builder.try_init()
        }
        LogFormat::Json => {
            let builder = builder.json().flatten_event(true).with_filter_reloading();
            remember(builder.reload_handle());
            builder.try_init()
        }
    };
    if let Err(error) = started {
        return Err(format!("logging was set up before: {error}"));
    }
    Ok(())
}

/// Logs what the configuration says (`[host].log`) from now on, None being the default, unless the environment says it.
pub fn configure(wanted: Option<&str>) {
    let Some(change) = CHANGE.get() else { return };
    if environment().is_some() {
        return;
    }
    let changed = EnvFilter::try_new(wanted.unwrap_or(DEFAULT)).map_err(|error| error.to_string()).and_then(change);
    if let Err(error) = changed {
        tracing::error!(error, "what is logged could not be changed");
    }
}

fn remember<S: 'static>(handle: Handle<EnvFilter, S>) {
    let _only_set_here = CHANGE.set(Box::new(move |filter| handle.reload(filter).map_err(|error| error.to_string())));
}

fn environment() -> Option<String> {
    std::env::var("TORIL_LOG").ok().filter(|wanted| !wanted.is_empty())
}
