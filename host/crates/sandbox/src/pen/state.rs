//! The data of one pen, and the host functions that the guest can call.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use wasmtime::component::{HasSelf, Linker, ResourceTable};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_config::{WasiConfig, WasiConfigVariables};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::denials::Denials;
use crate::grants::http::{self, Egress, Unsent};
use crate::interface::job_context::{Cancellation, ChildFailure, ChildValue, DependencyCounts, Error, Host, Level};
use crate::interface::{self, types};
use crate::limits::{self, Limits};
use crate::log_quota::LineBudget;
use crate::output::{Outlet, Output};
use crate::settings::Settings;
use toril_config::{self as config, Isolation};
use toril_job::trace::Trace;
use toril_job::{self as attempt, ContextError, JobContext, JobRef, KeyValue, LogLevel, Signals};

/// Maximum length of a line in a job's log, in bytes. Longer lines are truncated.
const LOG_LINE: usize = 8 * 1024;
/// Maximum number of log lines kept per attempt.
const LOG_LINES: usize = 1_000;
/// Maximum size of a progress value, in bytes of JSON.
const PROGRESS: usize = 64 * 1024;
/// Maximum size of job data that a plugin writes, in bytes of JSON.
pub(crate) const DATA: usize = 1024 * 1024;

/// All state of one pen except the instance itself.
pub struct PenState {
    /// Created on first use, like the variables: many plugins need neither.
    wasi: Option<WasiCtx>,
    /// Target of the standard streams in a pen that runs several jobs, because a guest opens its streams only once.
    outlet: Option<Outlet>,
    http: WasiHttpCtx,
    /// Belongs to the pen and not to the job: a guest may keep a message, and so its body, from one job to the next.
    pub(crate) unsent: Unsent,
    pub(crate) table: ResourceTable,
    variables: Option<WasiConfigVariables>,
    settings: Arc<Settings>,
    pub(crate) limits: Limits,
    pub(crate) plugin: Arc<str>,
    pub(crate) add_to: Arc<[String]>,
    pub(crate) keyvalue: Option<config::KeyValue>,
    pub(crate) max_added_jobs: u64,
    budget: Arc<LineBudget>,
    pub(crate) job: PerJob,
}

/// The state of the current job. A reused pen gets a new one for each job.
pub(crate) struct PerJob {
    output: Option<Output>,
    pub(crate) egress: Egress,
    pub(crate) deadline: Instant,
    signals: Signals,
    /// `None` in `describe`, where no job is running.
    pub(crate) context: Option<Arc<dyn JobContext>>,
    pub(crate) store: Option<Arc<dyn KeyValue>>,
    /// Calls that were denied because the plugin's entry lacks a grant.
    pub(crate) denials: Denials,
    /// The attempt's span.
    pub(crate) trace: Trace,
    lines: usize,
    lines_missing: bool,
    /// Number of jobs that this attempt has added.
    pub(crate) added: u64,
}

/// What a pen receives from the job that it runs. All of it is empty in `describe`.
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
        let outlet = matches!(settings.isolation, Isolation::Reuse { .. }).then(|| Outlet::to(running.output.clone()));
        Self {
            wasi: None,
            outlet,
            http,
            unsent: Unsent::default(),
            table,
            variables: None,
            settings: settings.clone(),
            limits: Limits::new(settings.memory),
            plugin: settings.plugin.clone(),
            add_to: settings.add_to.clone(),
            keyvalue: settings.keyvalue.clone(),
            max_added_jobs: settings.max_added_jobs,
            budget: settings.lines.clone(),
            job: PerJob::new(settings, running, deadline),
        }
    }

    /// Resets the pen for the next job. With [`Running::default`], the pen has no job.
    pub fn begin(&mut self, running: Running, deadline: Instant) {
        if let Some(outlet) = &self.outlet {
            outlet.lead(running.output.clone());
        }
        self.job = PerJob::new(&self.settings, running, deadline);
    }

    /// Number of host resources that the guest holds.
    pub fn resources(&mut self) -> usize {
        self.table.iter_mut().count()
    }

    fn variables(&mut self) -> &WasiConfigVariables {
        let settings = &self.settings;
        self.variables.get_or_insert_with(|| variables(&settings.variables))
    }

    /// Time left until the deadline.
    fn remaining(&self) -> Duration {
        self.job.deadline.saturating_duration_since(Instant::now())
    }
}

impl PerJob {
    fn new(settings: &Settings, running: Running, deadline: Instant) -> Self {
        let Running { context, store, output, signals, trace } = running;
        let denials = Denials::to(output.clone());
        let patience = deadline.saturating_duration_since(Instant::now());
        Self {
            // `describe` has no network access, so that a version describes itself identically wherever it is loaded.
            egress: Egress::new(settings, context.is_some(), patience, trace.clone(), denials.clone()),
            output,
            deadline,
            signals,
            context,
            store,
            denials,
            trace,
            lines: 0,
            lines_missing: false,
            added: 0,
        }
    }
}

