//! The scripts of `tests/interop`, which use BullMQ's own Node client, and scripts of other folders.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::certificates::Certificates;
use crate::toril::engine_cache;
use crate::wait::LONG;
use crate::{RedisServer, paths};

/// Runs `tests/interop/SCRIPT.mjs` with one JSON argument to its end, and returns the JSON of its last line. Panics
/// with the script's output if it fails.
pub async fn run(script: &str, argument: Value) -> Value {
    run_with_env(script, argument, &[]).await
}

/// The same with additional environment variables.
pub async fn run_with_env(script: &str, argument: Value, env: &[(&str, &str)]) -> Value {
    spawn(script, argument, env).finish().await
}

/// A new server whose queue `work` `fill.mjs` has filled. `fill`: its argument without the server and the queue.
pub async fn filled(fill: &Value) -> RedisServer {
    let redis = RedisServer::start().await;
    let mut fill = fill.clone();
    fill["redis"] = json!(redis.url());
    fill["queue"] = json!("work");
    run("fill", fill).await;
    redis
}

/// Uses each npm package and each module of Node that the manual lists in a plugin, as `tests/npm/run.mjs` describes.
/// Panics with the script's output if a result differs from that of Node.
pub async fn check_packages() {
    let mut command = command(&paths::npm(), "run");
    succeed(command.arg(paths::binary("toril"))).await;
}

/// Uses `pg` and the packages over it in Node and in a plugin, on the server at that address, as `tests/postgres/node/run.mjs`
/// describes. Panics with the script's output if a result differs.
pub async fn check_postgres_clients(url: &str) {
    let mut command = command(&paths::postgres_clients(), "run");
    succeed(command.arg(paths::binary("toril")).arg(url)).await;
}

/// The servers of `tests/tcp/servers.mjs`, with this certificate.
pub fn tcp_servers(certificates: &Certificates) -> Script {
    let files = json!({ "key": certificates.key, "cert": certificates.certificate });
    spawn_in(&paths::tcp(), "servers", files, &[])
}

/// The result of a case of `tests/tcp/cases` in Node, which trusts the authorities of a file.
pub async fn tcp_case(name: &str, data: &Value, authorities: &Path) -> Value {
    let authorities = authorities.display().to_string();
    // A plugin is in UTC.
    let environment = [("NODE_EXTRA_CA_CERTS", authorities.as_str()), ("TZ", "UTC")];
    spawn_in(&paths::tcp(), "baseline", json!({ "case": name, "data": data }), &environment).finish().await
}

/// Runs the cases of `sdk/js/conformance` in Node and in the engine, as its README describes. Panics with the script's
/// output if a case differs that is not listed, or is listed and does not differ.
pub async fn check_conformance() {
    let sdk = paths::root().join("sdk/js");
    assert!(sdk.join("node_modules").is_dir(), "the packages of sdk/js are missing: run `cargo xtask build-engine`");
    let folder = sdk.join("conformance");
    let mut command = Command::new("node");
    command.current_dir(&folder).arg("run.mjs").arg(folder.join("runner.mjs"));
    command.env("TORIL", paths::binary("toril")).env("CACHE", engine_cache());
    succeed(&mut command).await;
}

async fn succeed(command: &mut Command) {
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output().await;
    let output = output.unwrap_or_else(|error| panic!("could not start Node: {error}"));
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
}

/// When each attempt of a queue began, in milliseconds since the Unix epoch. Waits until this many jobs have
/// finished.
pub async fn starts(redis: &RedisServer, queue: &str, finished: usize) -> Vec<u64> {
    let seen = run("events", json!({ "redis": redis.url(), "queue": queue, "finished": finished })).await;
    let events = seen["events"].as_array().into_iter().flatten();
    events.filter(|event| event["event"] == "active").filter_map(|event| event["at"].as_u64()).collect()
}

/// Starts a script that prints `{"ready": true}` and then keeps running, such as `worker` and `events`.
pub fn spawn(script: &str, argument: Value, env: &[(&str, &str)]) -> Script {
    spawn_in(&paths::interop(), script, argument, env)
}

/// Node with a script of `tests/interop`, without its argument.
pub(crate) fn program(script: &str) -> Command {
    command(&paths::interop(), script)
}

fn command(folder: &Path, script: &str) -> Command {
    assert!(folder.join("node_modules").is_dir(), "the Node packages are missing: run `cargo xtask setup --tests`");
    let mut command = Command::new("node");
    command.current_dir(folder).arg(format!("{script}.mjs"));
    command
}

