//! The workers that are connected to a queue, in any language. BullMQ's clients give their connections names.

use std::collections::HashMap;

use bullmq::QueueKeys;
use serde::Serialize;
use utoipa::ToSchema;

use super::error::AdminError;
use super::handle::Admin;
use crate::access::ConnectError;
use toril_job::QueueName;

/// A worker that is connected to a queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct WorkerClient {
    /// The worker's own name, if it has one.
    pub name: Option<String>,
    /// Where it connects from, as Redis sees it: address and port.
    pub address: String,
    /// How long it has been connected, in seconds.
    pub age: u64,
    /// How long its connection has been idle, in seconds.
    pub idle: u64,
    /// Redis' number of the connection.
    pub id: u64,
}

impl Admin {
    /// The workers that are connected to a queue, the oldest connection first. In a cluster, this lists the connections
    /// to the node of the queue, which includes every worker that waits for its jobs.
    pub async fn workers(&self, queue: &QueueName) -> Result<Vec<WorkerClient>, AdminError> {
        let keys = self.keys(queue).await?;
        let listed: Result<String, _> =
            self.redis.connection_of(queue).await?.cmd(redis::cmd("CLIENT").arg("LIST")).await;
        let listed = listed.map_err(|error| match error {
            bullmq::Error::Redis(error) if is_refusal(&error) => AdminError::Conflict(format!(
                "the Redis user may not list clients: allow `CLIENT LIST`, as docs/security.md shows ({error})"
            )),
            other => AdminError::Redis(ConnectError::from(other)),
        })?;
        let mut workers = read(&listed, &keys);
        workers.sort_by_key(|worker| worker.id);
        Ok(workers)
    }
}

/// Whether the user or the service is not allowed to run the command.
fn is_refusal(error: &redis::RedisError) -> bool {
    let code = error.code().unwrap_or_default();
    code == "NOPERM"
        || error.to_string().contains("unknown command")
        || error.to_string().contains("unknown subcommand")
}

/// The workers of a queue in the answer of `CLIENT LIST`, which has one line per client.
fn read(listed: &str, keys: &QueueKeys) -> Vec<WorkerClient> {
    let own = keys.client_name("");
    listed.lines().filter_map(|line| worker(line, &own)).collect()
}

fn worker(line: &str, own: &str) -> Option<WorkerClient> {
    let fields: HashMap<&str, &str> = line.split(' ').filter_map(|field| field.split_once('=')).collect();
    let name = match fields.get("name")?.strip_prefix(own)? {
        "" => None,
        rest => Some(rest.strip_prefix(":w:")?.to_owned()),
    };
    let number = |field: &str| fields.get(field).and_then(|number| number.parse().ok()).unwrap_or(0);
    let address = fields.get("addr").copied().unwrap_or_default().to_owned();
    Some(WorkerClient { name, address, age: number("age"), idle: number("idle"), id: number("id") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_workers_of_the_queue_are_read() {
        let keys = QueueKeys::new("work", Some("bull"));
        let listed = "id=7 addr=127.0.0.1:5 name=bull:d29yaw== age=9 idle=2 flags=b\n\
            id=8 addr=[::1]:6 name=bull:d29yaw==:w:mine age=1 idle=0\r\n\
            id=9 addr=127.0.0.1:7 name=bull:d29yaw==:qe age=1 idle=0\n\
            id=10 addr=127.0.0.1:8 name=bull:d29yaw== age=1\n\
            id=11 addr=127.0.0.1:9 name=other:d29yaw== age=1\n\
            id=12 addr=127.0.0.1:10 name= age=1\n\n";
        let workers = read(listed, &keys);
        let seen: Vec<_> = workers.iter().map(|worker| (worker.id, worker.name.as_deref(), worker.age)).collect();
        assert_eq!(seen, [(7, None, 9), (8, Some("mine"), 1), (10, None, 1)]);
        assert_eq!(workers[1].address, "[::1]:6");
    }
}
