//! What the unit tests use: small components, a job that answers nothing, and a folder of plugins.
#![allow(clippy::expect_used, reason = "only tests use it")]

mod component;
mod context;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub use component::{Answer, COUNTER, LOG, TEXT, foreign_world, newer_version, plugin, returning};
pub use context::{SlowLog, TestContext, TestLog};

use crate::Plugins;
use toril_config::{HostSettings, Plugin};
use toril_job::trace::Trace;
use toril_job::{Attempt, Finished, Job, Json, QueueName, Signals};

/// Longer than any test takes.
pub const LONG: Duration = Duration::from_secs(60);

/// The plugins of a host, in a temporary folder.
pub struct TestPlugins {
    pub plugins: Plugins,
    folder: tempfile::TempDir,
}

impl TestPlugins {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let settings = HostSettings {
            max_pens: 4.try_into().expect("not 0"),
            plugins: folder.path().to_owned(),
            cache: folder.path().join("cache"),
            ..HostSettings::default()
        };
        Self { plugins: Plugins::start(&settings).expect("starts"), folder }
    }

    /// Writes the component of a plugin.
    pub fn write(&self, plugin: &str, component: &[u8]) -> PathBuf {
        let path = self.folder.path().join(format!("{plugin}.wasm"));
        std::fs::write(&path, component).expect("writes");
        path
    }

    /// Writes the component of a plugin and puts it into use.
    pub async fn install(&self, plugin: &str, component: &[u8], entry: &Plugin) {
        self.write(plugin, component);
        self.plugins.install(self.plugins.prepare(plugin, entry).await.expect("loads"));
    }

    /// Runs one attempt.
    pub async fn run(&self, plugin: &str, attempt: Attempt, timeout: Duration) -> Finished {
        let handle = self.plugins.handle(plugin).expect("in use");
        self.plugins.run(&handle, attempt, timeout).await
    }
}

/// An attempt of a job whose context does nothing.
pub fn attempt(signals: Signals) -> Attempt {
    let context = Arc::new(TestContext::default());
    Attempt { job: job(), context: context.clone(), store: context, signals, trace: Trace::default() }
}

/// A job without data.
pub fn job() -> Job {
    Job {
        id: "1".into(),
        queue: QueueName::new("mail").expect("a name"),
        name: "work".to_owned(),
        data: Json::parse("{}").expect("JSON"),
        attempt: 1,
        max_attempts: 1,
        added_at: 0,
        parent: None,
    }
}
