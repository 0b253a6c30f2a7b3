//! A Redis whose master the host finds through sentinels, and finds again after a failover.

use std::time::Duration;

use redis::cmd;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use toril_tests::redis_server::RedisSentinel;
use toril_tests::wait::LONG;
use toril_tests::{RedisServer, Toril, node, wait_until};

/// Enough for many jobs and a failover on a busy machine.
const MINUTES: Duration = Duration::from_secs(240);

fn config(redis: &RedisSentinel) -> String {
    let settings = "concurrency = 10\nlock_duration = \"5s\"\nstalled_interval = \"2s\"";
    format!(
        "[redis]\nurl = \"redis://{}\"\nsentinels = {:?}\n[queues.work]\nplugin = \"basics\"\n{settings}\n",
        redis.name(),
        redis.sentinels(),
    )
}

async fn started(redis: &RedisSentinel) -> Toril {
    let mut toril = Toril::new().plugin("basics").config(config(redis)).spawn_run();
    // The host serves health before it works on the last queue.
    toril.wait_for_log("INFO ready", LONG).await;
    toril
}

/// Adds jobs with BullMQ's own client, which also asks the sentinels. When this returns, the replicas have all jobs.
/// Replication is asynchronous, so writes that are only on the master are lost with it.
async fn add(redis: &mut RedisSentinel, count: usize) {
    let opts = json!({ "attempts": 20, "backoff": { "type": "fixed", "delay": 50 } });
    let jobs: Vec<Value> = (0..count).map(|_| json!({ "name": "sleep", "data": { "ms": 20 }, "opts": opts })).collect();
    let input = json!({ "sentinels": redis.sentinels(), "master": redis.name(), "queue": "work", "jobs": jobs });
    node::run("add", input).await;
    redis.wait_replicated().await;
}

async fn completed(redis: &RedisSentinel, master: usize) -> usize {
    let mut connection = redis.server(master).connection().await;
    cmd("ZCARD").arg("bull:work:completed").query_async(&mut connection).await.unwrap_or(0)
}

async fn wait_for_completed(redis: &RedisSentinel, master: usize, jobs: usize) {
    let what = format!("{jobs} completed jobs");
    wait_until(&what, MINUTES, async || completed(redis, master).await == jobs).await;
}

#[tokio::test]
async fn only_its_user_can_read_the_folder_of_sockets_with_any_umask() {
    use std::os::unix::fs::PermissionsExt;
    let redis = RedisSentinel::start().await;
    let temporary = tempfile::tempdir().expect("a folder");
    let toril = Toril::new().plugin("basics").config(config(&redis)).umask("000");
    let mut toril = toril.env("TMPDIR", temporary.path().to_string_lossy()).spawn_run();
    toril.wait_for_log("INFO ready", LONG).await;

    let folders = std::fs::read_dir(temporary.path()).expect("the folder").map(|entry| entry.expect("an entry"));
    let folders: Vec<_> = folders.filter(|entry| entry.file_name().to_string_lossy().starts_with("toril-")).collect();
    let modes: Vec<_> =
        folders.iter().map(|entry| entry.metadata().expect("it is there").permissions().mode() & 0o777).collect();
    assert_eq!(modes, [0o700], "{folders:?}");
}

#[tokio::test]
async fn every_job_that_the_promoted_replica_has_ends_after_the_master_was_killed() {
    let mut redis = RedisSentinel::start().await;
    add(&mut redis, 400).await;
    let mut toril = started(&redis).await;
    let old = redis.master().await;
    wait_until("the first jobs to end", LONG, async || completed(&redis, old).await > 20).await;

    redis.kill_master().await;
    let new = redis.wait_promoted(old).await;
    toril.wait_for_log("connecting to the new Redis master", MINUTES).await;
    wait_for_completed(&redis, new, 400).await;

    // It returns as a master, and the host must not use it.
    redis.server_mut(old).restart().await;
    redis.wait_demoted(old).await;
    add(&mut redis, 50).await;
    wait_for_completed(&redis, new, 450).await;
}

