//! The host: plugins, queues and the HTTP server together, from start to shutdown. `toril run` is a thin layer over
//! it, and other programs can embed it to run jobs.
//!
//! Each task of the host gets only the handles that it uses.
//!
//! | module | holds |
//! | --- | --- |
//! | `start`, `shutdown`, `error` | the life of a host |
//! | `check` | the checks that need no running host |
//! | `load` | loading the plugins of a configuration |
//! | `queues`, `route` | the active queues, draining, and the way of a job to its plugin |
//! | `watch`, `reloads`, `apply` | file events, and the reloads of plugins and configuration that follow |
//! | `schedules`, `presence`, `gauges`, `samples` | the background tasks and their data |
//! | `current_config` | the configuration in use |
//! | `health`, `inside` | what the HTTP server reads |

mod apply;
mod check;
mod current_config;
mod error;
mod gauges;
mod health;
mod inside;
mod load;
mod presence;
mod queues;
mod reloads;
mod route;
mod samples;
mod schedules;
mod shutdown;
mod start;
mod watch;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio_util::task::AbortOnDropHandle;

use self::current_config::CurrentConfig;
use self::presence::Presence;
use self::queues::{Queues, Stop};
use toril_bullmq::Attempts;

pub use self::check::{Checked, CheckedPlugin, check};
pub use self::error::StartError;
pub use self::shutdown::Shutdown;
use toril_job::QueueName;
use toril_sandbox::Plugins;

/// A running host.
pub struct Host {
    config: CurrentConfig,
    queues: Arc<Queues>,
    plugins: Arc<Plugins>,
    presence: Arc<Presence>,
    stop: Stop,
    listen: Option<SocketAddr>,
    /// The task of the HTTP server. A shutdown takes it and waits for its last requests. Aborted when the host is
    /// dropped.
    serving: Mutex<Option<AbortOnDropHandle<()>>>,
    /// The background tasks. Aborted by a shutdown, and when the host is dropped.
    tasks: Mutex<Vec<AbortOnDropHandle<()>>>,
    /// Receives cancel requests and replaces connections that do not respond. It keeps running during a shutdown,
    /// because outcomes are still being written.
    _listening: AbortOnDropHandle<()>,
    /// The records of attempts, and the task that writes them, until the last attempt has ended. None after that.
    attempts: Attempts,
    recording: Mutex<Option<AbortOnDropHandle<()>>>,
}

impl Host {
    /// The address of the HTTP server, if there is one. Contains the chosen port if the configuration says 0.
    pub fn listen(&self) -> Option<SocketAddr> {
        self.listen
    }

    /// The active queues.
    pub fn queues(&self) -> Vec<QueueName> {
        self.queues.names()
    }

    /// How long a shutdown waits for running jobs, according to the current configuration.
    pub fn shutdown_timeout(&self) -> Duration {
        self.config.load().host.shutdown_timeout
    }
}
