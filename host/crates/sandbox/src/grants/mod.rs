//! The grants: what a plugin may do if its entry in the configuration allows it. Each grant is a folder with four
//! parts:
//!
//! | part | when | in the folder |
//! | --- | --- | --- |
//! | configuration | once per plugin version and settings | `Prepared`, made from the plugin's entry |
//! | linking | once per engine | `link` |
//! | state | once per pen, reset for each job | `InPen`, if the grant has any |
//! | host functions | per call | `host` or `egress`; a call without the grant returns a denial |
//!
//! This file is the list of the grants. A grant takes what it needs from a pen through a trait of its own, so it does
//! not know the pen.

pub mod config;
pub mod env;
pub mod http;
pub mod jobs;
pub mod keyvalue;
pub mod postgres;
pub mod sockets;

use std::sync::Arc;

use serde::Serialize;
use wasmtime::component::{Linker, ResourceTable};
use wasmtime_wasi_http::{WasiHttpCtxView, WasiHttpView};

use crate::current_job::CurrentJob;
use crate::outbound::Outbound;
use toril_config::Plugin;

/// A grant in the plugin's configuration entry that the component needs for its imports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Grant {
    /// Sends HTTP requests: `http`.
    Http,
    /// Reads configuration and secrets: `config` and `secrets`.
    Config,
    /// Reads environment variables: `env`.
    Env,
    /// Stores key-value data: `keyvalue`.
    KeyValue,
    /// Uses databases: `postgres`.
    Postgres,
    /// Connects to servers: `tcp` and `tls`.
    Tcp,
    /// Adds jobs: `add_to`.
    #[serde(rename = "add_to")]
    AddTo,
}

impl Grant {
    /// All grants, in the order in which they are shown.
    pub(crate) const ALL: [Self; 7] =
        [Self::Http, Self::Config, Self::Env, Self::KeyValue, Self::Postgres, Self::Tcp, Self::AddTo];

    /// The line in `[plugins.NAME]` that grants it, with a placeholder for what only the user knows.
    pub fn line(self) -> &'static str {
        match self {
            Self::Http => http::LINE,
            Self::Config => config::LINE,
            Self::Env => env::LINE,
            Self::KeyValue => keyvalue::LINE,
            Self::Postgres => postgres::LINE,
            Self::Tcp => sockets::LINE,
            Self::AddTo => jobs::LINE,
        }
    }

    /// The interface, without its version, that a component imports to use this grant.
    pub(crate) fn interface(self) -> &'static str {
        match self {
            Self::Http => http::INTERFACE,
            Self::Config => config::INTERFACE,
            Self::Env => env::INTERFACE,
            Self::KeyValue => keyvalue::INTERFACE,
            Self::Postgres => postgres::INTERFACE,
            Self::Tcp => sockets::INTERFACE,
            Self::AddTo => jobs::INTERFACE,
        }
    }
}

/// The grants of a plugin's entry, in the form that pens need.
#[derive(Clone)]
pub struct PreparedGrants {
    pub http: Arc<http::Prepared>,
    pub config: config::Prepared,
    pub env: env::Prepared,
    pub keyvalue: keyvalue::Prepared,
    pub postgres: postgres::Prepared,
    pub sockets: Arc<sockets::Prepared>,
    pub jobs: jobs::Prepared,
}

impl PreparedGrants {
    /// Prepares the grants of a configuration entry. `before`: those of the entry that this one replaces.
    pub fn new(plugin: &Arc<str>, entry: &Plugin, before: Option<&Self>) -> Self {
        let outbound = Arc::new(Outbound::new(entry));
        let http = http::Prepared::new(plugin.clone(), entry, outbound.clone());
        let earlier = before.map(|before| &*before.sockets);
        Self {
            config: config::prepare(entry, http.placeholders()),
            env: env::prepare(entry),
            http: Arc::new(http),
            keyvalue: keyvalue::prepare(entry),
            postgres: postgres::Prepared::new(plugin, entry, before.map(|before| &before.postgres)),
            sockets: Arc::new(sockets::Prepared::new(plugin.clone(), entry, outbound, earlier)),
            jobs: jobs::Prepared::new(entry),
        }
    }
}

