//! The data of one pen, and what the guest can call on it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use wasmtime::component::{HasSelf, Linker, ResourceTable};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_config::{WasiConfig, WasiConfigVariables};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use super::bindings::toril::plugin::job_context::{Error, Host, Level};
use super::bindings::toril::plugin::types;
use super::egress::Egress;
use super::limits::{self, Limits};
use super::settings::Settings;
use crate::attempt::{ContextError, JobContext, LogLevel};

/// Longer lines of a job's log are cut, in bytes.
const LOG_LINE: usize = 8 * 1024;
/// Lines of one attempt that are kept.
const LOG_LINES: usize = 1_000;
/// The largest progress, in bytes of JSON.
const PROGRESS: usize = 64 * 1024;

/// Everything that belongs to one pen beside the instance itself.
pub struct PenState {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    table: ResourceTable,
    variables: WasiConfigVariables,
    pub(super) egress: Egress,
    pub(super) limits: Limits,
    deadline: Instant,
    cancelled: CancellationToken,
    /// None in `describe`, where no job is running.
    context: Option<Arc<dyn JobContext>>,
    lines: usize,
}

impl PenState {
    /// State for a run that must end by `deadline`.
    pub fn new(
        settings: &Settings,
        context: Option<Arc<dyn JobContext>>,
        cancelled: CancellationToken,
        deadline: Instant,
    ) -> Self {
        let mut http = WasiHttpCtx::new();
        http.set_field_size_limit(limits::HTTP_FIELDS);
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits::RESOURCES);
        let wasi = WasiCtx::builder().max_random_size(limits::RANDOM_BYTES).allow_tcp(false).allow_udp(false).build();
        // `describe` has no job, and no network either: a version says the same wherever it is loaded.
        let allowed = if context.is_some() { settings.http.clone() } else { Arc::from([]) };
        Self {
            wasi,
            http,
            table,
            variables: variables(&settings.variables),
            egress: Egress::new(settings.plugin.clone(), allowed, deadline.saturating_duration_since(Instant::now()))
                .through(settings.transport.clone()),
            limits: Limits::new(settings.memory),
            deadline,
            cancelled,
            context,
            lines: 0,
        }
    }

    /// What is left until the deadline.
    fn remaining(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }
}

fn variables(map: &HashMap<String, String>) -> WasiConfigVariables {
    map.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect()
}

/// Links everything that a plugin may import. What its entry does not grant is linked as well, and answers with the
/// denial: an import that is missing would be an error without a place and a reason.
pub fn linker(engine: &wasmtime::Engine) -> wasmtime::Result<Linker<PenState>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
    wasmtime_wasi_config::add_to_linker(&mut linker, |state: &mut PenState| WasiConfig::from(&state.variables))?;
    super::bindings::Processor::add_to_linker::<_, HasSelf<_>>(&mut linker, |state| state)?;
    Ok(linker)
}

impl WasiView for PenState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for PenState {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: &mut self.egress }
    }
}

impl types::Host for PenState {}

impl Host for PenState {
    async fn log(&mut self, level: Level, message: String) -> wasmtime::Result<()> {
        let Some(context) = &self.context else { return Ok(()) };
        self.lines += 1;
        if self.lines > LOG_LINES {
            if self.lines == LOG_LINES + 1 {
                let notice = format!("the log ends here: an attempt may write {LOG_LINES} lines");
                context.log(LogLevel::Warn, notice).await;
            }
            return Ok(());
        }
        context.log(level.into(), cut(message, LOG_LINE)).await;
        Ok(())
    }

    async fn set_progress(&mut self, progress: String) -> wasmtime::Result<Result<(), Error>> {
        let Some(context) = &self.context else {
            return Ok(Err(Error::Unavailable("no job is running".into())));
        };
        if progress.len() > PROGRESS {
            let size = progress.len();
            return Ok(Err(Error::Invalid(format!("progress has {size} bytes and may have {PROGRESS}"))));
        }
        let value = match serde_json::from_str(&progress) {
            Ok(value) => value,
            Err(error) => return Ok(Err(Error::Invalid(format!("progress is no JSON: {error}")))),
        };
        Ok(context.set_progress(value).await.map_err(Into::into))
    }

    async fn remaining(&mut self) -> wasmtime::Result<u64> {
        Ok(u64::try_from(PenState::remaining(self).as_millis()).unwrap_or(u64::MAX))
    }

    async fn cancelled(&mut self) -> wasmtime::Result<bool> {
        Ok(self.cancelled.is_cancelled())
    }
}

/// At most `limit` bytes of a text, cut between characters.
fn cut(mut text: String, limit: usize) -> String {
    if text.len() > limit {
        let end = (0..=limit).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    text
}

impl From<Level> for LogLevel {
    fn from(level: Level) -> Self {
        match level {
            Level::Debug => Self::Debug,
            Level::Info => Self::Info,
            Level::Warn => Self::Warn,
            Level::Error => Self::Error,
        }
    }
}

impl From<ContextError> for Error {
    fn from(error: ContextError) -> Self {
        match error {
            ContextError::Invalid(reason) => Self::Invalid(reason),
            ContextError::Unavailable(reason) => Self::Unavailable(reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_cut_between_characters() {
        assert_eq!(cut("häuser".into(), 2), "h…");
        assert_eq!(cut("haus".into(), 4), "haus");
    }
}
