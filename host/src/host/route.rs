//! The route of one queue's jobs: to which plugin, and with which timeout. It can change while jobs run.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::runtime;

use toril_config as config;
use toril_job::{Attempt, Failure, FailureKind, Finished, Outcome, Runner};
use toril_sandbox::{Handle, Plugins};

/// The plugin side of one queue.
pub struct Route {
    plugins: Arc<Plugins>,
    target: ArcSwap<Target>,
}

struct Target {
    plugin: String,
    /// Keeps the plugin loaded, so that a draining queue can still run its last jobs after a reload has removed the
    /// plugin.
    handle: Option<Handle>,
    timeout: Duration,
}

impl Target {
    fn new(plugins: &Plugins, settings: &config::Queue) -> Self {
        let plugin = settings.plugin.clone();
        Self { handle: plugins.handle(&plugin), plugin, timeout: settings.timeout }
    }
}

impl Route {
    /// Creates a route from the queue's settings.
    pub fn new(plugins: Arc<Plugins>, settings: &config::Queue) -> Self {
        let target = ArcSwap::from_pointee(Target::new(&plugins, settings));
        Self { plugins, target }
    }

    /// Changes the settings. They apply from the next attempt on.
    pub fn configure(&self, settings: &config::Queue) {
        self.target.store(Arc::new(Target::new(&self.plugins, settings)));
    }
}

impl Runner for Route {
    fn run(&self, attempt: Attempt) -> BoxFuture<'_, Finished> {
        async move {
            let target = self.target.load_full();
            match &target.handle {
                Some(handle) => self.plugins.run(handle, attempt, target.timeout).await,
                None => not_loaded(&target.plugin),
            }
        }
        .boxed()
    }

    fn home(&self) -> Option<runtime::Handle> {
        self.plugins.home()
    }
}

fn not_loaded(plugin: &str) -> Finished {
    let failure = Failure::new(FailureKind::Host, format!("plugin {plugin} is not loaded"));
    Finished { outcome: Outcome::Retry(failure), plugin: plugin.to_owned(), version: None, usage: None }
}
