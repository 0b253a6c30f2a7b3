//! Starts a host.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::task::JoinHandle;
use tokio_util::task::AbortOnDropHandle;

use super::Host;
use super::apply::Reloader;
use super::check::guarded;
use super::current_config::{self, CurrentConfig};
use super::error::StartError;
use super::gauges::Gauges;
use super::health::HostHealth;
use super::inside::HostView;
use super::load;
use super::presence::{Identity, Presence};
use super::queues::{ActiveQueue, Queues, Stop, WorkerFactory};
use super::samples::Samples;
use super::schedules::{self, Schedules};
use super::watch::Watch;
use toril_bullmq::admin::{Admin, Configured};
use toril_bullmq::{Attempts, ConnectError, Defaults, Redis, Service, warn_of_eviction};
use toril_config::{Config, Env};
use toril_job::QueueName;
use toril_sandbox::Plugins;
use toril_server::{HostHandles, Server};
use toril_telemetry::logs;

impl Host {
    /// Starts the host: loads every plugin that a queue names, connects to Redis, and starts a worker for each queue,
    /// the HTTP server, and the watcher of plugins and configuration. `env` is the environment that the configuration
    /// was read with; a reload reads it with the same one. If the start fails, or if the caller drops the future, no
    /// job has been claimed.
    pub async fn start(config: Config, env: Env) -> Result<Self, StartError> {
        logs::configure(config.host.log.as_deref());
        // Cheap checks come first.
        guarded(&config)?;
        let redis = Arc::new(Redis::new(&config.redis)?);
        let plugins = Arc::new(Plugins::start(&config.host)?);
        for prepared in load::prepare(&plugins, &config, |_| true).await.map_err(StartError::Load)? {
            tracing::info!(plugin = prepared.plugin(), version = prepared.version().id, "plugin loaded");
            plugins.install(prepared);
        }
        redis.connection().await?;
        redis.set_clock().await;

        let host = config.host.clone();
        let (config, active) = current_config::first(config);
        let (identity, stop) = (Identity::new(), Stop::default());
        let (samples, schedules) = (Arc::new(Samples::default()), Arc::new(Schedules::default()));
        let queues = Arc::new(Queues::new(stop.clone()));
        let attempts = Attempts::new(redis.clone(), &identity.id, host.keep_attempts);
        let service =
            Service::new(redis.clone(), defaults(config.clone())).noting(attempts.clone()).named(host.name.as_deref());
        let admin = Admin::new(redis.clone(), configured(config.clone()));

        let health = HostHealth { closing: stop.closing.clone(), redis: redis.clone(), plugins: plugins.clone() };
        let view = HostView {
            id: identity.id.clone(),
            config: config.clone(),
            plugins: plugins.clone(),
            samples: samples.clone(),
        };
        let handles = HostHandles { health: Arc::new(health), inside: Arc::new(view), config: config.clone() };
        // Bound first, so that an address in use is reported at once. Serving begins when the queues are ready: an answer of
        // `/readyz` from a host that cannot start would be wrong.
        let server = bind(host.listen).await?;
        let workers = WorkerFactory { service: service.clone(), plugins: plugins.clone() };
        let prepared = prepare_queues(&workers, &config.load_full()).await?;
        warn_of_eviction(&redis).await;
        admin.apply_schedules(&[]).await.map_err(StartError::Schedules)?;

        // There is no `await` after this point. A caller that drops the future later would leave claimed jobs behind.
        queues.replace(prepared, &[], &active);
        let listen = server.as_ref().map(Server::address);
        let serving = server.map(|server| task(server.serve(handles, admin.clone(), host, stop.closing.clone())));
        let listening = task(service.listen());
        let recording = task(attempts.clone().keep());
        let reloader = Reloader {
            config: config.clone(),
            env,
            plugins: plugins.clone(),
            workers,
            queues: queues.clone(),
            schedules: schedules.clone(),
        };
        let watch = Watch { config: config.clone(), plugins: plugins.clone(), reloader: Arc::new(reloader) };
        let presence = Arc::new(Presence {
            identity,
            config: config.clone(),
            plugins: plugins.clone(),
            queues: queues.clone(),
            admin: admin.clone(),
        });
        let announcing = presence.clone();
        let gauges = Gauges {
            config: config.clone(),
            plugins: plugins.clone(),
            redis,
            admin: admin.clone(),
            queues: queues.clone(),
            samples,
        };
        let tasks = vec![
            task(watch.run()),
            task(schedules::keep(schedules, admin)),
            task(gauges.run()),
            task(async move { announcing.run().await }),
        ];
        Ok(Self {
            config,
            queues,
            plugins,
            presence,
            stop,
            listen,
            serving: Mutex::new(serving),
            tasks: Mutex::new(tasks),
            _listening: listening,
            attempts,
            recording: Mutex::new(Some(recording)),
        })
    }
}

fn task(future: impl Future<Output = ()> + Send + 'static) -> AbortOnDropHandle<()> {
    let task: JoinHandle<()> = tokio::spawn(future);
    AbortOnDropHandle::new(task)
}

/// Binds the address of the HTTP server, if the configuration has one.
async fn bind(address: Option<SocketAddr>) -> Result<Option<Server>, StartError> {
    match address {
        Some(address) => Ok(Some(Server::bind(address).await?)),
        None => Ok(None),
    }
}

/// Creates the workers of all queues. They claim no jobs yet.
async fn prepare_queues(
    workers: &WorkerFactory,
    config: &Config,
) -> Result<Vec<(QueueName, ActiveQueue)>, ConnectError> {
    let mut queues = Vec::new();
    for (name, settings) in &config.queues {
        queues.push((name.clone(), workers.prepare(name, settings).await?));
    }
    Ok(queues)
}

/// The current configuration, for the admin side.
fn configured(config: CurrentConfig) -> Configured {
    Arc::new(move || config.load_full())
}

/// The current defaults for jobs that are added to a queue.
fn defaults(config: CurrentConfig) -> Defaults {
    Arc::new(move |queue| config.load().queues.get(queue).map(|queue| queue.job_defaults.clone()).unwrap_or_default())
}
