//! The connections of a process to Redis. No other module creates connections.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bullmq::options::{RedisConnectionOptions, TlsCerts};
use bullmq::redis_connection::RedisConnection;
use bullmq::{Queue, QueueEvents, QueueEventsOptions, QueueKeys, QueueOptions};
use futures::future::{join_all, try_join_all};
use redis::{Pipeline, Value};
use tokio::sync::watch;

use super::endpoint::Endpoint;
use super::error::ConnectError;
use super::health::readiness::{ATTEMPT_TIMEOUT, Probe, wait_ready};
use super::proxy::Proxies;
use super::topology::slot;
use crate::clock;
use toril_job::QueueName;
use toril_job::settings::{self, Topology};

/// The interval of the check for silent connections and of the clock synchronisation.
const CHECK_INTERVAL: Duration = Duration::from_secs(5);

/// Makes connections with the settings of `[redis]`. It connects when a connection is first requested.
pub struct Redis {
    settings: settings::Redis,
    /// The address for error messages.
    shown: String,
    /// The namespace. In a cluster it is a hash tag, so all keys that are not BullMQ's are in one slot.
    namespace: String,
    route: Route,
    /// The endpoints in use, by cluster slot. Without a cluster there is only one, with slot 0.
    endpoints: Mutex<BTreeMap<u16, Arc<Endpoint>>>,
    /// How often a connection was replaced.
    replaced: watch::Sender<u64>,
}

/// How clients reach a server.
enum Route {
    /// At a fixed address.
    Direct(Box<RedisConnectionOptions>),
    /// By discovery, through a local proxy.
    Proxied(Proxies),
}

impl Redis {
    /// Takes the settings. It does not connect yet.
    pub fn new(settings: &settings::Redis) -> Result<Self, ConnectError> {
        // Both users of TLS in this process use rustls without a default provider. A second call finds the provider of
        // the first.
        let _installed_before = rustls::crypto::ring::default_provider().install_default();
        let missing = settings.require_url()?;
        let url = settings.effective_url().unwrap_or_else(|| missing.clone());
        let in_cluster = matches!(settings.topology, Topology::Cluster(_));
        let route = match Proxies::new(settings, &url)? {
            Some(proxies) => Route::Proxied(proxies),
            None => Route::Direct(Box::new(direct(settings, &url)?)),
        };
        let namespace = match settings::hash_tag(&settings.namespace) {
            None if in_cluster => format!("{{{}}}", settings.namespace),
            _ => settings.namespace.clone(),
        };
        let shown = match &settings.topology {
            Topology::Sentinels(_) => format!("{url} (a master that sentinels know)"),
            Topology::Cluster(_) => format!("{url} (a cluster)"),
            Topology::One => url.to_string(),
        };
        Ok(Self {
            settings: settings.clone(),
            shown,
            namespace,
            route,
            endpoints: Mutex::default(),
            replaced: watch::channel(0).0,
        })
    }

    /// BullMQ's key prefix.
    pub fn prefix(&self) -> &str {
        &self.settings.prefix
    }

    /// A key under the namespace, for data that is not BullMQ's.
    pub fn namespaced(&self, key: &str) -> String {
        format!("{}:{key}", self.namespace)
    }

    /// The shared connection for all keys that are not BullMQ's. It must not be used for blocking commands. The first
    /// call connects and waits until Redis is ready, for at most `connect_timeout`. From then on the connection
    /// reconnects by itself.
    pub async fn connection(&self) -> Result<RedisConnection, ConnectError> {
        self.connect(self.slot(&self.namespaced(""))).await
    }

    /// The shared connection for the keys of a queue.
    pub async fn connection_of(&self, queue: &QueueName) -> Result<RedisConnection, ConnectError> {
        self.connect(self.slot_of(queue.as_str())?).await
    }

    /// The same, for code that has the queue's keys at hand.
    pub(crate) async fn connection_for(&self, keys: &QueueKeys) -> Result<RedisConnection, ConnectError> {
        self.connect(self.slot_of(keys.name())?).await
    }

    /// A queue for adding and reading jobs, on the connection for its keys.
    pub async fn queue(&self, name: &QueueName) -> Result<Queue, ConnectError> {
        let connection = self.connection_of(name).await?;
        let options = QueueOptions::new().connection(connection.options().clone()).prefix(self.prefix());
        Ok(Queue::with_connection(name.as_str(), connection, options).await?)
    }

    /// The events of a queue that come after the event with this id.
    pub async fn queue_events(&self, queue: &QueueName, after: String) -> Result<QueueEvents, ConnectError> {
        let connection = self.connection_of(queue).await?;
        let options = QueueEventsOptions {
            connection: connection.options().clone(),
            prefix: self.prefix().to_owned(),
            last_event_id: Some(after),
            ..QueueEventsOptions::default()
        };
        Ok(QueueEvents::with_connection(queue.as_str(), connection, options).await?)
    }

