//! The host: plugins, queues and the HTTP server together, from start to shutdown. `toril run` is a thin layer over
//! it, and other programs can embed it to run jobs.

mod apply;
mod gauges;
mod inside;
mod load;
mod presence;
mod route;
mod samples;
mod schedules;
mod watch;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use futures::future::join_all;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

use route::Route;
use toril_bullmq::admin::{Admin, AdminError, Configured};
use toril_bullmq::{Attempts, ConnectError, Defaults, QueueWorker, Redis, Service, SharedRedis, warn_of_eviction};
use toril_config::{Config, Env, Problem, Problems};
use toril_sandbox::{self as plugin, LoadError, Plugins};
use toril_server::{HostHandles, HttpError, Server};
use toril_telemetry::logs;

/// How long outcomes may still be written after the last attempt was interrupted.
const LAST_WRITES: Duration = Duration::from_secs(5);
/// How long writing the records of attempts may take after that.
const LAST_NOTES: Duration = Duration::from_secs(2);
/// An upper bound for draining a removed queue. Its jobs end by their own timeouts long before.
const DRAIN: Duration = Duration::from_secs(24 * 60 * 60);

/// Why a host cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The plugin side failed.
    #[error(transparent)]
    Plugins(#[from] plugin::StartError),
    /// One or more plugins cannot be used. Each problem points to the line that names the plugin.
    #[error("{0}")]
    Load(Problems),
    /// The connection to Redis failed.
    #[error(transparent)]
    Redis(#[from] ConnectError),
    /// The HTTP server failed.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// Anyone who can reach the HTTP server could change queues.
    #[error("{0}")]
    Unguarded(Problems),
    /// The job schedulers of the configuration could not be written.
    #[error("the job schedulers of the configuration were not written: {0}")]
    Schedules(AdminError),
}

impl StartError {
    /// Whether the cause is in the configuration or in a plugin, and not in the environment.
    pub fn is_configuration(&self) -> bool {
        matches!(
            self,
            Self::Load(_) | Self::Unguarded(_) | Self::Redis(ConnectError::NoUrl(_) | ConnectError::Ca { .. })
        )
    }
}

/// The result of a shutdown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shutdown {
    /// Every running job finished, and its outcome is written.
    Clean,
    /// This many attempts were interrupted. Their jobs are requeued, or run again after their locks expire.
    Forced(usize),
}

/// A running host.
pub struct Host {
    inner: Arc<Inner>,
    listen: Option<SocketAddr>,
    /// The task of the HTTP server. A shutdown takes it and waits for its last requests. Aborted when the host is
    /// dropped.
    serving: Mutex<Option<AbortOnDropHandle<()>>>,
    /// The background tasks. Aborted by a shutdown, and when the host is dropped.
    tasks: Mutex<Vec<AbortOnDropHandle<()>>>,
    /// Receives cancel requests and replaces connections that do not respond. It keeps running during a shutdown,
    /// because outcomes are still being written.
    _listening: AbortOnDropHandle<()>,
    /// The records of attempts, and the task that writes them, until the last attempt has ended. None after that.
    attempts: Attempts,
    noting: Mutex<Option<AbortOnDropHandle<()>>>,
}

struct Inner {
    config: Arc<ArcSwap<Config>>,
    /// The environment that the configuration was read with. A reload reads it with the same one.
    env: Env,
    plugins: Arc<Plugins>,
    redis: SharedRedis,
    service: Service,
    admin: Admin,
    /// The id of this host among all hosts that share the queues.
    identity: presence::Identity,
    samples: samples::Samples,
    schedules: schedules::Schedules,
    queues: Mutex<BTreeMap<String, Working>>,
    /// Workers of removed or changed queues whose last jobs still run.
    draining: TaskTracker,
    /// Cancelled when the host shuts down.
    closing: CancellationToken,
    /// Cancelled when running attempts must end now.
    forced: CancellationToken,
}

/// An active queue: its worker, and the route of its jobs.
struct Working {
    worker: Arc<QueueWorker>,
    route: Arc<Route>,
}

