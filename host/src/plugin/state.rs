//! The data of one pen, and what the guest can call on it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use wasmtime::component::{HasSelf, Linker, ResourceTable};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_config::{WasiConfig, WasiConfigVariables};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use super::denials::Denials;
use super::egress::Egress;
use super::interface::job_context::{Cancellation, ChildFailure, ChildValue, DependencyCounts, Error, Host, Level};
use super::interface::{self, types};
use super::limits::{self, Limits};
use super::lines::LineBudget;
use super::output::Output;
use super::settings::Settings;
use crate::attempt::{self, ContextError, JobContext, JobRef, KeyValue, LogLevel, Signals};
use crate::config;
use crate::telemetry::traces::Trace;

/// Longer lines of a job's log are cut, in bytes.
const LOG_LINE: usize = 8 * 1024;
/// Lines of one attempt that are kept.
const LOG_LINES: usize = 1_000;
/// The largest progress, in bytes of JSON.
const PROGRESS: usize = 64 * 1024;
/// The largest data of a job that a plugin writes, in bytes of JSON.
pub(super) const DATA: usize = 1024 * 1024;

/// Everything that belongs to one pen beside the instance itself.
pub struct PenState {
    /// Made when it is first used, like the variables: many plugins need neither.
    wasi: Option<WasiCtx>,
    output: Option<Output>,
    http: WasiHttpCtx,
    pub(super) table: ResourceTable,
    variables: Option<WasiConfigVariables>,
    settings: Arc<Settings>,
    pub(super) egress: Egress,
    pub(super) limits: Limits,
    deadline: Instant,
    signals: Signals,
    pub(super) plugin: Arc<str>,
    pub(super) add_to: Arc<[String]>,
    pub(super) keyvalue: Option<config::KeyValue>,
    /// None in `describe`, where no job is running.
    pub(super) context: Option<Arc<dyn JobContext>>,
    pub(super) store: Option<Arc<dyn KeyValue>>,
    /// What was refused that the plugin's entry would have to grant.
    pub(super) denials: Denials,
    /// The attempt's span.
    pub(super) trace: Trace,
    lines: usize,
    budget: Arc<LineBudget>,
    lines_missing: bool,
}

/// What a pen gets from the job that it runs. Nothing of it is there in `describe`.
#[derive(Default)]
pub struct Running {
    pub context: Option<Arc<dyn JobContext>>,
    pub store: Option<Arc<dyn KeyValue>>,
    pub output: Option<Output>,
    pub signals: Signals,
    pub trace: Trace,
}

impl PenState {
    /// State for a run that must end by `deadline`.
    pub fn new(settings: &Arc<Settings>, running: Running, deadline: Instant) -> Self {
        let mut http = WasiHttpCtx::new();
        http.set_field_size_limit(limits::HTTP_FIELDS);
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits::RESOURCES);
        let denials = Denials::to(running.output.clone());
        let patience = deadline.saturating_duration_since(Instant::now());
        Self {
            wasi: None,
            output: running.output,
            http,
            table,
            variables: None,
            settings: settings.clone(),
            // `describe` has no network: a version says the same wherever it is loaded.
            egress: Egress::new(settings, running.context.is_some(), patience, running.trace.clone(), denials.clone()),
            limits: Limits::new(settings.memory),
            deadline,
            signals: running.signals,
            plugin: settings.plugin.clone(),
            add_to: settings.add_to.clone(),
            keyvalue: settings.keyvalue.clone(),
            context: running.context,
            store: running.store,
            denials,
            trace: running.trace,
            lines: 0,
            budget: settings.lines.clone(),
            lines_missing: false,
        }
    }

    fn variables(&mut self) -> &WasiConfigVariables {
        let settings = &self.settings;
        self.variables.get_or_insert_with(|| variables(&settings.variables))
    }

    /// What is left until the deadline.
    fn remaining(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }
}