    /// A client for separate connections to keys that are not BullMQ's, for example for a subscription.
    pub fn client(&self) -> Result<redis::Client, ConnectError> {
        self.endpoint(self.slot(&self.namespaced("")))?.client()
    }

    /// A client for separate connections to the keys of a queue.
    pub fn client_of(&self, queue: &QueueName) -> Result<redis::Client, ConnectError> {
        self.endpoint(self.slot_of(queue.as_str())?)?.client()
    }

    /// Sends each queue its own pipeline, all concurrently. Queues on the same server share one round trip. The answers
    /// are in the order of `parts`.
    pub async fn ask_each(&self, parts: &[(&QueueName, Pipeline)]) -> Result<Vec<Value>, ConnectError> {
        let mut of_slots: BTreeMap<u16, Vec<usize>> = BTreeMap::new();
        for (place, (queue, _)) in parts.iter().enumerate() {
            of_slots.entry(self.slot_of(queue.as_str())?).or_default().push(place);
        }
        let asked = of_slots.into_iter().map(|(slot, places)| async move {
            let mut pipe = redis::pipe();
            for place in &places {
                for command in parts[*place].1.cmd_iter() {
                    pipe.add_command(command.clone());
                }
            }
            let answers: Vec<Value> = match pipe.is_empty() {
                true => Vec::new(),
                false => self.connect(slot).await?.pipe(&pipe).await?,
            };
            let mut answers = answers.into_iter();
            let of_part = |place: usize| (place, answers.by_ref().take(parts[place].1.len()).collect::<Vec<_>>());
            Ok::<_, ConnectError>(places.into_iter().map(of_part).collect::<Vec<_>>())
        });
        let mut by_part: HashMap<usize, Vec<Value>> = try_join_all(asked).await?.into_iter().flatten().collect();
        Ok((0..parts.len()).flat_map(|place| by_part.remove(&place).unwrap_or_default()).collect())
    }