impl Host {
    /// Starts the host: loads every plugin that a queue names, connects to Redis, and starts a worker for each queue,
    /// the HTTP server, and the watcher of plugins and configuration. `env` is the environment that the configuration
    /// was read with. If the start fails, or if the caller drops the future, no job has been claimed.
    pub async fn start(config: Config, env: Env) -> Result<Self, StartError> {
        logs::configure(config.host.log.as_deref());
        // Cheap checks come first.
        guarded(&config)?;
        let redis = Arc::new(Redis::new(&config.redis)?);
        let plugins = Arc::new(Plugins::start(&config.host)?);
        for prepared in prepare(&plugins, &config, |_| true).await.map_err(StartError::Load)? {
            tracing::info!(plugin = prepared.plugin(), version = prepared.version().id, "plugin loaded");
            plugins.install(prepared);
        }
        redis.connection().await?;
        redis.set_clock().await;
        let config = Arc::new(ArcSwap::from_pointee(config));
        let identity = presence::Identity::new();
        let attempts = Attempts::new(redis.clone(), &identity.id, config.load().host.keep_attempts);
        let inner = Arc::new(Inner {
            service: Service::new(redis.clone(), defaults(config.clone()))
                .noting(attempts.clone())
                .named(config.load().host.name.as_deref()),
            admin: Admin::new(redis.clone(), configured(config.clone())),
            config,
            env,
            plugins,
            redis,
            identity,
            samples: samples::Samples::default(),
            schedules: schedules::Schedules::default(),
            queues: Mutex::default(),
            draining: TaskTracker::new(),
            closing: CancellationToken::new(),
            forced: CancellationToken::new(),
        });
        let mut tasks = Vec::new();
        let (mut listen, mut serving) = (None, None);
        if let Some(address) = inner.config.load().host.listen {
            let server = Server::bind(address).await?;
            listen = Some(server.address());
            let handles = HostHandles { health: inner.clone(), inside: inner.clone(), config: inner.config.clone() };
            let settings = inner.config.load().host.clone();
            let served = server.serve(handles, inner.admin.clone(), settings, inner.closing.clone());
            serving = Some(AbortOnDropHandle::new(tokio::spawn(served)));
        }
        inner.prepare_queues().await?;
        warn_of_eviction(&inner.redis).await;
        inner.admin.apply_schedules(&[]).await.map_err(StartError::Schedules)?;
        // There is no `await` after this point. A caller that drops the future later would leave claimed jobs behind.
        inner.queues().values().for_each(|working| working.worker.begin());
        let listening = AbortOnDropHandle::new(tokio::spawn(inner.service.clone().listen()));
        tasks.push(AbortOnDropHandle::new(tokio::spawn(watch::watch(inner.clone()))));
        tasks.push(AbortOnDropHandle::new(tokio::spawn(schedules::keep(inner.clone()))));
        tasks.push(AbortOnDropHandle::new(tokio::spawn(gauges::keep(inner.clone()))));
        tasks.push(AbortOnDropHandle::new(tokio::spawn(presence::keep(inner.clone()))));
        let noting = AbortOnDropHandle::new(tokio::spawn(attempts.clone().keep()));
        let (tasks, noting) = (Mutex::new(tasks), Mutex::new(Some(noting)));
        let serving = Mutex::new(serving);
        Ok(Self { inner, listen, serving, tasks, _listening: listening, attempts, noting })
    }

    /// The address of the HTTP server, if there is one. Contains the chosen port if the configuration says 0.
    pub fn listen(&self) -> Option<SocketAddr> {
        self.listen
    }

    /// The active queues.
    pub fn queues(&self) -> Vec<String> {
        self.inner.queues().keys().cloned().collect()
    }

    /// How long a shutdown waits for running jobs, according to the current configuration.
    pub fn shutdown_timeout(&self) -> Duration {
        self.inner.config.load().host.shutdown_timeout
    }

    /// Makes a shutdown, current or future, interrupt running attempts at once instead of waiting for them.
    pub fn force(&self) {
        self.inner.forced.cancel();
    }

