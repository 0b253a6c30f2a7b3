//! Waiting for jobs: BullMQ's clients put a marker down when there are some.

use std::sync::Arc;
use std::time::Duration;

use bullmq::Error;
use bullmq::redis_connection::AnyConnection;
use redis::{ErrorKind, RedisError};

use crate::home::Home;

/// The longest wait. A new job ends it; this bounds how long one can lie that nobody was woken for.
pub const IDLE: Duration = Duration::from_secs(5);
/// How much later than it should an answer may come, before the connection is given up.
const GRACE: Duration = Duration::from_secs(2);

/// A connection of its own, since waiting blocks it. Made anew after an error.
pub struct Marker {
    home: Arc<Home>,
    key: String,
    /// What clients see as the worker's name (`CLIENT LIST`).
    client: String,
    connection: Option<AnyConnection>,
}

impl Marker {
    /// Waits for jobs of this queue. `name`: the worker's, which Node's `queue.getWorkers` shows.
    pub fn new(home: Arc<Home>, name: Option<&str>) -> Self {
        let suffix = name.map(|name| format!(":w:{name}")).unwrap_or_default();
        let (key, client) = (home.keys().marker(), home.keys().client_name(&suffix));
        Self { home, key, client, connection: None }
    }

    /// Connects. A client that lists the workers of the queue sees this one from then on, also if it never waits.
    pub async fn open(&mut self) -> Result<(), Error> {
        if self.connection.is_none() {
            let connected = tokio::time::timeout(IDLE, self.connect()).await;
            self.connection = Some(connected.map_err(|_| silent())??);
        }
        Ok(())
    }

    /// Returns when the marker was there, which takes it, or after so long.
    pub async fn wait(&mut self, longest: Duration) -> Result<(), Error> {
        let bound = longest.clamp(Duration::from_millis(1), IDLE);
        self.open().await?;
        // Not kept through an error, nor by a wait that is given up.
        let Some(mut connection) = self.connection.take() else { return Err(silent()) };
        let mut pop = redis::cmd("BZPOPMIN");
        pop.arg(&self.key).arg(bound.as_secs_f64());
        let popped = pop.query_async::<redis::Value>(&mut connection);
        tokio::time::timeout(bound + GRACE, popped).await.map_err(|_| silent())??;
        self.connection = Some(connection);
        Ok(())
    }

    async fn connect(&self) -> Result<AnyConnection, Error> {
        let mut connection = self.home.connections().dedicated_any_connection().await?;
        let mut name = redis::cmd("CLIENT");
        // Some services do not let clients name themselves, which changes nothing here.
        if let Err(error) = name.arg("SETNAME").arg(&self.client).query_async::<()>(&mut connection).await {
            tracing::debug!(%error, "the worker's connection has no name");
        }
        Ok(connection)
    }
}

fn silent() -> Error {
    Error::Redis(RedisError::from((ErrorKind::Io, "no answer in time")))
}