fn wasi(output: Option<&Output>, outlet: Option<&Outlet>) -> WasiCtx {
    let mut wasi = WasiCtx::builder();
    wasi.max_random_size(limits::RANDOM_BYTES).allow_tcp(false).allow_udp(false);
    let stream = |level| match (outlet, output) {
        (Some(outlet), _) => Some(outlet.stream(level)),
        (None, Some(output)) => Some(output.stream(level)),
        (None, None) => None,
    };
    if let (Some(stdout), Some(stderr)) = (stream(LogLevel::Info), stream(LogLevel::Warn)) {
        wasi.stdout(stdout).stderr(stderr);
    }
    wasi.build()
}

/// A plugin whose imports are linked, ready to be instantiated.
pub type GuestPre = interface::ProcessorPre<PenState>;

fn variables(map: &HashMap<String, String>) -> WasiConfigVariables {
    map.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect()
}

/// Links everything that a plugin may import. Imports that the plugin's entry does not grant are linked too; a call to
/// them returns the denial. A missing import would be an error without location or reason.
pub fn linker(engine: &wasmtime::Engine) -> wasmtime::Result<Linker<PenState>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
    http::add_to_linker(&mut linker)?;
    wasmtime_wasi_config::add_to_linker(&mut linker, |state: &mut PenState| WasiConfig::from(state.variables()))?;
    crate::grants::keyvalue::Imports::add_to_linker::<_, HasSelf<_>>(&mut linker, |state| state)?;
    interface::Processor::add_to_linker::<_, HasSelf<_>>(&mut linker, |state| state)?;
    Ok(linker)
}

impl WasiView for PenState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let (output, outlet) = (self.job.output.as_ref(), self.outlet.as_ref());
        WasiCtxView { ctx: self.wasi.get_or_insert_with(|| wasi(output, outlet)), table: &mut self.table }
    }
}

impl WasiHttpView for PenState {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: &mut self.job.egress }
    }
}

impl types::Host for PenState {}

impl Host for PenState {
    async fn log(&mut self, level: Level, message: String) -> wasmtime::Result<()> {
        let Some(context) = &self.job.context else { return Ok(()) };
        self.job.lines += 1;
        if self.job.lines > LOG_LINES {
            if self.job.lines == LOG_LINES + 1 {
                let notice = format!("the log ends here: an attempt may write {LOG_LINES} lines");
                context.log(LogLevel::Warn, notice).await;
            }
            return Ok(());
        }
        if !self.budget.take() {
            if !std::mem::replace(&mut self.job.lines_missing, true) {
                context.log(LogLevel::Warn, LineBudget::notice()).await;
            }
            return Ok(());
        }
        context.log(level.into(), limits::cut(message, LOG_LINE)).await;
        Ok(())
    }

    async fn set_progress(&mut self, progress: String) -> wasmtime::Result<Result<(), Error>> {
        let Some(context) = &self.job.context else { return Ok(Err(no_job())) };
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
        let Some(context) = &self.job.context else { return Ok(Err(no_job())) };
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
        let Some(context) = &self.job.context else { return Ok(Err(no_job())) };
        let values = context.children_values().await;
        let value = |(child, value): (JobRef, Value)| ChildValue { child: child.into(), value: value.to_string() };
        Ok(values.map(|values| values.into_iter().map(value).collect()).map_err(Into::into))
    }

    async fn ignored_failures(&mut self) -> wasmtime::Result<Result<Vec<ChildFailure>, Error>> {
        let Some(context) = &self.job.context else { return Ok(Err(no_job())) };
        let failures = context.ignored_failures().await;
        let failure = |(child, reason): (JobRef, String)| ChildFailure { child: child.into(), reason };
        Ok(failures.map(|failures| failures.into_iter().map(failure).collect()).map_err(Into::into))
    }

    async fn dependencies(&mut self) -> wasmtime::Result<Result<DependencyCounts, Error>> {
        let Some(context) = &self.job.context else { return Ok(Err(no_job())) };
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
        if let Some(reason) = self.job.signals.cancelled.reason() {
            return Ok(Some(Cancellation::Requested(reason.to_owned())));
        }
        Ok(self.job.signals.shutdown.is_cancelled().then_some(Cancellation::Shutdown))
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
            ContextError::Invalid(reason) | ContextError::Denied(reason) => Self::Invalid(reason),
            ContextError::Unavailable(reason) => Self::Unavailable(reason),
        }
    }
}
