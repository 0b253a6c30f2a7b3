//! A worker's access to its queue. It always uses the current connection. When a silent connection was replaced, it
//! switches to the new one.

use std::sync::Arc;

use arc_swap::ArcSwap;
use bullmq::redis_connection::{AnyConnection, RedisConnection};
use bullmq::{Queue, QueueKeys};
use tokio::sync::watch;

use super::error::ConnectError;
use super::health::backoff::ReconnectBackoff;
use super::pool::SharedRedis;
use toril_job::QueueName;

/// The client of one queue.
pub struct QueueClient {
    redis: SharedRedis,
    name: QueueName,
    keys: QueueKeys,
    queue: ArcSwap<Queue>,
    replaced: watch::Receiver<u64>,
}

impl QueueClient {
    /// Opens the queue. Connects if there is no shared connection yet.
    pub async fn open(redis: SharedRedis, name: &QueueName) -> Result<Self, ConnectError> {
        // This subscribes before it opens the connection, so that it misses no replacement.
        let replaced = redis.replaced();
        let queue = redis.queue(name).await?;
        Ok(Self {
            redis,
            name: name.clone(),
            keys: queue.keys().clone(),
            queue: ArcSwap::from_pointee(queue),
            replaced,
        })
    }

    /// The queue's name.
    pub fn name(&self) -> &QueueName {
        &self.name
    }

    /// The queue's keys.
    pub fn keys(&self) -> &QueueKeys {
        &self.keys
    }

    /// BullMQ's client for the queue, on the current connection.
    pub fn queue(&self) -> Arc<Queue> {
        self.queue.load_full()
    }

    /// The current connection.
    pub fn connection(&self) -> AnyConnection {
        self.queue.load().connection().connection()
    }

    /// The source of further connections to the queue's server.
    pub fn connections(&self) -> RedisConnection {
        self.queue.load().connection().clone()
    }

    /// Switches to each new connection, until it is dropped.
    pub async fn follow(self: Arc<Self>) {
        let mut replaced = self.replaced.clone();
        while replaced.changed().await.is_ok() {
            let mut backoff = ReconnectBackoff::default();
            loop {
                match self.redis.queue(self.name()).await {
                    Ok(queue) => break self.queue.store(Arc::new(queue)),
                    Err(error) => {
                        tracing::debug!(queue = self.name.as_str(), %error, "switching to the new connection failed, retrying");
                        tokio::time::sleep(backoff.next()).await;
                    }
                }
            }
        }
    }
}
