//! A Toril for one test: a temporary folder with `queues.toml` and plugins, and a host that runs in it.
//!
//! ```ignore
//! let redis = RedisServer::start().await;
//! let mut toril = Toril::new()
//!     .redis(redis.url())
//!     .plugin("basics")
//!     .config("[queues.work]\nplugin = \"basics\"\n")
//!     .spawn_run();
//! toril.wait_ready().await;
//! toril.cli(["add", "work", "echo", "--data", "{}"]).await.succeeded();
//! toril.terminate();
//! assert_eq!(toril.wait_exit(LONG).await.code(), Some(0));
//! ```

mod cli;
mod config;
mod files;
mod host;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

pub use cli::Output;
pub use files::{component, engine_cache, javascript, shared_cache, variant};

use crate::clock::Clock;
use crate::ports::free_port;
use crate::process::{Guarded, print_if_failed};
use crate::redis_server::{self, RedisServer};
use config::Config;

/// A folder for a host, and the host once it has started. Dropping it ends the host and removes the folder. If the
/// test panics, it prints the host's output.
pub struct Toril {
    folder: TempDir,
    config: Config,
    env: BTreeMap<String, String>,
    umask: Option<&'static str>,
    /// How often a host was started: each has logs of its own.
    starts: u32,
    process: Option<Guarded>,
}

impl Default for Toril {
    fn default() -> Self {
        Self::new()
    }
}

impl Toril {
    /// A folder without plugins and queues, and a free port for the host.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("could not create a temporary folder: {error}"));
        let mut config = Config::new(format!("127.0.0.1:{}", free_port()), folder.path().join("plugins"));
        config.cache = Some(shared_cache());
        let mut toril = Self { folder, config, env: BTreeMap::new(), umask: None, starts: 0, process: None };
        // `toril dev` looks for a server from its own folder, where there is none.
        if let Ok(program) = redis_server::program() {
            toril = toril.env("TORIL_REDIS_SERVER", program.to_string_lossy());
        }
        toril.make_plugin_folder();
        toril
    }

    /// The `url` of Redis in the host's configuration. Without it there is no `[redis]`.
    pub fn redis(mut self, url: impl Into<String>) -> Self {
        self.config.redis = Some(url.into());
        self
    }

    /// The same, with the CA certificate if the server uses TLS.
    pub fn redis_server(mut self, server: &RedisServer) -> Self {
        self.config.ca = server.ca();
        self.redis(server.url())
    }

    /// The configuration's text: queues and plugins. `[redis]` and `[host]` are added before it, unless it has its
    /// own. It can contain the placeholders `{redis}`, `{listen}` and `{plugins}`.
    pub fn config(mut self, text: impl Into<String>) -> Self {
        self.config.text = text.into();
        self
    }

    /// An additional line of `[host]`, such as `shutdown_timeout = "1s"`.
    pub fn host(mut self, line: impl Into<String>) -> Self {
        self.config.host.push(line.into());
        self
    }

    /// Compiles its plugins itself, into its own folder, instead of sharing the compiled code of other tests.
    pub fn own_cache(mut self) -> Self {
        self.config.cache = None;
        self
    }

    /// Another folder for compiled plugins, such as [`engine_cache`].
    pub fn cache(mut self, folder: PathBuf) -> Self {
        self.config.cache = Some(folder);
        self
    }

    /// Copies a component into the plugins' folder, under its own name.
    pub fn plugin(self, name: &str) -> Self {
        self.plugin_as(name, name)
    }

    /// Copies a component into the plugins' folder, under another name.
    pub fn plugin_as(self, component_name: &str, name: &str) -> Self {
        self.replace_plugin(name, &component(component_name));
        self
    }

    /// An environment variable of the host and of [`Toril::cli`]. They do not inherit variables that would change
    /// what they do.
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.env.insert(name.into(), value.into());
        self
    }

    /// The umask of the host, as `umask` takes it. Without it, that of the test.
    pub fn umask(mut self, umask: &'static str) -> Self {
        self.umask = Some(umask);
        self
    }

    /// The time of day of the host and of [`Toril::cli`].
    pub fn clock(self, clock: &Clock) -> Self {
        clock.environment().into_iter().fold(self, |toril, (name, value)| toril.env(name, value))
    }

    /// The folder that the host runs in.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The host's address: `127.0.0.1:PORT`.
    pub fn listen(&self) -> &str {
        &self.config.listen
    }

    /// A URL of the host: `http://127.0.0.1:PORT` with this path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.listen())
    }
}

impl Drop for Toril {
    fn drop(&mut self) {
        if self.starts > 0 {
            print_if_failed(&format!("the host at {}", self.listen()), || self.logs());
        }
    }
}
