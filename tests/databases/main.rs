//! Plugins that use PostgreSQL: a real server, a real host, and the guest `postgres`.

mod cancelling;
mod limits;
mod lying;
mod once;
mod orders;
mod outages;
mod packages;
mod pools;
mod python;
mod reload;
mod sessions;
mod tls;
mod transactions;

use serde_json::{Value, json};
use toril_tests::wait::LONG;
use toril_tests::{PostgresServer, RedisServer, Toril, wait_until};

/// A host with the plugin `postgres`, whose pool `main` connects to a server of the test.
struct Case {
    // Ends first.
    toril: Toril,
    server: PostgresServer,
    redis: RedisServer,
}

impl Case {
    /// With additional lines of the pool.
    async fn open(pool: &str) -> Self {
        Self::with(PostgresServer::start().await, "", pool).await
    }

    /// With this server, and additional lines of the queue and of the pool.
    async fn with(server: PostgresServer, queue: &str, pool: &str) -> Self {
        let url = server.url();
        Self::at(server, &url, queue, pool).await
    }

    /// The same, with another way to the server.
    async fn at(server: PostgresServer, url: &str, queue: &str, pool: &str) -> Self {
        let redis = RedisServer::start().await;
        let toril = host(&redis, url, &config(queue, pool)).await;
        Self { toril, server, redis }
    }

    /// Runs a job to completion, and returns its result.
    async fn run(&self, name: &str, data: Value) -> Value {
        let add = ["add", "work", name, "--data", "-", "--wait"];
        self.toril.cli_with_input(add, data.to_string()).await.succeeded().json()
    }

    /// The same for a job that fails. Returns its reason.
    async fn failure(&self, name: &str, data: Value) -> String {
        let add = ["add", "work", name, "--data", "-", "--wait"];
        self.toril.cli_with_input(add, data.to_string()).await.exited(1).stderr
    }

    /// The only value of a query, as text.
    async fn value(&self, sql: &str) -> Value {
        self.run("query", json!({ "sql": sql })).await["rows"][0][0].clone()
    }

    /// The outcome of each statement on one connection.
    async fn session<S: AsRef<str>>(&self, steps: &[S]) -> Vec<Value> {
        let steps: Vec<_> = steps.iter().map(AsRef::as_ref).collect();
        self.run("session", json!({ "steps": steps })).await.as_array().cloned().unwrap_or_default()
    }

    /// Adds a job without waiting for it, and returns its id.
    async fn start(&self, name: &str, data: Value) -> String {
        let add = ["add", "work", name, "--data", &data.to_string()];
        self.toril.cli(add).await.succeeded().stdout.trim().to_owned()
    }

    /// Adds many jobs of the same kind.
    async fn start_many(&self, name: &str, data: &Value, jobs: usize) {
        let lines = format!("{}\n", json!({ "name": name, "data": data })).repeat(jobs);
        self.toril.cli_with_input(["add", "work", "--bulk", "-"], lines).await.succeeded();
    }

    /// Waits for the end of a job, and returns it.
    async fn ended(&self, id: &str) -> Value {
        wait_until(&format!("job {id} to end"), LONG, async || {
            let job = self.toril.cli(["job", "work", id, "--json"]).await.succeeded().json();
            ["completed", "failed"].contains(&job["state"].as_str().unwrap_or_default()).then_some(job)
        })
        .await
    }

    /// The number of completed and of failed jobs.
    async fn finished(&self) -> (usize, usize) {
        let mut connection = self.redis.connection().await;
        let mut pipe = redis::pipe();
        pipe.zcard("bull:work:completed").zcard("bull:work:failed");
        pipe.query_async(&mut connection).await.expect("two numbers")
    }

    /// Waits until the server runs this many statements whose text contains these words.
    async fn wait_for_running(&self, words: &str, count: i64) {
        let what = format!("the server to run {count} times {words:?}");
        wait_until(&what, LONG, async || running(&self.server, words).await == count).await;
    }
}

/// How many statements of clients the server runs whose text contains these words.
async fn running(server: &PostgresServer, words: &str) -> i64 {
    let active = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE usename = 'app' AND state = 'active' AND query LIKE '%{words}%'"
    );
    server.number(&active).await
}

/// The peak of the memory that a host has used, in KiB.
fn peak(toril: &mut Toril) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", toril.pid())).expect("the host runs");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
    peak.trim().trim_end_matches(" kB").parse().expect("a number of KiB")
}

/// A host that is ready, with the plugins `postgres` and `basics`. The variable `DATABASE_URL` is the way to the server.
async fn host(redis: &RedisServer, url: &str, config: &str) -> Toril {
    let toril = Toril::new().redis(redis.url()).plugin("postgres").plugin("basics").env("DATABASE_URL", url);
    let mut toril = toril.config(config).spawn_run();
    toril.wait_ready().await;
    toril
}

fn config(queue: &str, pool: &str) -> String {
    let concurrency = if queue.contains("concurrency") { "" } else { "concurrency = 20\n" };
    format!(
        "[queues.work]\nplugin = \"postgres\"\n{concurrency}{queue}\n[plugins.postgres.postgres.main]\n\
         url = \"env:DATABASE_URL\"\n{pool}\n"
    )
}

/// A statement that computes for ever, without memory and disk.
const ENDLESS: &str =
    "SELECT count(*) FROM generate_series(1, 10000) a, generate_series(1, 10000) b, generate_series(1, 10000) c";