#[tokio::test]
async fn the_host_leaves_a_paused_master_although_its_connections_are_open() {
    let mut redis = RedisSentinel::start().await;
    add(&mut redis, 400).await;
    let mut toril = started(&redis).await;
    let old = redis.master().await;
    wait_until("the first jobs to end", LONG, async || completed(&redis, old).await > 20).await;

    redis.server_mut(old).pause();
    let new = redis.wait_promoted(old).await;

    toril.wait_for_log("connecting to the new Redis master", MINUTES).await;
    wait_for_completed(&redis, new, 400).await;
    redis.server_mut(old).resume();
    redis.wait_demoted(old).await;
}

#[tokio::test]
async fn the_host_leaves_a_master_that_is_demoted_while_it_runs() {
    let mut redis = RedisSentinel::start().await;
    add(&mut redis, 400).await;
    let mut toril = started(&redis).await;
    let old = redis.master().await;
    wait_until("the first jobs to end", LONG, async || completed(&redis, old).await > 20).await;

    let new = redis.promote().await;

    wait_for_completed(&redis, new, 400).await;
    let line = toril.wait_for_log("connecting to the new Redis master", LONG).await;
    assert!(line.contains(&redis.server(new).url().replace("redis://", "")), "{line}");
    assert_eq!(toril.logs().matches("connecting to the new Redis master").count(), 1, "{}", toril.logs());
}

#[tokio::test]
async fn a_sentinel_that_is_down_is_skipped() {
    let mut redis = RedisSentinel::start().await;
    redis.kill_sentinel(0);
    let toril = Toril::new().plugin("basics").config(config(&redis));

    toril.cli(["queues"]).await.succeeded();
}

#[tokio::test]
async fn the_error_names_a_master_that_no_sentinel_knows() {
    let redis = RedisSentinel::start().await;
    let config = config(&redis)
        .replace("redis://mymaster", "redis://theirs")
        .replace("[queues", "connect_timeout = \"1s\"\n[queues");
    let toril = Toril::new().plugin("basics").config(config);

    let error = toril.cli(["queues"]).await.exited(1).stderr;

    assert!(error.contains("knows no master named \"theirs\""), "{error}");
}

#[tokio::test]
async fn the_user_and_password_in_the_url_are_for_the_master() {
    let mut redis = RedisSentinel::start().await;
    let mut connection = redis.connection().await;
    let mut user = cmd("ACL");
    user.arg("SETUSER").arg("toril").arg("on").arg(">secret-1").arg("~*").arg("&*").arg("+@all");
    user.query_async::<()>(&mut connection).await.expect("a user");
    let with = |user: &str| config(&redis).replace("redis://", &format!("redis://{user}@"));

    let mut toril = Toril::new().plugin("basics").config(with("toril:secret-1")).spawn_run();
    toril.wait_ready().await;
    let mut clients = cmd("CLIENT");
    let clients: String = clients.arg("LIST").query_async(&mut connection).await.expect("the clients");
    assert!(clients.lines().any(|client| client.contains("user=toril")), "{clients}");

    let error = Toril::new().config(with("toril:secret-2")).cli(["queues"]).await.exited(1).stderr;
    assert!(error.contains("refuses this client") && !error.contains("secret"), "{error}");
}

/// Claims to be a sentinel that knows one master. Dropping it ends it.
struct FakeSentinel {
    address: String,
    task: JoinHandle<()>,
}

impl FakeSentinel {
    /// Reports a master at this port of 127.0.0.1, with this configuration epoch if any.
    async fn of(master: u16, epoch: Option<u64>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let task = tokio::spawn(async move {
            let mut clients = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                clients.spawn(tell(client, master, epoch));
            }
        });
        Self { address, task }
    }
}

impl FakeSentinel {
    /// A sentinel that has ended.
    async fn gone() -> Self {
        let fake = Self::of(0, None).await;
        fake.task.abort();
        wait_until("the sentinel to end", LONG, async || TcpStream::connect(&fake.address).await.is_err()).await;
        fake
    }
}

