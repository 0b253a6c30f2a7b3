//! `toril run`: runs a host until a signal stops it.

use std::path::Path;
use std::process::ExitCode;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{FAILED, FORCED, WRONG, error, not_started, unusable};
use crate::host::{Host, Shutdown};
use toril_config::{self as config, Config, Env};

pub async fn run(path: &Path) -> ExitCode {
    let env = Env::from_process();
    match config::load(path, &env) {
        Ok(config) => work(config, env).await,
        Err(problems) => unusable(&problems),
    }
}

/// Runs the queues of a configuration until a signal arrives.
pub async fn work(config: Config, env: Env) -> ExitCode {
    let mut signals = match Signals::listen() {
        Ok(signals) => signals,
        Err(reason) => return error(FAILED, &format!("signals cannot be listened to: {reason}")),
    };
    if let Err(reason) = toril_telemetry::metrics::start() {
        return error(FAILED, &format!("metrics cannot be recorded: {reason}"));
    }
    // Kept until the end, because dropping it sends the last spans.
    let _spans = match toril_telemetry::traces::start() {
        Ok(spans) => spans,
        Err(reason) => return error(WRONG, &reason),
    };
    for warning in &config.warnings {
        tracing::warn!(key = warning.key, "{}", warning.message);
    }
    let host = tokio::select! {
        started = Host::start(config, env) => match started {
            Ok(host) => host,
            Err(reason) => return not_started(&reason),
        },
        // No job is claimed before the start has finished, so nothing needs to be cleaned up.
        () = signals.next() => return ExitCode::SUCCESS,
    };
    tracing::info!(listen = host.listen().map(tracing::field::display), queues = ?host.queues(), "ready");
    signals.next().await;
    let patience = host.shutdown_timeout();
    tracing::info!(shutdown_timeout = %humantime::format_duration(patience), "shutting down: no more jobs are claimed");
    let shutdown = host.shutdown(patience);
    tokio::pin!(shutdown);
    let ended = tokio::select! {
        ended = &mut shutdown => ended,
        () = signals.next() => {
            tracing::warn!("second signal: what runs is interrupted");
            host.force();
            shutdown.await
        }
    };
    match ended {
        Shutdown::Clean => {
            tracing::info!("shut down");
            ExitCode::SUCCESS
        }
        Shutdown::Forced(jobs) => {
            tracing::warn!(jobs, "shut down by force; these jobs are run again");
            ExitCode::from(FORCED)
        }
    }
}

/// SIGINT and SIGTERM, which have the same effect.
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
