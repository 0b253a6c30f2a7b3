//! The servers of a test, and a host whose plugins may reach them.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;
use toril_tests::certificates::Certificates;
use toril_tests::node::{self, Script};
use toril_tests::toril::{Output, engine_cache};
use toril_tests::{MariaDbServer, RedisServer, Toril, repository};

pub struct Servers {
    folder: TempDir,
    /// That of the host.
    redis: RedisServer,
    plain: RedisServer,
    encrypted: RedisServer,
    mariadb: MariaDbServer,
    ports: Value,
    _script: Script,
}

impl Servers {
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let certificates = Certificates::create(folder.path()).expect("certificates");
        let mut script = node::tcp_servers(&certificates);
        let ports = script.wait_ready().await;
        let (redis, plain) = (RedisServer::start().await, RedisServer::start().await);
        let (encrypted, mariadb) = (RedisServer::start_tls().await, MariaDbServer::start().await);
        let all = [certificates.ca, encrypted.ca_path(), mariadb.ca_path()];
        let text: String = all.iter().map(|path| fs::read_to_string(path).expect("a certificate")).collect();
        fs::write(folder.path().join("authorities.pem"), text).expect("a file");
        Self { folder, redis, plain, encrypted, mariadb, ports, _script: script }
    }

    /// The port of a server of `servers.mjs`.
    pub fn port(&self, name: &str) -> u64 {
        self.ports[name].as_u64().expect("a port")
    }

    /// The port of the Redis server with TLS. TLS may be handled in front of it.
    fn encrypted_port(&self) -> u64 {
        let url = self.encrypted.url();
        url.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port")
    }

    /// A folder for files of the test.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The certificates of all servers' authorities.
    pub fn authorities(&self) -> PathBuf {
        self.folder.path().join("authorities.pem")
    }

    /// The data of a job. `run` keeps the data of two runs apart.
    pub fn data(&self, run: &str) -> Value {
        let mut data = self.ports.clone();
        data["redis"] = json!(self.plain.port());
        data["redisTls"] = json!(self.encrypted_port());
        data["mysql"] = json!(self.mariadb.port());
        // Nothing listens there: ports below 1024 are for services of the system.
        data["refused"] = json!(1);
        data["run"] = json!(run);
        data
    }

    /// The grants for all servers.
    pub fn grants(&self) -> String {
        let (echo, smtp, smtps) = (self.port("echo"), self.port("smtp"), self.port("smtps"));
        let plain =
            [self.plain.port().into(), self.mariadb.port().into(), echo, smtp].map(|port| format!("localhost:{port}"));
        let literal = [1, echo].map(|port| format!("127.0.0.1:{port}"));
        let encrypted = [self.encrypted_port(), smtps].map(|port| format!("localhost:{port}"));
        let tcp: Vec<_> = plain.into_iter().chain(literal).collect();
        format!("tcp = {tcp:?}\ntls = {encrypted:?}\nca = {:?}\n", self.authorities())
    }

    pub async fn in_node(&self, case: &str) -> Value {
        node::tcp_case(case, &self.data("node"), &self.authorities()).await
    }

    /// The result of a case in a plugin. `data` is added to that of the job.
    pub async fn in_plugin(&self, case: &str, data: Value) -> Value {
        let toril = self.host(case, "", &self.grants()).await;
        self.run(&toril, data).await.succeeded().json()
    }

    /// A host with a case as the plugin `plugin`, and these lines in the entries of its queue and of the plugin.
    pub async fn host(&self, case: &str, queue: &str, lines: &str) -> Toril {
        let source = repository().join("tests/tcp/cases").join(case).with_extension("ts");
        self.host_of(&source, queue, lines).await
    }

    /// The same for another file.
    pub async fn host_of(&self, source: &Path, queue: &str, lines: &str) -> Toril {
        let config =
            format!("[queues.work]\nplugin = \"plugin\"\n{queue}[plugins.plugin]\nmemory = \"256MiB\"\n{lines}");
        let toril = Toril::new().redis(self.redis.url()).config(config).cache(engine_cache());
        toril.build_plugin("plugin", source, &repository().join("tests/tcp/node_modules")).await;
        let mut toril = toril.spawn_run();
        toril.wait_ready().await;
        toril
    }

    /// Runs a job to its end.
    pub async fn run(&self, toril: &Toril, data: Value) -> Output {
        let mut all = self.data("plugin");
        for (key, value) in data.as_object().into_iter().flatten() {
            all[key] = value.clone();
        }
        toril.cli(["add", "work", "j", "--data", &all.to_string(), "--wait"]).await
    }
}
