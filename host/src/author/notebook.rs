//! Stands for the queue of a job that came from no queue: keeps what the job logs and reports.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use futures::FutureExt;
use futures::future::BoxFuture;
use serde::Serialize;
use serde_json::Value;

use crate::attempt::{ContextError, JobContext, LogLevel};

/// One line of a job's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// Milliseconds since the start.
    pub at_ms: u64,
    /// `debug`, `info`, `warn` or `error`.
    pub level: &'static str,
    /// The line.
    pub message: String,
}

/// What a job has told of itself.
#[derive(Clone, Debug, Default)]
pub struct Notes {
    /// Its log, in order.
    pub log: Vec<Line>,
    /// Each progress that it published, in order.
    pub progress: Vec<Value>,
}

/// A [`JobContext`] without a queue behind it.
pub struct Notebook {
    started: Instant,
    notes: Mutex<Notes>,
}

impl Default for Notebook {
    fn default() -> Self {
        Self { started: Instant::now(), notes: Mutex::default() }
    }
}

impl Notebook {
    /// What has been noted so far.
    pub fn notes(&self) -> Notes {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl JobContext for Notebook {
    fn log(&self, level: LogLevel, message: String) -> BoxFuture<'_, ()> {
        let at_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.lock().log.push(Line { at_ms, level: name(level), message });
        std::future::ready(()).boxed()
    }

    fn set_progress(&self, progress: Value) -> BoxFuture<'_, Result<(), ContextError>> {
        self.lock().progress.push(progress);
        std::future::ready(Ok(())).boxed()
    }
}

fn name(level: LogLevel) -> &'static str {
    match level {
        LogLevel::Debug => "debug",
        LogLevel::Info => "info",
        LogLevel::Warn => "warn",
        LogLevel::Error => "error",
    }
}
