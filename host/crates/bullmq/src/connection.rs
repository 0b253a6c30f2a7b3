//! The one place where connections to Redis are made.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bullmq::options::{RedisConnectionOptions, TlsCerts};
use bullmq::redis_connection::RedisConnection;
use bullmq::{Queue, QueueEvents, QueueEventsOptions, QueueOptions};
use futures::future::{join_all, try_join_all};
use redis::{Pipeline, Value};
use tokio::sync::watch;

use super::clock;
pub use super::connect_error::ConnectError;
use super::lane::{Lane, ONE_TRY, Tried, wait_ready};
use super::relayed::Relayed;
use super::slot;
use toril_job::settings::{self, Topology};

/// How often it is looked whether connections have become silent, and what time it is.
const LOOK: Duration = Duration::from_secs(5);

/// Makes connections with the settings of `[redis]`. Connects when a connection is first asked for.
pub struct Redis {
    settings: settings::Redis,
    /// Where it is, for errors.
    shown: String,
    /// The namespace, which in a cluster is a hash tag: what is not BullMQ's lies in one slot.
    namespace: String,
    ways: Ways,
    /// The ways that are in use, by slot. Where there is only one, its slot is 0.
    lanes: Mutex<BTreeMap<u16, Arc<Lane>>>,
    /// How often a connection was replaced.
    replaced: watch::Sender<u64>,
}

/// How a server is found.
enum Ways {
    /// It is always at the same place.
    Direct(Box<RedisConnectionOptions>),
    /// It is asked for.
    Relayed(Relayed),
}