/// The state of the grants in one pen.
pub struct PenGrants {
    http: http::InPen,
    config: config::InPen,
    jobs: jobs::InPen,
    postgres: postgres::InPen,
    sockets: sockets::InPen,
}

impl PenGrants {
    /// The state for a pen that runs this job first.
    pub fn new(prepared: &PreparedGrants, job: &CurrentJob) -> Self {
        Self {
            http: http::InPen::new(&prepared.http, job),
            config: config::InPen::default(),
            jobs: jobs::InPen::default(),
            postgres: postgres::InPen::new(job),
            sockets: sockets::InPen::default(),
        }
    }

    /// Resets the state for the next job.
    pub fn begin(&mut self, prepared: &PreparedGrants, job: &CurrentJob) {
        self.http.begin(&prepared.http, job);
        self.jobs = jobs::InPen::default();
        self.postgres = postgres::InPen::new(job);
        self.sockets = sockets::InPen::default();
    }

    /// Gives back what the guest still holds for the attempt that has ended. The rest of its state ends with the pen, or
    /// with [`begin`](Self::begin).
    pub fn end_attempt(&mut self, table: &mut ResourceTable) {
        postgres::end_attempt(table);
        self.sockets.end_attempt();
    }

    /// Whether no call of the last job is still running in the host.
    pub async fn is_quiet(&mut self) -> bool {
        self.http.is_quiet().await
    }
}

/// What the grants use of a pen during one call.
pub struct GrantView<'a> {
    pub prepared: &'a PreparedGrants,
    pub pen: &'a mut PenGrants,
    pub table: &'a mut ResourceTable,
    pub job: &'a CurrentJob,
}

impl<'a> GrantView<'a> {
    /// The part for `wasi:http`.
    pub fn http(self) -> WasiHttpCtxView<'a> {
        self.pen.http.view(self.table)
    }
}

/// The data of a store whose guest may use the grants.
pub trait GrantHost: WasiHttpView + 'static {
    /// What the grants use of it.
    fn grants(&mut self) -> GrantView<'_>;
}

impl<T: GrantHost> http::HttpHost for T {
    fn unsent(&mut self) -> http::Unsent {
        self.grants().pen.http.unsent()
    }
}

impl<T: GrantHost> config::ConfigHost for T {
    fn config(&mut self) -> config::View<'_> {
        let GrantView { prepared, pen, .. } = self.grants();
        pen.config.view(&prepared.config)
    }
}

impl<T: GrantHost> keyvalue::KeyValueHost for T {
    fn keyvalue(&mut self) -> keyvalue::View<'_> {
        let GrantView { prepared, table, job, .. } = self.grants();
        keyvalue::View { grant: prepared.keyvalue.as_ref(), table, job }
    }
}

impl<T: GrantHost> postgres::PostgresHost for T {
    fn postgres(&mut self) -> postgres::View<'_> {
        let GrantView { prepared, pen, table, job } = self.grants();
        postgres::View { grant: &prepared.postgres, pen: &pen.postgres, table, job }
    }
}

impl<T: GrantHost> sockets::SocketsHost for T {
    fn sockets(&mut self) -> sockets::View<'_> {
        let GrantView { prepared, pen, table, job } = self.grants();
        sockets::View { grant: &prepared.sockets, pen: &mut pen.sockets, table, job }
    }
}

impl<T: GrantHost> jobs::JobsHost for T {
    fn jobs(&mut self) -> jobs::View<'_> {
        let GrantView { prepared, pen, job, .. } = self.grants();
        jobs::View { grant: &prepared.jobs, pen: &mut pen.jobs, job }
    }
}

/// Links the interfaces of all grants.
pub fn link<T: GrantHost>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    http::link(linker)?;
    config::link(linker)?;
    keyvalue::link(linker)?;
    postgres::link(linker)?;
    sockets::link(linker)?;
    jobs::link(linker)
}