/// The same for a script of another folder, which has its own packages.
pub(crate) fn spawn_in(folder: &Path, script: &str, argument: Value, env: &[(&str, &str)]) -> Script {
    let mut command = command(folder, script);
    command.arg(argument.to_string()).envs(env.iter().copied());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let child = command.spawn();
    let mut child =
        child.unwrap_or_else(|error| panic!("could not start Node: {error}. Run `cargo xtask setup --tests`"));
    let (Some(stdout), Some(mut stderr)) = (child.stdout.take(), child.stderr.take()) else {
        panic!("{script}.mjs has no output");
    };
    let stderr = tokio::spawn(async move {
        let mut text = Vec::new();
        let _ = stderr.read_to_end(&mut text).await;
        String::from_utf8_lossy(&text).into_owned()
    });
    Script { name: script.to_owned(), child, lines: BufReader::new(stdout).lines(), stderr }
}

/// A running script. Dropping it kills it.
#[derive(Debug)]
pub struct Script {
    name: String,
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    stderr: JoinHandle<String>,
}

impl Script {
    /// Waits until it prints that it is ready, and returns the printed JSON.
    pub async fn wait_ready(&mut self) -> Value {
        let line = timeout(LONG, self.lines.next_line()).await;
        let line = line.unwrap_or_else(|_| panic!("{}.mjs was not ready within {LONG:?}", self.name));
        let value: Value = line.ok().flatten().and_then(|line| serde_json::from_str(&line).ok()).unwrap_or_default();
        if value["ready"] != true {
            let _ = self.child.start_kill();
            let stderr = self.stderr().await;
            panic!("{}.mjs printed {value} instead of ready: {stderr}", self.name);
        }
        value
    }

    /// Waits for its end, and returns the JSON of its last line.
    pub async fn finish(self) -> Value {
        self.finish_within(LONG).await
    }

    /// The same for a script that takes longer than others.
    pub(crate) async fn finish_within(mut self, bound: Duration) -> Value {
        let name = self.name.clone();
        let ended = timeout(bound, self.rest()).await;
        ended.unwrap_or_else(|_| panic!("{name}.mjs did not end within {bound:?}"))
    }

    async fn rest(&mut self) -> Value {
        let mut last = String::new();
        while let Ok(Some(line)) = self.lines.next_line().await {
            last = line;
        }
        let status = self.child.wait().await;
        let stderr = self.stderr().await;
        let name = &self.name;
        let succeeded = status.as_ref().is_ok_and(std::process::ExitStatus::success);
        assert!(succeeded, "{name}.mjs ended with {status:?}; it printed {last:?} and\n{stderr}");
        serde_json::from_str(&last).unwrap_or_else(|error| panic!("{name}.mjs did not print JSON ({error}): {last:?}"))
    }

    async fn stderr(&mut self) -> String {
        (&mut self.stderr).await.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::RedisServer;

    #[tokio::test]
    async fn bullmq_adds_runs_and_shows_a_job() {
        let redis = RedisServer::start().await;
        let queue = |more: Value| {
            let mut argument = json!({ "redis": redis.url(), "queue": "work" });
            if let (Value::Object(argument), Value::Object(more)) = (&mut argument, more) {
                argument.extend(more);
            }
            argument
        };
        let mut worker = spawn("worker", queue(json!({ "jobs": 2 })), &[]);
        worker.wait_ready().await;
        let jobs = json!([
            { "name": "fail-times", "data": { "times": 1 }, "opts": { "attempts": 2 } },
            { "name": "fatal", "data": {}, "opts": { "attempts": 2 } },
        ]);
        let added = run("add", queue(json!({ "jobs": jobs, "wait": true }))).await;
        assert_eq!(added["results"][0]["value"], json!({ "attempts": 2 }));
        assert_eq!(added["results"][1]["error"], "this job cannot be done");
        assert_eq!(worker.finish().await["finished"].as_array().map(Vec::len), Some(2));

        let job = run("job", queue(json!({ "id": added["ids"][0] }))).await;
        assert_eq!((&job["state"], &job["attemptsMade"]), (&json!("completed"), &json!(2)));
        let events = run("events", queue(json!({ "id": added["ids"][0] }))).await;
        assert_eq!(events["events"][0]["event"], "added");
    }

    #[tokio::test]
    async fn bullmq_connects_with_tls() {
        let redis = RedisServer::start_tls().await;
        let argument = json!({ "redis": redis.url(), "queue": "work", "jobs": [{ "name": "echo", "data": 1 }] });
        let ca = redis.ca_path();
        let added = run_with_env("add", argument, &[("NODE_EXTRA_CA_CERTS", &ca.to_string_lossy())]).await;
        assert_eq!(added["ids"], json!(["1"]));
    }
}
