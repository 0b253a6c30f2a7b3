//! Requests from outside that add a job (`/webhooks/NAME`) or wake one (`/callbacks/QUEUE/ID`). Both are off unless the
//! current configuration turns them on. Each request proves itself with a secret of its own. The administration's token
//! and `admin` do not matter here. Not part of the API's description: the senders define the format.
//!
//! | module | holds |
//! | --- | --- |
//! | `webhook` | adding a job |
//! | `signature` | whether a request is signed |
//! | `event` | which event a request tells of, and which job that is |
//! | `callback` | waking a job |
//! | `body` | reading a body within bounds |
//! | `refusal` | why a request is not done, as an answer, in the log and in the metrics |

mod body;
mod callback;
mod event;
#[cfg(any(fuzzing, test))]
pub mod fuzz;
mod refusal;
mod signature;
mod webhook;

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use axum::Router;
use axum::http::Method;
use axum::http::request::Parts;
use axum::routing::any;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tokio::sync::Semaphore;

use self::refusal::Refusal;
use super::changes::Changes;
use super::security::HostNames;
use toril_bullmq::admin::Admin;
use toril_config::{Config, SigningKey};
use toril_job::Rate;
use toril_meters as metrics;

/// The most bytes of all bodies that are held at once. Everybody who reaches the server can send bodies. Only the end of a
/// body tells whether the signature is right.
const ROOM: usize = 64 << 20;
/// How many callbacks wait at once for a job to leave `active`.
const WAITERS: usize = 64;
/// Refused requests that are logged in a minute.
const LOGGED: u32 = 10;

/// What the handlers share.
struct Hooks {
    admin: Admin,
    config: Arc<ArcSwap<Config>>,
    names: HostNames,
    changes: Changes,
    room: Arc<Semaphore>,
    waiters: Arc<Semaphore>,
    logged: Rate,
}

/// The routes. `changes` owns what is under way.
pub fn routes(admin: Admin, config: Arc<ArcSwap<Config>>, names: HostNames, changes: Changes) -> Router {
    let (room, waiters) = (Arc::new(Semaphore::new(ROOM)), Arc::new(Semaphore::new(WAITERS)));
    let logged = Rate::new(LOGGED, Duration::from_secs(60));
    let hooks = Arc::new(Hooks { admin, config, names, changes, room, waiters, logged });
    Router::new()
        .route("/webhooks/{name}", any(webhook::answer))
        .route("/callbacks/{queue}/{id}", any(callback::answer))
        .with_state(hooks)
}

/// Shows the counters of everything that the configuration turns on, also those that have counted nothing.
pub fn begin_counting(config: &Config) {
    for webhook in config.webhooks.keys() {
        metrics::webhook_results(webhook, &webhook::RESULTS);
    }
    if config.callbacks.is_some() {
        metrics::callback_results(&callback::RESULTS);
    }
}

impl Hooks {
    /// Whether a request calls the server by a right name, and posts something.
    fn check(&self, request: &Parts) -> Result<(), Refusal> {
        self.names.check(&request.headers).map_err(Refusal::WrongName)?;
        if request.method == Method::POST { Ok(()) } else { Err(Refusal::WrongMethod) }
    }
}

/// HMAC-SHA256 over these parts. None: not a key, which a checked one always is.
fn mac(key: &SigningKey, parts: &[&[u8]]) -> Option<[u8; 32]> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.expose()).ok()?;
    parts.iter().for_each(|part| mac.update(part));
    Some(mac.finalize().into_bytes().into())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