fn wasi(output: Option<&Output>) -> WasiCtx {
    let mut wasi = WasiCtx::builder();
    wasi.max_random_size(limits::RANDOM_BYTES).allow_tcp(false).allow_udp(false);
    if let Some(output) = output {
        wasi.stdout(output.stream(LogLevel::Info)).stderr(output.stream(LogLevel::Warn));
    }
    wasi.build()
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
    wasmtime_wasi_config::add_to_linker(&mut linker, |state: &mut PenState| WasiConfig::from(state.variables()))?;
    super::keyvalue::Imports::add_to_linker::<_, HasSelf<_>>(&mut linker, |state| state)?;
    interface::add_to_linker(&mut linker)?;
    Ok(linker)
}

impl WasiView for PenState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let output = self.output.as_ref();
        WasiCtxView { ctx: self.wasi.get_or_insert_with(|| wasi(output)), table: &mut self.table }
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
        if !self.budget.take() {
            if !std::mem::replace(&mut self.lines_missing, true) {
                context.log(LogLevel::Warn, LineBudget::notice()).await;
            }
            return Ok(());
        }
        context.log(level.into(), limits::cut(message, LOG_LINE)).await;
        Ok(())
    }

    async fn set_progress(&mut self, progress: String) -> wasmtime::Result<Result<(), Error>> {
        let Some(context) = &self.context else { return Ok(Err(no_job())) };
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

    async fn set_data(&mut self, data: String) -> wasmtime::Result<Result<(), Error>> {
        let Some(context) = &self.context else { return Ok(Err(no_job())) };
        if data.len() > DATA {
            return Ok(Err(Error::Invalid(format!("the data has {} bytes and may have {DATA}", data.len()))));
        }
        let value = match serde_json::from_str(&data) {
            Ok(value) => value,
            Err(error) => return Ok(Err(Error::Invalid(format!("the data is no JSON: {error}")))),
        };
        Ok(context.set_data(value).await.map_err(Into::into))
    }

    async fn children_values(&mut self) -> wasmtime::Result<Result<Vec<ChildValue>, Error>> {
        let Some(context) = &self.context else { return Ok(Err(no_job())) };
        let values = context.children_values().await;
        let value = |(child, value): (JobRef, Value)| ChildValue { child: child.into(), value: value.to_string() };
        Ok(values.map(|values| values.into_iter().map(value).collect()).map_err(Into::into))
    }

    async fn ignored_failures(&mut self) -> wasmtime::Result<Result<Vec<ChildFailure>, Error>> {
        let Some(context) = &self.context else { return Ok(Err(no_job())) };
        let failures = context.ignored_failures().await;
        let failure = |(child, reason): (JobRef, String)| ChildFailure { child: child.into(), reason };
        Ok(failures.map(|failures| failures.into_iter().map(failure).collect()).map_err(Into::into))
    }

    async fn dependencies(&mut self) -> wasmtime::Result<Result<DependencyCounts, Error>> {
        let Some(context) = &self.context else { return Ok(Err(no_job())) };
        let counts = context.dependencies().await;
        let guest = |counts: attempt::Dependencies| DependencyCounts {
            processed: counts.processed,
            unprocessed: counts.unprocessed,
            ignored: counts.ignored,
            failed: counts.failed,
        };
        Ok(counts.map(guest).map_err(Into::into))
    }

    async fn remaining(&mut self) -> wasmtime::Result<u64> {
        Ok(u64::try_from(PenState::remaining(self).as_millis()).unwrap_or(u64::MAX))
    }

    async fn cancelled(&mut self) -> wasmtime::Result<Option<Cancellation>> {
        if let Some(reason) = self.signals.cancelled.reason() {
            return Ok(Some(Cancellation::Requested(reason.to_owned())));
        }
        Ok(self.signals.shutdown.is_cancelled().then_some(Cancellation::Shutdown))
    }
}

fn no_job() -> Error {
    Error::Unavailable("no job is running".to_owned())
}

impl From<JobRef> for types::JobRef {
    fn from(job: JobRef) -> Self {
        Self { queue: job.queue, id: job.id }
    }
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