impl Redis {
    /// Takes the settings; connects to nothing yet.
    pub fn new(settings: &settings::Redis) -> Result<Self, ConnectError> {
        // Both TLS users of this process bring rustls without a provider. A second call finds the first one's.
        let _installed_before = rustls::crypto::ring::default_provider().install_default();
        let missing = settings.require_url()?;
        let url = settings.effective_url().unwrap_or_else(|| missing.clone());
        let in_cluster = matches!(settings.topology, Topology::Cluster(_));
        let ways = match Relayed::new(settings, &url)? {
            Some(relayed) => Ways::Relayed(relayed),
            None => Ways::Direct(Box::new(direct(settings, &url)?)),
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
            ways,
            lanes: Mutex::default(),
            replaced: watch::channel(0).0,
        })
    }

    /// BullMQ's key prefix.
    pub fn prefix(&self) -> &str {
        &self.settings.prefix
    }

    /// A key that is not BullMQ's, under the namespace.
    pub fn namespaced(&self, key: &str) -> String {
        format!("{}:{key}", self.namespace)
    }

    /// The connection for all that is not BullMQ's, which everything shares that does not block. Made on the first call,
    /// which waits until Redis is ready, for `connect_timeout` at most. From then on it reconnects by itself.
    pub async fn connection(&self) -> Result<RedisConnection, ConnectError> {
        self.connect(self.slot(&self.namespaced(""))).await
    }

    /// The same for the keys of a queue.
    pub async fn connection_of(&self, queue: &str) -> Result<RedisConnection, ConnectError> {
        self.connect(self.slot_of(queue)?).await
    }

    /// A queue, for adding to it and looking at it, on the connection for its keys.
    pub async fn queue(&self, name: &str) -> Result<Queue, ConnectError> {
        let connection = self.connection_of(name).await?;
        let options = QueueOptions::new().connection(connection.options().clone()).prefix(self.prefix());
        Ok(Queue::with_connection(name, connection, options).await?)
    }

    /// The events of a queue, after the one of this id.
    pub async fn queue_events(&self, queue: &str, after: String) -> Result<QueueEvents, ConnectError> {
        let connection = self.connection_of(queue).await?;
        let options = QueueEventsOptions {
            connection: connection.options().clone(),
            prefix: self.prefix().to_owned(),
            last_event_id: Some(after),
            ..QueueEventsOptions::default()
        };
        Ok(QueueEvents::with_connection(queue, connection, options).await?)
    }

    /// A client for connections of their own to what is not BullMQ's, such as one that listens.
    pub fn client(&self) -> Result<redis::Client, ConnectError> {
        self.lane(self.slot(&self.namespaced("")))?.client()
    }

    /// The same for the keys of a queue.
    pub fn client_of(&self, queue: &str) -> Result<redis::Client, ConnectError> {
        self.lane(self.slot_of(queue)?)?.client()
    }

    /// Asks each of these queues its own questions, all at once: in one round trip where they lie on one server.
    /// The answers are in the order of the questions.
    pub async fn ask_each(&self, parts: &[(&str, Pipeline)]) -> Result<Vec<Value>, ConnectError> {
        let mut of_slots: BTreeMap<u16, Vec<usize>> = BTreeMap::new();
        for (place, (queue, _)) in parts.iter().enumerate() {
            of_slots.entry(self.slot_of(queue)?).or_default().push(place);
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

    /// Whether Redis has a queue. A way to it is not made for that: the name may be anybody's.
    pub async fn has_queue(&self, queue: &str) -> Result<bool, ConnectError> {
        let slot = self.slot_of(queue)?;
        let mut exists = redis::cmd("EXISTS");
        exists.arg(format!("{}:{queue}:meta", self.prefix()));
        let known = self.lanes.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&slot);
        match &self.ways {
            Ways::Relayed(relayed) if !known => {
                let mut asking = relayed.reach(slot).await?;
                Ok(exists.query_async(&mut asking.connection).await?)
            }
            Ways::Relayed(_) | Ways::Direct(_) => Ok(self.connect(slot).await?.cmd(&mut exists).await?),
        }
    }

    /// Whether a job of the one queue may wait for one of the other, which takes both in one slot.
    pub fn check_parent(&self, child: &str, parent: &str) -> Result<(), ConnectError> {
        if self.slot_of(child)? == self.slot_of(parent)? {
            return Ok(());
        }
        Err(ConnectError::OtherSlot { child: child.to_owned(), parent: parent.to_owned() })
    }

    /// What Redis calls the shared connections: other numbers are other connections.
    pub async fn connection_ids(&self) -> Result<BTreeMap<u16, u64>, ConnectError> {
        let lanes = self.connected();
        let ids = lanes.iter().map(|(slot, connection)| async {
            let mut ask = redis::cmd("CLIENT");
            match tokio::time::timeout(ONE_TRY, connection.cmd(ask.arg("ID"))).await {
                Ok(id) => Ok((*slot, id?)),
                Err(_) => Err(ConnectError::Silent),
            }
        });
        Ok(try_join_all(ids).await?.into_iter().collect())
    }

    /// Asks for a sign of life wherever there is a connection, and says how long the slowest took.
    pub async fn ping(&self) -> Result<Duration, ConnectError> {
        let _made = self.connection().await?;
        let lanes = self.connected();
        let answered = lanes.iter().map(|(_, connection)| async {
            let started = Instant::now();
            match tokio::time::timeout(ONE_TRY, connection.ping()).await {
                Ok(answer) => Ok(answer.map(|()| started.elapsed())?),
                Err(_) => Err(ConnectError::Silent),
            }
        });
        let answered: Result<Vec<Duration>, ConnectError> = join_all(answered).await.into_iter().collect();
        Ok(answered?.into_iter().max().unwrap_or_default())
    }

    /// The connections that were made.
    pub(super) fn connections(&self) -> Vec<RedisConnection> {
        self.connected().into_iter().map(|(_, connection)| connection).collect()
    }

    /// Asks what time it is. A server that does not tell, as where this user may not ask, leaves it at what it was.
    pub async fn set_clock(&self) {
        // One of them is enough, whichever has been there longest.
        let Some(connection) = self.connections().into_iter().next() else { return };
        match tokio::time::timeout(ONE_TRY, clock::set_by(&connection)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "Redis does not tell what time it is"),
            Err(_) => tracing::debug!("Redis did not tell in time what time it is"),
        }
    }

    /// Replaces connections that have become silent, and keeps the time by Redis' clock, until it is dropped.
    pub async fn watch_over(&self) {
        loop {
            tokio::time::sleep(LOOK).await;
            let lanes: Vec<_> = self.lanes.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
            let silent = join_all(lanes.iter().map(|lane| lane.replace_if_silent()));
            let (silent, ()) = tokio::join!(silent, self.set_clock());
            if silent.contains(&true) {
                tracing::info!("a connection to Redis had become silent, and another one has taken its place");
                self.replaced.send_modify(|times| *times += 1);
            }
        }
    }

    /// Says whenever a connection was replaced.
    pub fn replaced(&self) -> watch::Receiver<u64> {
        self.replaced.subscribe()
    }

    /// The same with the slots that they lead to.
    fn connected(&self) -> Vec<(u16, RedisConnection)> {
        let lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        lanes.iter().filter_map(|(slot, lane)| Some((*slot, lane.connected()?))).collect()
    }

    /// Which way leads to a key.
    fn slot(&self, key: &str) -> u16 {
        match self.settings.topology {
            Topology::Cluster(_) => slot::of(key),
            Topology::One | Topology::Sentinels(_) => 0,
        }
    }

    /// Which way leads to the keys of a queue. In a cluster there is one only if they have a hash tag.
    fn slot_of(&self, queue: &str) -> Result<u16, ConnectError> {
        if !self.settings.holds(queue) {
            return Err(ConnectError::NoHashTag { queue: queue.to_owned() });
        }
        Ok(self.slot(&format!("{}:{queue}:", self.prefix())))
    }

    /// The way to a slot. Takes a runtime where it is made.
    fn lane(&self, slot: u16) -> Result<Arc<Lane>, ConnectError> {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lane) = lanes.get(&slot) {
            return Ok(lane.clone());
        }
        let options = match &self.ways {
            Ways::Direct(options) => (**options).clone(),
            Ways::Relayed(relayed) => relayed.options(slot)?,
        };
        Ok(lanes.entry(slot).or_insert(Arc::new(Lane::new(options))).clone())
    }

    async fn connect(&self, slot: u16) -> Result<RedisConnection, ConnectError> {
        let lane = self.lane(slot)?;
        let ready = async {
            let client = lane.client()?;
            wait_ready(&self.shown, self.settings.connect_timeout, || self.ping_once(&client, slot)).await
        };
        lane.connection(&self.shown, ready).await
    }

    async fn ping_once(&self, client: &redis::Client, slot: u16) -> Tried {
        match &self.ways {
            Ways::Direct(_) => ping_once(client).await,
            Ways::Relayed(relayed) => relayed.ping_once(slot).await,
        }
    }
}

fn direct(settings: &settings::Redis, url: &settings::RedisUrl) -> Result<RedisConnectionOptions, ConnectError> {
    let options = RedisConnectionOptions::new().url(url.expose());
    let Some(path) = &settings.ca else { return Ok(options) };
    let root = std::fs::read(path).map_err(|source| ConnectError::Ca { path: path.display().to_string(), source })?;
    Ok(options.tls_certs(TlsCerts { root_cert: Some(root), ..TlsCerts::default() }))
}

async fn ping_once(client: &redis::Client) -> Tried {
    let answer = async {
        let mut connection = client.get_multiplexed_async_connection().await?;
        redis::cmd("PING").query_async::<()>(&mut connection).await
    };
    match answer.await {
        Ok(()) => Tried::Ready,
        Err(error) => Tried::by(&error, error.to_string()),
    }
}

/// Redis as the rest of the host holds it.
pub type SharedRedis = Arc<Redis>;