    /// Stops claiming jobs, waits for running ones, and after `deadline` interrupts and requeues the rest. Returns
    /// when everything is written and closed. A second call has no effect.
    pub async fn shutdown(&self, deadline: Duration) -> Shutdown {
        let ended = self.end(deadline).await;
        // The server limits this itself, to a few seconds from the start of the shutdown.
        let serving = self.serving.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(serving) = serving
            && let Err(error) = serving.await
        {
            tracing::error!(%error, "the HTTP server ended, since it failed");
        }
        self.attempts.close();
        let noting = self.noting.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(noting) = noting
            && tokio::time::timeout(LAST_NOTES, noting).await.is_err()
        {
            tracing::debug!("the last attempts were not noted");
        }
        ended
    }

    async fn end(&self, deadline: Duration) -> Shutdown {
        let inner = &self.inner;
        inner.closing.cancel();
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).clear();
        inner.withdraw().await;
        let working = std::mem::take(&mut *inner.queues());
        let workers: Vec<_> = working.into_values().map(|working| working.worker).collect();
        workers.iter().for_each(|worker| worker.cancel());
        inner.draining.close();
        let closed = async {
            let closed = join_all(workers.iter().map(|worker| worker.close(deadline + LAST_WRITES))).await;
            inner.draining.wait().await;
            closed.into_iter().all(|clean| clean)
        };
        tokio::pin!(closed);
        tokio::select! {
            clean = &mut closed => return if clean { Shutdown::Clean } else { Shutdown::Forced(0) },
            () = tokio::time::sleep(deadline) => inner.forced.cancel(),
            () = inner.forced.cancelled() => {}
        }
        let mut running = 0;
        for worker in &workers {
            running += worker.running().await;
            worker.give_back();
        }
        tracing::warn!(running, "what still runs is interrupted and given back");
        match tokio::time::timeout(LAST_WRITES, closed).await {
            Ok(true) if running == 0 => Shutdown::Clean,
            Ok(_) => Shutdown::Forced(running),
            Err(_) => {
                tracing::error!(
                    "not every job could be given back; the others are run again once their locks are gone"
                );
                Shutdown::Forced(running)
            }
        }
    }
}

impl Inner {
    async fn prepare_queues(self: &Arc<Self>) -> Result<(), ConnectError> {
        let config = self.config.load_full();
        for (name, settings) in &config.queues {
            let working = self.prepare_queue(name, settings).await?;
            self.queues().insert(name.clone(), working);
        }
        Ok(())
    }

    /// The active queues. Never hold this lock over an `await`.
    fn queues(&self) -> MutexGuard<'_, BTreeMap<String, Working>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Creates a worker that claims no jobs yet.
    async fn prepare_queue(&self, name: &str, settings: &toril_config::Queue) -> Result<Working, ConnectError> {
        let route = Arc::new(Route::new(self.plugins.clone(), settings));
        let worker = QueueWorker::prepare(self.service.clone(), name, settings, route.clone()).await?;
        tracing::info!(
            queue = name,
            plugin = settings.plugin,
            concurrency = settings.concurrency.get(),
            "working on queue"
        );
        Ok(Working { worker: Arc::new(worker), route })
    }

    /// Removes this host from the list of hosts in Redis. If that fails, others consider it alive for some more
    /// seconds.
    async fn withdraw(&self) {
        let withdrawn = tokio::time::timeout(Duration::from_secs(1), self.admin.withdraw(&self.identity.id)).await;
        if !matches!(withdrawn, Ok(Ok(()))) {
            tracing::debug!("this host could not be withdrawn");
        }
    }

    /// Lets a worker finish its last jobs in the background.
    fn drain(&self, name: &str, worker: Arc<QueueWorker>) {
        let (name, forced) = (name.to_owned(), self.forced.clone());
        let closing = self.closing.clone();
        self.draining.spawn(async move {
            let told = async {
                closing.cancelled().await;
                worker.cancel();
                forced.cancelled().await;
                worker.give_back();
                std::future::pending::<()>().await;
            };
            tokio::select! {
                clean = worker.close(DRAIN) => tracing::info!(queue = name, clean, "queue drained"),
                () = told => {}
            }
        });
    }
}

/// The current configuration, for the admin side.
fn configured(config: Arc<ArcSwap<Config>>) -> Configured {
    Arc::new(move || config.load_full())
}

