//! Curves: jobs per second with more queues, more hosts and more nodes of a Redis Cluster, and memory with more
//! running jobs.

use anyhow::Result;
use toril_tests::RedisServer;
use toril_tests::redis_server::RedisCluster;

use crate::contender::{Place, Running, TORIL};
use crate::memory;
use crate::queue::{Lane, flush};
use crate::rounds::{Measured, Turns};
use crate::throughput::medians;
use crate::turn::{self, Figures, Load};
use crate::workload::Workload;

/// Total concurrency of one host over all its queues.
const CONCURRENCY: usize = 100;

const QUEUES: [usize; 5] = [1, 2, 5, 10, 20];
const HOSTS: [usize; 4] = [1, 2, 3, 4];
const SHARDS: [usize; 3] = [1, 2, 3];
/// Up to the default of `max_pens`.
const PENS: [usize; 5] = [1, 10, 100, 500, 1000];

/// Points, each with a figure or the reason why it is missing.
pub type Curve<T> = Vec<(usize, Measured<T>)>;

/// No-op jobs with this many queues on one host.
pub async fn queues(redis: &RedisServer, rounds: usize, most: usize) -> Curve<Figures> {
    points("queues", &QUEUES, rounds, async |queues| {
        let names: Vec<String> = (0..queues).map(|queue| format!("bench-{queue}")).collect();
        flush(redis).await?;
        on_one_server(redis, &names, 1, CONCURRENCY / queues, most).await
    })
    .await
}

/// No-op jobs of one queue with this many hosts.
pub async fn hosts(redis: &RedisServer, rounds: usize, most: usize) -> Curve<Figures> {
    points("hosts", &HOSTS, rounds, async |hosts| {
        flush(redis).await?;
        on_one_server(redis, &["bench".to_owned()], hosts, CONCURRENCY, most).await
    })
    .await
}

/// No-op jobs on this many masters of a Redis Cluster, with a queue on each, and a host for each queue.
pub async fn shards(rounds: usize, most: usize) -> Curve<Figures> {
    let cluster = RedisCluster::start_with(&["--appendonly", "no"]).await;
    let mut names = Vec::new();
    for node in 0..cluster.nodes().len() {
        names.push(cluster.queue_on(node, "bench").await);
    }
    points("masters", &SHARDS, rounds, async |shards| {
        let (mut lanes, mut workers, mut servers) = (Vec::new(), Vec::new(), Vec::new());
        for (node, name) in cluster.nodes().iter().zip(&names).take(shards) {
            flush(node).await?;
            lanes.push(Lane::open(node, name).await?);
            servers.push(node.connection().await);
        }
        for name in names.iter().take(shards) {
            let (url, queues) = (cluster.url(), std::slice::from_ref(name));
            let place = Place { url, cluster: true, queues, concurrency: CONCURRENCY, http: None, database: None };
            workers.push(TORIL.start(&place).await?);
        }
        measured(&mut lanes, workers, &mut servers, CONCURRENCY, most).await
    })
    .await
}

/// Memory in bytes with this many running jobs, of a fresh host.
pub async fn pens(redis: &RedisServer) -> Curve<f64> {
    let title = |pens: usize| format!("{pens} running");
    let take = async |pens| Ok(memory::take(redis, TORIL, pens).await?.running as f64);
    let shown = |bytes: &f64| format!("{:.0} MiB", bytes / f64::from(1 << 20));
    let all = Turns::of("memory", 1).taken(&PENS, title, take, shown).await;
    all.into_iter().map(|(pens, turns)| (pens, turns.map(|turns| turns.first().copied().unwrap_or(0.0)))).collect()
}

async fn points(
    noun: &str,
    values: &[usize],
    rounds: usize,
    take: impl AsyncFnMut(usize) -> Result<Figures>,
) -> Curve<Figures> {
    let shown = |one: &Figures| format!("{:.0} jobs/s", one.rate);
    let all = Turns::of("scaling", rounds).taken(values, |value| format!("{value} {noun}"), take, shown).await;
    all.into_iter().map(|(value, turns)| (value, turns.map(|turns| medians(&turns)))).collect()
}

async fn on_one_server(
    redis: &RedisServer,
    names: &[String],
    hosts: usize,
    concurrency: usize,
    most: usize,
) -> Result<Figures> {
    let (mut lanes, mut workers) = (Vec::new(), Vec::new());
    for name in names {
        lanes.push(Lane::open(redis, name).await?);
    }
    for _ in 0..hosts {
        let place = Place { url: redis.url(), cluster: false, queues: names, concurrency, http: None, database: None };
        workers.push(TORIL.start(&place).await?);
    }
    measured(&mut lanes, workers, &mut [redis.connection().await], hosts * concurrency, most).await
}

async fn measured(
    lanes: &mut [Lane],
    mut workers: Vec<Running>,
    servers: &mut [redis::aio::MultiplexedConnection],
    concurrency: usize,
    most: usize,
) -> Result<Figures> {
    let ids = workers.iter_mut().map(Running::id).collect::<Result<Vec<_>>>()?;
    let workload = Workload::Noop;
    let load = Load { workload, data: workload.data(None), light: workload.light(None), concurrency, most };
    let figures = turn::run(lanes, &ids, servers, &load).await?;
    for worker in workers {
        worker.end().await?;
    }
    Ok(figures)
}
