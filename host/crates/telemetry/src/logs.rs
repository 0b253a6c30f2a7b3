//! Logs: one line per event, for people or for programs.

use std::io::{IsTerminal, Stderr};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::reload::Handle;

use super::log_writer::LogWriter;

/// What logs look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// The default log filter: the host's own lines, and warnings of its libraries. Warnings of the BullMQ worker are
/// disabled, because it repeats them with every retry while Redis is unavailable. The host reports that once.
const DEFAULT: &str = "warn,toril=info,bullmq=off";

/// Targets that a filter must name explicitly to enable them: `wasmtime_wasi` and the libraries with that prefix. A
/// plugin can cause any number of warnings there, and at `trace` they log its arguments and results. The host itself
/// logs what the operator needs to know about failed requests, with a limit.
const QUIET: &str = "wasmtime_wasi=off";

/// Replaces the current filter. The error says why that failed.
type Change = Box<dyn Fn(EnvFilter) -> Result<(), String> + Send + Sync>;

/// Changes the filter at run time. Unset if this process uses its own logging.
static CHANGE: OnceLock<Change> = OnceLock::new();

/// The destination of log lines.
static WRITER: OnceLock<LogWriter<Stderr>> = OnceLock::new();

/// Writes the buffered lines. Call this before the process ends.
pub fn flush() {
    if let Some(writer) = WRITER.get() {
        writer.flush();
    }
}

/// Starts logging to standard error. `TORIL_LOG` uses the filter syntax of `tracing-subscriber`; empty means not set.
/// The error says that the filter is not valid.
pub fn start(format: LogFormat) -> Result<(), String> {
    let wanted = environment();
    let filter = parse(wanted.as_deref().unwrap_or(DEFAULT))
        .map_err(|error| format!("TORIL_LOG is not a valid filter, such as \"info\" or \"toril=debug\": {error}"))?;
    let writer = WRITER.get_or_init(|| LogWriter::new(std::io::stderr()));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer.clone());
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

/// Where the current filter comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A request at run time.
    Request,
    /// `TORIL_LOG`.
    Environment,
    /// `log` under `[host]`.
    Configuration,
    /// None of the others.
    Default,
}

impl Source {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Environment => "environment",
            Self::Configuration => "configuration",
            Self::Default => "default",
        }
    }
}

/// Why the filter was not changed.
#[derive(Debug, thiserror::Error)]
pub enum FilterError {
    /// The filter is not valid.
    #[error("this is not a valid filter, such as \"info\" or \"warn,toril=debug\": {0}")]
    Invalid(String),
    /// The process does not use Toril's logging.
    #[error("this process does not use Toril's logging, so its filter cannot be changed")]
    Foreign,
}

/// The longest filter, in bytes.
const LONGEST: usize = 1000;

/// The filters that were set at run time.
#[derive(Debug, Default)]
struct Filters {
    requested: Option<String>,
    configured: Option<String>,
}

static FILTERS: Mutex<Filters> = Mutex::new(Filters { requested: None, configured: None });

impl Filters {
    /// The filter that applies, and where it comes from.
    fn effective(&self, environment: Option<String>) -> (String, Source) {
        let filters = [
            (self.requested.clone(), Source::Request),
            (environment, Source::Environment),
            (self.configured.clone(), Source::Configuration),
        ];
        let first = filters.into_iter().find_map(|(filter, source)| Some((filter?, source)));
        first.unwrap_or_else(|| (DEFAULT.to_owned(), Source::Default))
    }
}

/// The current filter, and where it comes from.
pub fn filter() -> (String, Source) {
    filters().effective(environment())
}

/// Sets a filter that takes precedence over all others. None: use the environment and the configuration again.
pub fn set(wanted: Option<&str>) -> Result<(), FilterError> {
    let change = CHANGE.get().ok_or(FilterError::Foreign)?;
    if let Some(wanted) = wanted {
        check(wanted).map_err(FilterError::Invalid)?;
    }
    let mut filters = filters();
    filters.requested = wanted.map(str::to_owned);
    let (filter, source) = filters.effective(environment());
    // This line comes before the change, because the new filter may disable it.
    tracing::info!(filter, source = source.name(), "log filter changed");
    apply(change, &filter).map_err(FilterError::Invalid)
}

/// Sets the filter of the configuration (`[host].log`); None is the default filter. The environment takes precedence.
/// A filter that was set by a request is removed.
pub fn configure(wanted: Option<&str>) {
    let Some(change) = CHANGE.get() else { return };
    let mut filters = filters();
    filters.configured = wanted.map(str::to_owned);
    if environment().is_some() {
        return;
    }
    filters.requested = None;
    if let Err(error) = apply(change, &filters.effective(None).0) {
        tracing::error!(error, "log filter not changed");
    }
}

fn apply(change: &Change, filter: &str) -> Result<(), String> {
    parse(filter).and_then(change)
}

fn check(filter: &str) -> Result<(), String> {
    if filter.trim().is_empty() {
        return Err("it is empty; \"off\" logs nothing".to_owned());
    }
    if filter.len() > LONGEST {
        return Err(format!("it is longer than {LONGEST} bytes"));
    }
    parse(filter).map(drop)
}

/// Parses a filter, with [`QUIET`] in front. If two directives have the same target, the later one applies.
fn parse(filter: &str) -> Result<EnvFilter, String> {
    EnvFilter::try_new(format!("{QUIET},{filter}")).map_err(|error| error.to_string())
}

fn filters() -> MutexGuard<'static, Filters> {
    FILTERS.lock().unwrap_or_else(PoisonError::into_inner)
}

fn remember<S: 'static>(handle: Handle<EnvFilter, S>) {
    let _only_set_here = CHANGE.set(Box::new(move |filter| handle.reload(filter).map_err(|error| error.to_string())));
}

fn environment() -> Option<String> {
    std::env::var("TORIL_LOG").ok().filter(|wanted| !wanted.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_requested_filter_precedes_the_environment_and_the_configuration() {
        let effective = |requested: Option<&str>, environment: Option<&str>, configured: Option<&str>| {
            Filters { requested: requested.map(Into::into), configured: configured.map(Into::into) }
                .effective(environment.map(Into::into))
        };
        assert_eq!(effective(Some("a"), Some("b"), Some("c")), ("a".to_owned(), Source::Request));
        assert_eq!(effective(None, Some("b"), Some("c")), ("b".to_owned(), Source::Environment));
        assert_eq!(effective(None, None, None), (DEFAULT.to_owned(), Source::Default));
    }

    /// Whether a filter allows warnings of these two libraries, and of another one.
    fn warns(filter: &str) -> [bool; 3] {
        let filter = parse(filter).expect("a filter");
        let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::sink).finish();
        tracing::subscriber::with_default(logs, || {
            [
                tracing::enabled!(target: "wasmtime_wasi::p2", tracing::Level::WARN),
                tracing::enabled!(target: "wasmtime_wasi_http::p2", tracing::Level::WARN),
                tracing::enabled!(target: "another", tracing::Level::WARN),
            ]
        })
    }

    #[test]
    fn messages_that_plugins_can_repeat_endlessly_are_logged_only_if_their_module_is_named() {
        for general in [DEFAULT, "debug", "trace,toril=info"] {
            assert_eq!(warns(general), [false, false, true], "{general}");
        }
        assert_eq!(warns("warn,wasmtime_wasi_http=warn"), [false, true, true]);
    }

    #[test]
    fn an_invalid_filter_is_refused() {
        assert!(check("toril=loud").is_err() && check(" ").is_err() && check(&"a".repeat(1001)).is_err());
        assert!(check("warn,toril=debug").is_ok());
    }
}