/// The current defaults for jobs that are added to a queue.
fn defaults(config: Arc<ArcSwap<Config>>) -> Defaults {
    Arc::new(move |queue| config.load().queues.get(queue).map(|queue| queue.job_defaults.clone()).unwrap_or_default())
}

/// Loads the plugins that queues name and that `wanted` accepts, in parallel. Returns all errors, if there are any.
async fn prepare(
    plugins: &Arc<Plugins>,
    config: &Config,
    wanted: impl Fn(&str) -> bool,
) -> Result<Vec<plugin::Prepared>, Problems> {
    let mut loading = JoinSet::new();
    let names: std::collections::BTreeSet<_> = config.queues.values().map(|queue| queue.plugin.clone()).collect();
    for name in names.into_iter().filter(|name| wanted(name)) {
        let (plugins, entry) = (plugins.clone(), config.plugin(&name));
        loading.spawn(async move {
            let prepared = plugins.prepare(&name, &entry).await;
            (name, prepared)
        });
    }
    let mut ready = Vec::new();
    let mut problems = Vec::new();
    for (name, prepared) in loading.join_all().await {
        match prepared {
            Ok(prepared) => ready.push(prepared),
            Err(error) => problems.push(unusable(config, &name, &error)),
        }
    }
    ready.sort_by(|a, b| a.plugin().cmp(b.plugin()));
    if problems.is_empty() { Ok(ready) } else { Err(Problems::new(&config.path, problems)) }
}

/// The problem of a plugin that cannot be used, at the first line that names it.
fn unusable(config: &Config, plugin: &str, error: &LoadError) -> Problem {
    let queue = config.queues.iter().find(|(_, queue)| queue.plugin == plugin);
    let queue = queue.map_or("", |(name, _)| name.as_str());
    let help = if matches!(error, LoadError::Missing(_)) { load::advice(config, plugin) } else { None };
    config.problem(&["queues", queue, "plugin"], format!("plugin {plugin} cannot be used: {error}"), help)
}

/// Rejects a configuration that lets unauthenticated clients change queues.
fn guarded(config: &Config) -> Result<(), StartError> {
    if !config.host.is_unguarded() {
        return Ok(());
    }
    let message = "`listen` in host is an address that others reach, and everybody there could change queues";
    let help = "set TORIL_ADMIN_TOKEN to a secret of at least 16 characters, or say `admin = \"read-only\"` or `admin = \"off\"` under [host], or listen on 127.0.0.1";
    let problem = config.problem(&["host", "listen"], message, Some(help.to_owned()));
    Err(StartError::Unguarded(Problems::new(&config.path, vec![problem])))
}

/// Loads every plugin of a configuration without running it. `toril check` calls this after it has read the
/// configuration.
pub async fn check(config: &Config) -> Result<Vec<Checked>, StartError> {
    guarded(config)?;
    let plugins = Arc::new(Plugins::start(&config.host)?);
    let prepared = prepare(&plugins, config, |_| true).await.map_err(StartError::Load)?;
    Ok(prepared
        .iter()
        .map(|prepared| Checked {
            plugin: prepared.plugin().to_owned(),
            version: prepared.version().id.clone(),
            description: prepared.version().jobs.description.clone(),
            jobs: {
                let mut jobs: Vec<_> = prepared.version().jobs.iter().map(|(name, _)| name.to_owned()).collect();
                jobs.sort_unstable();
                jobs
            },
        })
        .collect())
}

/// A plugin that `check` found usable.
#[derive(Clone, Debug)]
pub struct Checked {
    /// Its name.
    pub plugin: String,
    /// Its version.
    pub version: String,
    /// The description in its metadata.
    pub description: String,
    /// The names of the jobs that it handles. Empty: it accepts any name.
    pub jobs: Vec<String>,
}

impl toril_server::Health for Inner {
    fn not_ready(&self) -> futures::future::BoxFuture<'_, Vec<String>> {
        Box::pin(async move {
            let mut reasons = Vec::new();
            if self.closing.is_cancelled() {
                reasons.push("shutting down".to_owned());
            }
            if let Err(error) = self.redis.ping().await {
                reasons.push(error.to_string());
            }
            reasons
        })
    }

    fn plugins(&self) -> Vec<plugin::Status> {
        self.plugins.status()
    }
}
