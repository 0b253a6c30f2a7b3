//! A queue as its worker reaches it: always by the connection that is in use now, which is another one where the one
//! before had become silent.

use std::sync::Arc;

use arc_swap::ArcSwap;
use bullmq::redis_connection::{AnyConnection, RedisConnection};
use bullmq::{Queue, QueueKeys};
use tokio::sync::watch;

use super::connection::{ConnectError, SharedRedis};
use super::patience::Pauses;

/// One queue.
pub struct Home {
    redis: SharedRedis,
    keys: QueueKeys,
    queue: ArcSwap<Queue>,
    replaced: watch::Receiver<u64>,
}

impl Home {
    /// Connects, if nobody has before.
    pub async fn find(redis: SharedRedis, name: &str) -> Result<Self, ConnectError> {
        // Before the connection is asked for, so that none is missed that takes its place.
        let replaced = redis.replaced();
        let queue = redis.queue(name).await?;
        Ok(Self { redis, keys: queue.keys().clone(), queue: ArcSwap::from_pointee(queue), replaced })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.keys.name()
    }

    /// Its keys.
    pub fn keys(&self) -> &QueueKeys {
        &self.keys
    }

    /// BullMQ's client of it, for what is asked now.
    pub fn queue(&self) -> Arc<Queue> {
        self.queue.load_full()
    }

    /// What it is reached by, for what is asked now.
    pub fn connection(&self) -> AnyConnection {
        self.queue.load().connection().connection()
    }

    /// Where further connections to it are made.
    pub fn connections(&self) -> RedisConnection {
        self.queue.load().connection().clone()
    }

    /// Takes each new connection, until it is dropped.
    pub async fn follow(self: Arc<Self>) {
        let mut replaced = self.replaced.clone();
        while replaced.changed().await.is_ok() {
            let mut pauses = Pauses::default();
            loop {
                match self.redis.queue(self.name()).await {
                    Ok(queue) => break self.queue.store(Arc::new(queue)),
                    Err(error) => {
                        tracing::debug!(queue = self.name(), %error, "the new connection is not used yet");
                        tokio::time::sleep(pauses.next()).await;
                    }
                }
            }
        }
    }
}
