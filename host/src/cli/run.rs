//! `toril run`: runs a host until a signal stops it.

use std::path::Path;
use std::process::ExitCode;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::error::{CliError, CommandResult, FORCED};
use crate::host::{Host, Shutdown};
use toril_config::{self as config, Config, Env};

pub async fn run(path: &Path) -> CommandResult {
    let env = Env::from_process();
    work(config::load(path, &env)?, env).await
}

/// Runs the queues of a configuration until a signal arrives.
pub async fn work(config: Config, env: Env) -> CommandResult {
    let mut signals = Signals::listen()?;
    toril_telemetry::metrics::start()
        .map_err(|reason| CliError::failed(format!("metrics cannot be recorded: {reason}")))?;
    // Kept until the end, because dropping it sends the last spans.
    let _spans = toril_telemetry::traces::start().map_err(CliError::wrong)?;
    for warning in &config.warnings {
        tracing::warn!(key = warning.key, "{}", warning.message);
    }
    let host = tokio::select! {
        started = Host::start(config, env) => started?,
        // No job is claimed before the start has finished, so nothing needs to be cleaned up.
        () = signals.next() => return Ok(ExitCode::SUCCESS),
    };
    tracing::info!(listen = host.listen().map(tracing::field::display), queues = ?host.queues(), "ready");
    signals.next().await;
    let timeout = host.shutdown_timeout();
    tracing::info!(shutdown_timeout = %humantime::format_duration(timeout), "shutting down: no more jobs are claimed");
    let shutdown = host.shutdown(timeout);
    tokio::pin!(shutdown);
    let ended = tokio::select! {
        ended = &mut shutdown => ended,
        () = signals.next() => {
            tracing::warn!("second signal: interrupting running attempts");
            host.force();
            shutdown.await
        }
    };
    match ended {
        Shutdown::Clean => {
            tracing::info!("shut down");
            Ok(ExitCode::SUCCESS)
        }
        Shutdown::Forced(jobs) => {
            tracing::warn!(jobs, "shut down by force; these jobs are run again");
            Ok(ExitCode::from(FORCED))
        }
    }
}

/// SIGINT and SIGTERM, which have the same effect.
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    pub fn listen() -> Result<Self, CliError> {
        let signals = signal(SignalKind::interrupt())
            .and_then(|interrupt| Ok(Self { interrupt, terminate: signal(SignalKind::terminate())? }));
        signals.map_err(|reason| CliError::failed(format!("signal handlers cannot be installed: {reason}")))
    }

    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
