//! Waits for jobs. BullMQ's clients write a marker when they add some.

use std::sync::Arc;
use std::time::Duration;

use bullmq::Error;
use bullmq::redis_connection::AnyConnection;
use redis::{ErrorKind, RedisError};

use crate::access::QueueClient;

/// The longest wait. A new job ends it. The bound limits how long a job can wait if no marker announced it.
pub const IDLE: Duration = Duration::from_secs(5);
/// How much later than expected an answer may come before the connection is closed.
const GRACE: Duration = Duration::from_secs(2);

/// Waits for the marker on its own connection, because the wait blocks it. After an error it connects again.
pub struct Marker {
    client: Arc<QueueClient>,
    key: String,
    /// The name of the connection in `CLIENT LIST`, where clients look for workers.
    client_name: String,
    connection: Option<AnyConnection>,
}

impl Marker {
    /// Creates a waiter for the marker of this queue. Node's `queue.getWorkers` shows the worker's `name`.
    pub fn new(client: Arc<QueueClient>, name: Option<&str>) -> Self {
        let suffix = name.map(|name| format!(":w:{name}")).unwrap_or_default();
        let (key, client_name) = (client.keys().marker(), client.keys().client_name(&suffix));
        Self { client, key, client_name, connection: None }
    }

    /// Connects. From then on a client that lists the workers of the queue sees this one, even if it never waits.
    pub async fn open(&mut self) -> Result<(), Error> {
        if self.connection.is_none() {
            let connected = tokio::time::timeout(IDLE, self.connect()).await;
            self.connection = Some(connected.map_err(|_| silent())??);
        }
        Ok(())
    }

    /// Returns when it has taken the marker, or after `longest`.
    pub async fn wait(&mut self, longest: Duration) -> Result<(), Error> {
        let bound = longest.clamp(Duration::from_millis(1), IDLE);
        self.open().await?;
        // The connection is dropped after an error, and when the wait is cancelled.
        let Some(mut connection) = self.connection.take() else { return Err(silent()) };
        let mut pop = redis::cmd("BZPOPMIN");
        pop.arg(&self.key).arg(bound.as_secs_f64());
        let popped = pop.query_async::<redis::Value>(&mut connection);
        tokio::time::timeout(bound + GRACE, popped).await.map_err(|_| silent())??;
        self.connection = Some(connection);
        Ok(())
    }

    async fn connect(&self) -> Result<AnyConnection, Error> {
        let mut connection = self.client.connections().dedicated_any_connection().await?;
        let mut name = redis::cmd("CLIENT");
        // Some managed Redis services do not allow `CLIENT SETNAME`. Only the name is missing then.
        if let Err(error) = name.arg("SETNAME").arg(&self.client_name).query_async::<()>(&mut connection).await {
            tracing::debug!(%error, "naming the connection of the worker failed");
        }
        Ok(connection)
    }
}

fn silent() -> Error {
    Error::Redis(RedisError::from((ErrorKind::Io, "no answer in time")))
}
