//! The dashboard's load on Redis: a limited number of commands for each page, however many jobs exist.

use std::collections::BTreeMap;

use redis::aio::MultiplexedConnection;
use toril_tests::{RedisServer, Toril, http};

const JOBS: usize = 100_000;
/// Commands that the host itself sends periodically, which the test cannot distinguish from those of a page.
const BACKGROUND: u64 = 120;
/// Commands for one page of this configuration's two queues.
const MOST: u64 = 60;

/// Commands by name since the statistics were reset.
async fn counted(connection: &mut MultiplexedConnection) -> BTreeMap<String, u64> {
    let text: String = redis::cmd("INFO").arg("commandstats").query_async(connection).await.expect("numbers");
    let line = |line: &str| {
        let (name, numbers) = line.strip_prefix("cmdstat_")?.split_once(':')?;
        let calls = numbers.strip_prefix("calls=")?.split(',').next()?.parse().ok()?;
        Some((name.to_owned(), calls))
    };
    text.lines().filter_map(line).collect()
}

/// A hundred thousand jobs in every state that has a page, in BullMQ's format.
async fn fill(connection: &mut MultiplexedConnection) {
    for first in (0..JOBS).step_by(5_000) {
        let mut pipe = redis::pipe();
        for id in first..first + 5_000 {
            let key = format!("bull:large:{id}");
            pipe.cmd("HSET").arg(&key).arg("name").arg("echo").arg("data").arg("{}").arg("opts").arg("{}");
            pipe.arg("timestamp").arg(1_700_000_000_000_u64 + id as u64).arg("failedReason").arg("because").ignore();
            match id % 5 {
                0 | 1 => pipe.cmd("RPUSH").arg("bull:large:wait").arg(id).ignore(),
                2 => pipe.cmd("ZADD").arg("bull:large:delayed").arg(id).arg(id).ignore(),
                3 => pipe.cmd("ZADD").arg("bull:large:failed").arg(id).arg(id).ignore(),
                _ => pipe.cmd("ZADD").arg("bull:large:completed").arg(id).arg(id).ignore(),
            };
        }
        // One job has as many children and log lines.
        for id in first..first + 5_000 {
            pipe.cmd("SADD").arg("bull:large:0:dependencies").arg(format!("bull:large:{id}")).ignore();
            pipe.cmd("RPUSH").arg("bull:large:0:logs").arg(format!("line {id}")).ignore();
        }
        for id in first / 10..first / 10 + 500 {
            pipe.cmd("ZADD").arg("bull:large:repeat").arg(id).arg(format!("s-{id}")).ignore();
            pipe.cmd("HSET")
                .arg(format!("bull:large:repeat:s-{id}"))
                .arg("name")
                .arg("echo")
                .arg("every")
                .arg(60_000)
                .ignore();
        }
        let () = pipe.query_async(connection).await.expect("written");
    }
}

#[tokio::test]
async fn every_page_needs_a_bounded_number_of_commands_with_a_hundred_thousand_jobs() {
    let redis = RedisServer::start().await;
    let mut connection = redis.connection().await;
    fill(&mut connection).await;
    // No worker processes the large queue, because it has dead letters.
    let config = "[queues.work]\nplugin = \"basics\"\ndead_letter = \"large\"\n";
    let mut toril = Toril::new().redis(redis.url()).plugin("basics").config(config).spawn_run();
    toril.wait_ready().await;

    let pages = [
        ("/", MOST),
        ("/queues/large", MOST),
        ("/queues/large?state=waiting&page=1600&order=newest", MOST),
        ("/queues/large?state=delayed&page=800", MOST),
        ("/queues/large?state=failed", MOST),
        ("/queues/large?state=completed&order=oldest&page=400", MOST),
        ("/queues/large?state=completed&page=99999999", MOST),
        ("/queues/large/add", MOST),
        ("/queues/large/drain", MOST),
        ("/queues/large/clean", MOST),
        ("/queues/large/retry-failed", MOST),
        // A job and 25 of its children, with 17 commands each.
        ("/queues/large/jobs/0", MOST + 26 * 17),
        ("/queues/large/jobs/0?log=900", MOST + 26 * 17),
        // A job and 20 of its children, which have no children.
        ("/queues/large/jobs/0/flow", MOST + 21 * 17),
        ("/queues/large/jobs/3", MOST),
        ("/queues/large/jobs/3/remove", MOST),
        ("/schedulers", MOST),
        ("/queues/large/schedulers?page=300", MOST),
        ("/plugins", MOST),
        ("/hosts", MOST),
    ];
    for (path, most) in pages {
        let () = redis::cmd("CONFIG").arg("RESETSTAT").query_async(&mut connection).await.expect("set back");
        let page = http::get(&toril.url(path)).await.expect("an answer");
        assert_eq!(page.status, 200, "{path}: {}", page.body);
        assert!(page.body.len() < 200_000, "{path} has {} bytes", page.body.len());
        let counts = counted(&mut connection).await;
        let all: u64 = counts.values().sum();
        println!("{path}: {all} commands, {} bytes", page.body.len());
        assert!(all <= most + BACKGROUND, "{path}: {all} commands: {counts:?}");
        for whole in ["keys", "scan", "smembers", "hgetall", "zrange", "zrevrange", "lrange"] {
            // Data that grows with a queue is read in parts. A job's own hash is read as a whole.
            let calls = counts.get(whole).copied().unwrap_or(0);
            assert!(whole != "keys" && whole != "scan" && whole != "smembers" || calls == 0, "{path}: {whole} {calls}");
        }
    }
    let page = http::get(&toril.url("/queues/large?state=waiting&page=1600&order=newest")).await.expect("an answer");
    assert!(page.body.contains("Page 1600 of 1\u{202f}600") && page.body.contains("Newest first"), "{}", page.body);
}