    /// Whether a queue exists in Redis. This creates no new endpoint, because the name can come from any client.
    pub async fn has_queue(&self, queue: &QueueName) -> Result<bool, ConnectError> {
        let slot = self.slot_of(queue.as_str())?;
        let mut exists = redis::cmd("EXISTS");
        exists.arg(format!("{}:{queue}:meta", self.prefix()));
        let known = self.endpoints.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&slot);
        match &self.route {
            Route::Proxied(proxies) if !known => {
                let mut query = proxies.reach(slot).await?;
                Ok(exists.query_async(&mut query.connection).await?)
            }
            Route::Proxied(_) | Route::Direct(_) => Ok(self.connect(slot).await?.cmd(&mut exists).await?),
        }
    }

    /// Whether a job of `child` may have a parent in `parent`. Both queues must be in one cluster slot.
    pub fn check_parent(&self, child: &QueueName, parent: &QueueName) -> Result<(), ConnectError> {
        if self.slot_of(child.as_str())? == self.slot_of(parent.as_str())? {
            return Ok(());
        }
        Err(ConnectError::OtherSlot { child: child.to_owned(), parent: parent.to_owned() })
    }

    /// The Redis client ids of the shared connections. A new id means a new connection.
    pub async fn connection_ids(&self) -> Result<BTreeMap<u16, u64>, ConnectError> {
        let connected = self.connected();
        let ids = connected.iter().map(|(slot, connection)| async {
            let mut ask = redis::cmd("CLIENT");
            match tokio::time::timeout(ATTEMPT_TIMEOUT, connection.cmd(ask.arg("ID"))).await {
                Ok(id) => Ok((*slot, id?)),
                Err(_) => Err(ConnectError::Silent { waited: ATTEMPT_TIMEOUT }),
            }
        });
        Ok(try_join_all(ids).await?.into_iter().collect())
    }

    /// Pings all connections. Returns the time of the slowest answer.
    pub async fn ping(&self) -> Result<Duration, ConnectError> {
        let _made = self.connection().await?;
        let connected = self.connected();
        let answered = connected.iter().map(|(_, connection)| async {
            let started = Instant::now();
            match tokio::time::timeout(ATTEMPT_TIMEOUT, connection.ping()).await {
                Ok(answer) => Ok(answer.map(|()| started.elapsed())?),
                Err(_) => Err(ConnectError::Silent { waited: ATTEMPT_TIMEOUT }),
            }
        });
        let answered: Result<Vec<Duration>, ConnectError> = join_all(answered).await.into_iter().collect();
        Ok(answered?.into_iter().max().unwrap_or_default())
    }

    /// The connections that were made so far.
    pub(crate) fn connections(&self) -> Vec<RedisConnection> {
        self.connected().into_iter().map(|(_, connection)| connection).collect()
    }

    /// Synchronises the clock with Redis. If a server does not answer, or this user may not run `TIME`, the clock stays
    /// unchanged.
    pub async fn set_clock(&self) {
        // One connection is enough. This takes the first.
        let Some(connection) = self.connections().into_iter().next() else { return };
        match tokio::time::timeout(ATTEMPT_TIMEOUT, clock::set_by(&connection)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "reading the time of Redis failed"),
            Err(_) => tracing::debug!("Redis did not answer TIME in time"),
        }
    }

    /// Replaces connections that have become silent, and keeps the clock synchronised with Redis, until it is dropped.
    pub async fn watch_over(&self) {
        loop {
            tokio::time::sleep(CHECK_INTERVAL).await;
            let endpoints: Vec<_> =
                self.endpoints.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
            let silent = join_all(endpoints.iter().map(|endpoint| endpoint.replace_if_silent()));
            let (silent, ()) = tokio::join!(silent, self.set_clock());
            if silent.contains(&true) {
                tracing::info!("replaced a connection to Redis that no longer answered");
                self.replaced.send_modify(|times| *times += 1);
            }
        }
    }

    /// Notifies each time a connection was replaced.
    pub fn replaced(&self) -> watch::Receiver<u64> {
        self.replaced.subscribe()
    }

    /// The connections that were made so far, with their slots.
    fn connected(&self) -> Vec<(u16, RedisConnection)> {
        let endpoints = self.endpoints.lock().unwrap_or_else(PoisonError::into_inner);
        endpoints.iter().filter_map(|(slot, endpoint)| Some((*slot, endpoint.connected()?))).collect()
    }

    /// The slot of a key.
    fn slot(&self, key: &str) -> u16 {
        match self.settings.topology {
            Topology::Cluster(_) => slot::of(key),
            Topology::One | Topology::Sentinels(_) => 0,
        }
    }

    /// The slot of a queue's keys. In a cluster they share one only if they have a hash tag.
    fn slot_of(&self, queue: &str) -> Result<u16, ConnectError> {
        if !self.settings.holds(queue) {
            return Err(ConnectError::NoHashTag { queue: queue.to_owned() });
        }
        Ok(self.slot(&format!("{}:{queue}:", self.prefix())))
    }

    /// The endpoint of a slot. Creating one needs a Tokio runtime.
    fn endpoint(&self, slot: u16) -> Result<Arc<Endpoint>, ConnectError> {
        let mut endpoints = self.endpoints.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(endpoint) = endpoints.get(&slot) {
            return Ok(endpoint.clone());
        }
        let options = match &self.route {
            Route::Direct(options) => (**options).clone(),
            Route::Proxied(proxies) => proxies.options(slot)?,
        };
        Ok(endpoints.entry(slot).or_insert(Arc::new(Endpoint::new(options))).clone())
    }

    async fn connect(&self, slot: u16) -> Result<RedisConnection, ConnectError> {
        let endpoint = self.endpoint(slot)?;
        let ready = async {
            let client = endpoint.client()?;
            wait_ready(&self.shown, self.settings.connect_timeout, || self.ping_once(&client, slot)).await
        };
        endpoint.connection(&self.shown, ready).await
    }

    async fn ping_once(&self, client: &redis::Client, slot: u16) -> Probe {
        match &self.route {
            Route::Direct(_) => ping_once(client).await,
            Route::Proxied(proxies) => proxies.ping_once(slot).await,
        }
    }
}

fn direct(settings: &settings::Redis, url: &settings::RedisUrl) -> Result<RedisConnectionOptions, ConnectError> {
    let options = RedisConnectionOptions::new().url(url.expose());
    let Some(path) = &settings.ca else { return Ok(options) };
    let root = std::fs::read(path).map_err(|source| ConnectError::Ca { path: path.display().to_string(), source })?;
    Ok(options.tls_certs(TlsCerts { root_cert: Some(root), ..TlsCerts::default() }))
}

async fn ping_once(client: &redis::Client) -> Probe {
    let answer = async {
        let mut connection = client.get_multiplexed_async_connection().await?;
        redis::cmd("PING").query_async::<()>(&mut connection).await
    };
    match answer.await {
        Ok(()) => Probe::Ready,
        Err(error) => Probe::from_error(&error, error.to_string()),
    }
}

/// Redis, shared by the rest of the host.
pub type SharedRedis = Arc<Redis>;
