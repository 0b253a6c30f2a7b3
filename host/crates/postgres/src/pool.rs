//! The pool: it lends sessions, opens them when they are needed, and closes those that are idle for long.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use deadpool::managed::{
    self, Metrics, Object, PoolConfig, QueueMode, RecycleError, RecycleResult, TimeoutType, Timeouts,
};
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use crate::cancel::Canceller;
use crate::connect::{ConnectError, Connector};
use crate::error::{Error, PoolError};
use crate::session::Session;
use crate::settings::{Observer, Settings, Status};

/// A connection that nobody has used for so long is closed.
const IDLE: Duration = Duration::from_secs(60);
/// How long it may take to end the process of a session that was given up.
const TERMINATE: Duration = Duration::from_secs(5);
/// The interval of the check for idle connections.
const SWEEP: Duration = Duration::from_secs(10);

/// The connections to one database.
#[derive(Clone)]
pub struct Pool(Arc<Inner>);

struct Inner {
    sessions: managed::Pool<Manager>,
    settings: Arc<Settings>,
    observer: Arc<dyn Observer>,
    /// Closes idle connections. It starts with the first borrower, because a pool may be made outside of a runtime.
    sweeper: OnceLock<AbortOnDropHandle<()>>,
}

/// Makes sessions, and checks them before they are lent.
struct Manager(Connector);

impl managed::Manager for Manager {
    type Type = Session;
    type Error = ConnectError;

    async fn create(&self) -> Result<Session, ConnectError> {
        self.0.connect().await
    }

    async fn recycle(&self, session: &mut Session, _: &Metrics) -> RecycleResult<ConnectError> {
        if session.is_usable() { Ok(()) } else { Err(RecycleError::message("the server closed the connection")) }
    }
}

impl Pool {
    /// A pool with these settings. It opens no connection yet.
    pub fn new(settings: Settings, observer: Arc<dyn Observer>) -> Result<Self, PoolError> {
        if settings.connections == 0 {
            return Err(PoolError::NoConnections);
        }
        let settings = Arc::new(settings);
        let connector = Connector::new(settings.clone())?;
        // The connection that was used last: the others can become idle for long enough to be closed.
        let config = PoolConfig { queue_mode: QueueMode::Lifo, ..PoolConfig::new(settings.connections) };
        let sessions =
            managed::Pool::builder(Manager(connector)).config(config).runtime(deadpool::Runtime::Tokio1).build();
        let sessions = sessions.map_err(|error| PoolError::Tls(error.to_string()))?;
        Ok(Self(Arc::new(Inner { sessions, settings, observer, sweeper: OnceLock::new() })))
    }

    /// The connections at this moment.
    pub fn status(&self) -> Status {
        let status = self.0.sessions.status();
        let idle = status.available.min(status.size);
        Status { open: status.size, idle, waiting: status.waiting, max: self.0.settings.connections }
    }

    /// Closes idle connections, and lends no more. Borrowed ones are closed when they come back.
    pub fn close(&self) {
        self.0.sessions.close();
        self.observe();
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.0.settings
    }

    pub(crate) fn observer(&self) -> &dyn Observer {
        self.0.observer.as_ref()
    }

    /// Borrows a session. It waits for at most `connect_timeout` if all are lent, and never beyond the deadline.
    pub(crate) async fn borrow(&self, deadline: Instant) -> Result<Borrowed, Error> {
        self.0.sweeper.get_or_init(|| AbortOnDropHandle::new(tokio::spawn(sweep(Arc::downgrade(&self.0)))));
        let started = Instant::now();
        let timeouts = Timeouts { wait: Some(self.0.settings.connect_timeout), create: None, recycle: None };
        let borrowed = tokio::time::timeout_at(deadline, self.0.sessions.timeout_get(&timeouts)).await;
        self.0.observer.waited(started.elapsed());
        self.observe();
        match borrowed {
            Ok(Ok(mut session)) => {
                session.lend();
                Ok(Borrowed { session, pool: self.clone() })
            }
            Ok(Err(error)) => Err(self.unavailable(&error)),
            Err(_) => Err(Error::Timeout("the attempt's time ended before a connection was there".to_owned())),
        }
    }

    fn unavailable(&self, error: &managed::PoolError<ConnectError>) -> Error {
        let settings = &self.0.settings;
        Error::Unavailable(match error {
            managed::PoolError::Timeout(TimeoutType::Wait) => format!(
                "no connection became free within {:?} (connect_timeout). All {} are borrowed (connections)",
                settings.connect_timeout, settings.connections
            ),
            managed::PoolError::Backend(error) => format!("PostgreSQL cannot be reached: {}", error.for_callers()),
            managed::PoolError::Closed => "the pool is closed, because its settings have changed".to_owned(),
            _ => "no connection is available".to_owned(),
        })
    }

    /// Ends a statement that runs on in a session that was given up. The session keeps its place in the pool until then.
    async fn terminate(&self, lost: Option<Arc<Canceller>>) {
        let Some(lost) = lost else { return };
        let pool = &self.0.settings.name;
        let connector = &self.0.sessions.manager().0;
        match tokio::time::timeout(TERMINATE, connector.terminate(&lost)).await {
            Ok(Ok(())) => tracing::info!(
                pool,
                "a PostgreSQL statement went on after its cancel, and the host asked the server to end its process"
            ),
            Ok(Err(_)) | Err(_) => {
                let process_id = lost.process_id;
                tracing::warn!(
                    pool,
                    process_id,
                    "a PostgreSQL statement went on after its cancel. End its process on the server"
                );
            }
        }
    }

    fn observe(&self) {
        self.0.observe();
    }
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool").field("settings", &self.0.settings).field("status", &self.status()).finish()
    }
}

impl Inner {
    fn observe(&self) {
        let status = self.sessions.status();
        self.observer.connections(status.size, status.available.min(status.size));
    }
}

/// Closes idle connections, until the pool is gone.
async fn sweep(pool: std::sync::Weak<Inner>) {
    loop {
        tokio::time::sleep(SWEEP).await;
        let Some(pool) = pool.upgrade() else { return };
        let removed = pool.sessions.retain(|session, _| session.idle() < IDLE).removed;
        if !removed.is_empty() {
            pool.observe();
        }
        drop(pool);
        for session in removed {
            session.close().await;
        }
    }
}

/// A session that is lent.
pub(crate) struct Borrowed {
    session: Object<Manager>,
    pool: Pool,
}

impl Borrowed {
    /// Resets the session and gives it back. A session that cannot be reset is closed.
    pub(crate) async fn give_back(self) {
        let Self { mut session, pool } = self;
        match session.reset().await {
            Ok(()) if !pool.0.sessions.is_closed() => {
                session.rest();
                drop(session);
            }
            Ok(()) => Object::take(session).close().await,
            Err(reason) => {
                tracing::debug!(pool = pool.0.settings.name, reason, "a PostgreSQL connection is closed");
                pool.terminate(session.runs_on()).await;
                Object::take(session).close().await;
            }
        }
        pool.observe();
    }

    /// Removes a lost session from the pool.
    pub(crate) fn discard(self) {
        drop(Object::take(self.session));
        self.pool.observe();
    }

    /// Removes a lost session from the pool, after it has ended the statement that runs on.
    pub(crate) async fn terminate(self) {
        self.pool.terminate(self.session.runs_on()).await;
        self.discard();
    }
}

impl Deref for Borrowed {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.session
    }
}

impl DerefMut for Borrowed {
    fn deref_mut(&mut self) -> &mut Session {
        &mut self.session
    }
}
