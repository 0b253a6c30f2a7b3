//! Requests from outside that add a job (`/webhooks/NAME`) or wake one (`/callbacks/QUEUE/ID`). Both are disabled
//! unless the current configuration enables them. Each request authenticates with its own secret; the admin token and
//! `admin` do not matter here. The API description does not contain these routes, because the senders define the
//! format.
//!
//! | module | holds |
//! | --- | --- |
//! | `webhook` | adding a job |
//! | `signature` | verifying the signature of a request |
//! | `event` | the event of a request, and the job that it adds |
//! | `callback` | waking a job |
//! | `body` | reading a body within limits |
//! | `state` | what the handlers share |
//! | `refusal` | why a request is refused: the response, the log line and the metric |

mod body;
mod callback;
mod event;
#[cfg(any(fuzzing, test))]
pub mod fuzz;
mod refusal;
mod signature;
mod state;
mod webhook;

use std::sync::Arc;

use arc_swap::ArcSwap;
use axum::Router;
use axum::routing::any;
use tokio::sync::Semaphore;

use self::refusal::LogLimits;
use self::state::Hooks;
use super::changes::Changes;
use super::security::HostNames;
use toril_bullmq::admin::Admin;
use toril_config::Config;
use toril_meters as metrics;

/// The memory limit of all bodies together, in bytes. Anyone who can reach the server can send a body, and its
/// signature can only be verified after the last byte.
const ROOM: usize = 64 << 20;
/// How many callbacks may wait at once for a job to leave `active`.
const WAITERS: usize = 64;

/// The routes. `changes` owns the running changes.
pub fn routes(admin: Admin, config: Arc<ArcSwap<Config>>, names: HostNames, changes: Changes) -> Router {
    let (room, waiters) = (Arc::new(Semaphore::new(ROOM)), Arc::new(Semaphore::new(WAITERS)));
    let hooks = Arc::new(Hooks { admin, config, names, changes, room, waiters, log_limits: LogLimits::new() });
    Router::new()
        .route("/webhooks/{name}", any(webhook::answer))
        .route("/callbacks/{queue}/{id}", any(callback::answer))
        .with_state(hooks)
}

/// Registers the counters of everything that the configuration enables, so that metrics show them before the first
/// request.
pub fn begin_counting(config: &Config) {
    for webhook in config.webhooks.keys() {
        metrics::webhook_results(webhook, &webhook::RESULTS);
    }
    if config.callbacks.is_some() {
        metrics::callback_results(&callback::RESULTS);
    }
}