impl Drop for FakeSentinel {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn tell(mut client: TcpStream, master: u16, epoch: Option<u64>) {
    let mut asked = [0; 4096];
    while let Ok(length @ 1..) = client.read(&mut asked).await {
        let text = String::from_utf8_lossy(&asked[..length]).into_owned();
        let mut answer = "+OK\r\n".repeat(text.matches("SETINFO").count());
        if text.contains("GET-MASTER-ADDR-BY-NAME") {
            answer += &format!("*2\r\n$9\r\n127.0.0.1\r\n$5\r\n{master}\r\n");
        } else if text.contains("MASTER") {
            answer += &match epoch {
                Some(epoch) => format!("*2\r\n$12\r\nconfig-epoch\r\n:{epoch}\r\n"),
                None => "-NOPERM this user may not ask that\r\n".to_owned(),
            };
        }
        let _gone = client.write_all(answer.as_bytes()).await;
    }
}

/// The configuration of a host that asks these sentinels.
fn config_of(fakes: &[&FakeSentinel]) -> String {
    let sentinels: Vec<_> = fakes.iter().map(|fake| &fake.address).collect();
    format!("[redis]\nurl = \"redis://mymaster\"\nsentinels = {sentinels:?}\n[queues.work]\nplugin = \"basics\"\n")
}

async fn jobs_at(redis: &RedisServer) -> usize {
    let mut exists = cmd("EXISTS");
    exists.arg("bull:work:id").query_async(&mut redis.connection().await).await.expect("a number")
}

#[tokio::test]
async fn a_partitioned_sentinel_does_not_lead_the_host_to_the_old_master() {
    // The old master, which is cut off as well, still considers itself the master.
    let (before, now) = (RedisServer::start().await, RedisServer::start().await);
    let old = async |epoch| FakeSentinel::of(before.port(), epoch).await;
    let new = async |epoch| FakeSentinel::of(now.port(), epoch).await;
    for fakes in [
        [old(Some(1)).await, new(Some(2)).await, new(Some(2)).await],
        // The newest configuration wins if as many sentinels report either.
        [old(Some(1)).await, new(Some(2)).await, FakeSentinel::gone().await],
        // Sentinels without an epoch are counted.
        [old(None).await, new(None).await, new(None).await],
    ] {
        let [first, second, third] = &fakes;
        let toril = Toril::new().plugin("basics").config(config_of(&[first, second, third]));
        toril.cli(["add", "work", "echo"]).await.succeeded();
        assert_eq!((jobs_at(&before).await, jobs_at(&now).await), (0, 1));
        cmd("FLUSHALL").query_async::<()>(&mut now.connection().await).await.expect("it is emptied");
    }
}

#[tokio::test]
async fn a_host_stays_with_its_master_if_only_a_partitioned_sentinel_is_left() {
    let (before, now) = (RedisServer::start().await, RedisServer::start().await);
    let cut_off = FakeSentinel::of(before.port(), Some(1)).await;
    let others = [FakeSentinel::of(now.port(), Some(2)).await, FakeSentinel::of(now.port(), Some(2)).await];
    let config = config_of(&[&cut_off, &others[0], &others[1]]);
    let mut toril = Toril::new().plugin("basics").config(config).spawn_run();
    toril.wait_for_log("INFO ready", LONG).await;

    drop(others);

    toril.wait_for_log("Redis discovery failed", LONG).await;
    let input = json!({ "redis": now.url(), "queue": "work", "jobs": [{ "name": "echo", "data": 1 }], "wait": true });
    let done = node::run("add", input).await;
    assert_eq!(done["results"][0]["value"], json!(1), "{done}");
    assert!(!toril.logs().contains("connecting to the new Redis master"), "{}", toril.logs());
}

#[tokio::test]
async fn the_url_decides_whether_the_master_is_reached_over_tls() {
    let redis = RedisServer::start_tls().await;
    let port = redis.url().rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    let sentinel = FakeSentinel::of(port, Some(0)).await;
    let sentinel = &sentinel.address;
    let config = |ca: &str| {
        let queue = "[queues.work]\nplugin = \"basics\"\n";
        format!(
            "[redis]\nurl = \"rediss://mymaster\"\nsentinels = [{sentinel:?}]\nconnect_timeout = \"2s\"\n{ca}\n{queue}"
        )
    };
    let ca = format!("ca = {:?}", redis.ca_path());
    let mut toril = Toril::new().plugin("basics").config(config(&ca)).spawn_run();
    toril.wait_ready().await;

    let done = toril.cli(["add", "work", "echo", "--data", "{\"a\":1}", "--wait", "--json"]).await.succeeded().json();

    assert_eq!(done, json!({ "a": 1 }));
    let error = Toril::new().config(config("")).cli(["queues"]).await.exited(1).stderr;
    assert!(error.contains("certificate"), "{error}");
}
