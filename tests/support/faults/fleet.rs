//! What works on a round's jobs: a private Redis, hosts that reach it through a network of their own, and BullMQ's own
//! workers beside them.

use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;
use redis::cmd;
use serde_json::json;

use super::jobs::Planned;
use super::ledger::Ledger;
use crate::proxy::Proxy;
use crate::toril::shared_cache;
use crate::wait::LONG;
use crate::{RedisServer, Toril, node, wait_until};

/// BullMQ's keys of the queue that all work on.
pub const QUEUE: &str = "bull:work";

/// What differs between fleets.
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    /// Hosts.
    pub hosts: usize,
    /// BullMQ's workers in Node.
    pub nodes: usize,
    /// The hosts' `lock_duration`. Short, for faults whose jobs are found by their locks; else longer than a round, so
    /// that no lock runs out since the machine is busy, and no job is found that way that should be found sooner.
    pub lock: Duration,
    /// The hosts' `shutdown_timeout`.
    pub shutdown: Duration,
    /// Whether Redis writes what it acknowledges to disk.
    pub append_only: bool,
}

impl Default for Setup {
    fn default() -> Self {
        let (lock, shutdown) = (Duration::from_secs(3_600), Duration::from_secs(60));
        Self { hosts: 2, nodes: 0, lock, shutdown, append_only: true }
    }
}

/// All that takes part in a round. Dropped, everything ends.
pub struct Fleet {
    /// How it was set up.
    pub setup: Setup,
    /// The hosts.
    pub hosts: Vec<Toril>,
    /// The network of each host.
    pub networks: Vec<Proxy>,
    /// The ledger of runs.
    pub ledger: Ledger,
    _nodes: Vec<node::Script>,
    /// The server. After those who use it, so that it ends last.
    pub redis: RedisServer,
}

impl Fleet {
    /// Starts everything, and returns when all are ready. There are no jobs yet.
    pub async fn start(setup: Setup) -> Self {
        let keeps = if setup.append_only { "yes" } else { "no" };
        let redis = RedisServer::start_with(&["--appendonly", keeps]).await;
        let ledger = Ledger::start().await;
        let (mut hosts, mut networks) = (Vec::new(), Vec::new());
        for _ in 0..setup.hosts {
            let network = Proxy::start(redis.port()).await;
            let host = Toril::new()
                .redis(format!("redis://127.0.0.1:{}", network.port()))
                .plugin("basics")
                .host(format!("cache = {:?}", shared_cache()))
                .host(format!("shutdown_timeout = \"{}ms\"", setup.shutdown.as_millis()))
                .config(config(&setup, &ledger, 4));
            hosts.push(host.spawn_run());
            networks.push(network);
        }
        let worker = || {
            let settings = json!({ "lockDuration": 5_000, "stalledInterval": 500, "maxStalledCount": 1_000 });
            let input = json!({ "redis": redis.url(), "queue": "work", "jobs": 1_000_000, "ttl": 3_600_000,
                "concurrency": 4, "settings": settings });
            node::spawn("worker", input, &[])
        };
        let mut nodes: Vec<_> = (0..setup.nodes).map(|_| worker()).collect();
        for node in &mut nodes {
            node.wait_ready().await;
        }
        for host in &mut hosts {
            host.wait_ready().await;
        }
        Self { setup, hosts, networks, ledger, _nodes: nodes, redis }
    }

    /// The configuration that every host has, with so many jobs at once.
    pub fn config(&self, concurrency: usize) -> String {
        config(&self.setup, &self.ledger, concurrency)
    }

    /// Adds jobs, once the ledger knows how they end.
    pub async fn add(&self, jobs: &[Planned]) {
        self.ledger.plan(jobs);
        let jobs: Vec<_> = jobs.iter().map(|job| job.job(self.ledger.url())).collect();
        node::run("add", json!({ "redis": self.redis.url(), "queue": "work", "jobs": jobs })).await;
    }

    /// Starts a host again that has ended.
    pub fn start_again(&mut self, host: usize) {
        self.hosts[host].start(["run"]);
    }

    /// The jobs that are being run, as Redis has it, with how often each was started.
    pub async fn active(&self) -> Vec<(String, Option<u32>)> {
        let mut connection = self.redis.connection().await;
        let ids: Vec<String> = ask(&mut connection, cmd("LRANGE").arg(format!("{QUEUE}:active")).arg(0).arg(-1)).await;
        let mut active = Vec::new();
        for id in ids {
            let started = ask(&mut connection, cmd("HGET").arg(format!("{QUEUE}:{id}")).arg("ats")).await;
            active.push((id, started));
        }
        active
    }

    /// How many jobs have ended.
    pub async fn ended(&self) -> usize {
        ended(&mut self.redis.connection().await).await
    }

    /// Waits until everything goes on after a fault: whatever was being run when it was over is not any more, or is run
    /// anew, and another run has begun if one can. Answers for how long that took.
    pub async fn recovers(&self, over: Instant) -> Duration {
        let before = self.active().await;
        wait_until("the jobs that ran during the fault to end or to begin anew", LONG * 2, async || {
            let now = self.active().await;
            before.iter().all(|job| !now.contains(job))
        })
        .await;
        wait_until("a run to begin after the fault", LONG * 2, async || {
            self.ledger.first_after(over).is_some() || !self.has_work().await
        })
        .await;
        over.elapsed()
    }

    /// Whether there is a job that has not ended.
    pub async fn has_work(&self) -> bool {
        let mut connection = self.redis.connection().await;
        for (command, set) in [("LLEN", "wait"), ("LLEN", "active"), ("ZCARD", "prioritized"), ("ZCARD", "delayed")] {
            if ask::<usize>(&mut connection, cmd(command).arg(format!("{QUEUE}:{set}"))).await > 0 {
                return true;
            }
        }
        false
    }
}

fn config(setup: &Setup, ledger: &Ledger, concurrency: usize) -> String {
    format!(
        "[queues.work]\nplugin = \"basics\"\nconcurrency = {concurrency}\ntimeout = \"5m\"\nlock_duration = \"{}ms\"\n\
         stalled_interval = \"500ms\"\nmax_stalled = 1000\n[plugins.basics]\nhttp = [{:?}]\n",
        setup.lock.as_millis(),
        ledger.url()
    )
}

/// How many jobs are completed or failed.
pub async fn ended(connection: &mut MultiplexedConnection) -> usize {
    let mut count = 0;
    for set in ["completed", "failed"] {
        count += ask::<usize>(connection, cmd("ZCARD").arg(format!("{QUEUE}:{set}"))).await;
    }
    count
}

/// Asks the round's Redis, by a way that no fault is on.
pub async fn ask<T: redis::FromRedisValue>(connection: &mut MultiplexedConnection, command: &redis::Cmd) -> T {
    command.query_async(connection).await.unwrap_or_else(|error| panic!("the round's Redis did not answer: {error}"))
}
