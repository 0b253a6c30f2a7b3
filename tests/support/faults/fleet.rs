//! The workers of a round: a private Redis, hosts with a separate network each, and BullMQ's own workers.

use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;
use redis::cmd;
use serde_json::{Value, json};

use super::jobs::Planned;
use super::ledger::Ledger;
use super::servers::{Kind, Servers};
use crate::clock::Clock;
use crate::proxy::Proxy;
use crate::wait::LONG;
use crate::{Toril, node, wait_until};

/// The maximum number of jobs that one run of the script adds.
const MOST_AT_ONCE: usize = 300;

/// BullMQ's key of the queue that all workers process.
pub const QUEUE: &str = "{bull}:work";

/// The settings of a fleet.
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    /// The number of hosts.
    pub hosts: usize,
    /// The number of BullMQ workers in Node.
    pub nodes: usize,
    /// The hosts' `lock_duration`. It is short for faults whose jobs are found by their expired locks. Otherwise it
    /// is longer than a round, so that no lock expires on a busy machine.
    pub lock: Duration,
    /// The hosts' `shutdown_timeout`.
    pub shutdown: Duration,
    /// The servers.
    pub servers: Kind,
}

impl Default for Setup {
    fn default() -> Self {
        let (lock, shutdown) = (Duration::from_secs(3_600), Duration::from_secs(60));
        Self { hosts: 2, nodes: 0, lock, shutdown, servers: Kind::Kept }
    }
}

/// Everything that takes part in a round. Dropping it ends everything.
pub struct Fleet {
    /// Its settings.
    pub setup: Setup,
    /// The hosts.
    pub hosts: Vec<Toril>,
    /// The network of each host.
    pub networks: Vec<Proxy>,
    /// The clock of each host.
    pub clocks: Vec<Clock>,
    /// The ledger of runs.
    pub ledger: Ledger,
    _nodes: Vec<node::Script>,
    /// The servers. After their clients, so that they end last.
    pub servers: Servers,
}

impl Fleet {
    /// Starts everything, and returns when all are ready. Adds no jobs.
    pub async fn start(setup: Setup) -> Self {
        let servers = Servers::start(setup.servers).await;
        let ledger = Ledger::start().await;
        let (mut hosts, mut networks, mut clocks) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..setup.hosts {
            let network = Proxy::start(servers.one().port()).await;
            let clock = Clock::new();
            let host = Toril::new()
                .plugin("basics")
                .clock(&clock)
                .host(format!("shutdown_timeout = \"{}ms\"", setup.shutdown.as_millis()))
                .config(servers.config(network.port()) + &config(&setup, &ledger, 4));
            hosts.push(host.spawn_run());
            networks.push(network);
            clocks.push(clock);
        }
        let worker = || {
            let settings = json!({ "lockDuration": 5_000, "stalledInterval": 500, "maxStalledCount": 1_000 });
            let more = json!({ "jobs": 1_000_000, "ttl": 3_600_000, "concurrency": 4, "settings": settings });
            node::spawn("worker", input(&servers, more), &[])
        };
        let mut nodes: Vec<_> = (0..setup.nodes).map(|_| worker()).collect();
        for node in &mut nodes {
            node.wait_ready().await;
        }
        for host in &mut hosts {
            host.wait_ready().await;
        }
        Self { setup, hosts, networks, clocks, ledger, _nodes: nodes, servers }
    }

    /// The configuration of a host with this concurrency.
    pub fn config(&self, host: usize, concurrency: usize) -> String {
        let redis = self.servers.config(self.networks[host].port());
        redis + &config(&self.setup, &self.ledger, concurrency)
    }

    /// A connection without faults, to the server that has the queue.
    pub async fn connection(&self) -> MultiplexedConnection {
        self.servers.one().connection().await
    }

    /// Adds jobs, after planning them in the ledger.
    pub async fn add(&mut self, jobs: &[Planned]) {
        self.ledger.plan(jobs);
        let jobs: Vec<_> = jobs.iter().map(|job| job.job(self.ledger.url())).collect();
        // The jobs are an argument of the script, and Linux limits an argument to 128 KiB.
        for jobs in jobs.chunks(MOST_AT_ONCE) {
            node::run("add", input(&self.servers, json!({ "jobs": jobs }))).await;
        }
        self.servers.wait_replicated().await;
    }

    /// Starts a host again after it has ended.
    pub fn start_again(&mut self, host: usize) {
        self.hosts[host].start(["run"]);
    }

    /// The running jobs in Redis, with the number of times that each was started.
    pub async fn active(&self) -> Vec<(String, Option<u32>)> {
        let mut connection = self.connection().await;
        let ids: Vec<String> = ask(&mut connection, cmd("LRANGE").arg(format!("{QUEUE}:active")).arg(0).arg(-1)).await;
        let mut active = Vec::new();
        for id in ids {
            let started = ask(&mut connection, cmd("HGET").arg(format!("{QUEUE}:{id}")).arg("ats")).await;
            active.push((id, started));
        }
        active
    }

    /// How many jobs have finished.
    pub async fn ended(&self) -> usize {
        ended(&mut self.connection().await).await
    }

    /// Waits until work has resumed after a fault: every job that ran when the fault was over has finished or started
    /// again, and another run has begun if there is work. Returns how long that took.
    pub async fn recovers(&self, over: Instant) -> Duration {
        let before = self.active().await;
        wait_until("the jobs that ran during the fault to end or to start again", LONG * 2, async || {
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

    /// Whether there is an unfinished job.
    pub async fn has_work(&self) -> bool {
        let mut connection = self.connection().await;
        let lists = ["wait", "paused", "active"].map(|list| ("LLEN", list));
        for (command, set) in lists.into_iter().chain([("ZCARD", "prioritized"), ("ZCARD", "delayed")]) {
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

/// The argument of a script of `tests/interop`.
pub(super) fn input(servers: &Servers, more: Value) -> Value {
    let mut input = servers.input();
    input["queue"] = json!("work");
    if let (Value::Object(input), Value::Object(more)) = (&mut input, more) {
        input.extend(more);
    }
    input
}

/// How many jobs are completed or failed.
pub async fn ended(connection: &mut MultiplexedConnection) -> usize {
    let mut count = 0;
    for set in ["completed", "failed"] {
        count += ask::<usize>(connection, cmd("ZCARD").arg(format!("{QUEUE}:{set}"))).await;
    }
    count
}

/// Sends a command to the round's Redis over a connection without faults.
pub async fn ask<T: redis::FromRedisValue>(connection: &mut MultiplexedConnection, command: &redis::Cmd) -> T {
    command
        .query_async(connection)
        .await
        .unwrap_or_else(|error| panic!("the command to the round's Redis failed: {error}"))
}
