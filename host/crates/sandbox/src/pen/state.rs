//! The data of one pen, apart from the instance itself.

use std::sync::Arc;

use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtxView, WasiHttpView};

use crate::current_job::CurrentJob;
use crate::grants::{GrantHost, GrantView, PenGrants};
use crate::limits::{self, Limits};
use crate::log_quota::LogQuota;
use crate::output::{Outlet, Output};
use crate::settings::Settings;
use toril_config::Isolation;
use toril_job::LogLevel;

/// The data of one pen.
pub struct PenState {
    /// Created on first use: many plugins need none.
    wasi: Option<WasiCtx>,
    /// Target of the standard streams in a pen that runs several jobs, because a guest opens its streams only once.
    outlet: Option<Outlet>,
    table: ResourceTable,
    grants: PenGrants,
    settings: Arc<Settings>,
    pub limits: Limits,
    /// The job that runs now. The fields below belong to it too.
    pub job: CurrentJob,
    pub log: LineCount,
}

/// The lines that the current job has written through `log`.
#[derive(Default)]
pub struct LineCount {
    pub written: usize,
    /// Whether the job's log contains the notice that lines are missing.
    pub missing: bool,
}

impl PenState {
    /// The state of a pen that runs this job first.
    pub fn new(settings: &Arc<Settings>, job: CurrentJob) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits::RESOURCES);
        let outlet = matches!(settings.isolation, Isolation::Reuse { .. }).then(|| Outlet::to(job.output.clone()));
        Self {
            wasi: None,
            outlet,
            table,
            grants: PenGrants::new(&settings.grants, &job),
            settings: settings.clone(),
            limits: Limits::new(settings.memory),
            job,
            log: LineCount::default(),
        }
    }

    /// Resets the pen for the next job.
    pub fn begin(&mut self, job: CurrentJob) {
        if let Some(outlet) = &self.outlet {
            outlet.lead(job.output.clone());
        }
        self.grants.begin(&self.settings.grants, &job);
        self.job = job;
        self.log = LineCount::default();
    }

    /// Gives back what the guest still holds for the attempt that has ended.
    pub fn end_attempt(&mut self) {
        self.grants.end_attempt(&mut self.table);
    }

    /// Number of host resources that the guest holds.
    pub fn resources(&mut self) -> usize {
        self.table.iter_mut().count()
    }

    /// Whether nothing of the last job is still running in the host.
    pub async fn is_quiet(&mut self) -> bool {
        self.grants.is_quiet().await
    }

    /// The log lines that all attempts of the plugin may still write.
    pub fn log_quota(&self) -> &LogQuota {
        &self.settings.log_quota
    }
}

fn wasi(env: &[(String, String)], output: Option<&Output>, outlet: Option<&Outlet>) -> WasiCtx {
    let mut wasi = WasiCtx::builder();
    wasi.envs(env);
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

impl WasiView for PenState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let (output, outlet) = (self.job.output.as_ref(), self.outlet.as_ref());
        let env = &self.settings.grants.env;
        WasiCtxView { ctx: self.wasi.get_or_insert_with(|| wasi(env, output, outlet)), table: &mut self.table }
    }
}

impl GrantHost for PenState {
    fn grants(&mut self) -> GrantView<'_> {
        GrantView { prepared: &self.settings.grants, pen: &mut self.grants, table: &mut self.table, job: &self.job }
    }
}

impl WasiHttpView for PenState {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        self.grants().http()
    }
}
