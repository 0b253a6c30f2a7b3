//! The HTTP server. It knows the host only through [`Health`] and [`Inside`], and queues only through [`Admin`].
//!
//! | module | serves |
//! | --- | --- |
//! | `health` | `/healthz` for any request, and `/readyz` for requests with a valid `Host` |
//! | `metrics` | `/metrics`, for requests with a valid `Host` |
//! | `dashboard` | `/`, for requests that `security` authorises |
//! | `api` | `/api/v1`, for requests that `security` authorises |
//! | `hooks` | `/webhooks` and `/callbacks`, for senders that prove they know a configured secret |
//! | `connections` | open connections, and a time limit for each part of a request |
//! | `changes` | requests that change something, until they finish |
//! | `security` | authorisation, and the headers of every response |
//! | `segment` | names as path segments |
//! | `problem` | error responses |

#![warn(missing_docs)]

mod api;
mod changes;
mod connections;
mod dashboard;
#[cfg(any(fuzzing, test))]
pub mod fuzz;
mod health;
mod hooks;
mod metrics;
mod problem;
mod security;
mod segment;

use std::net::SocketAddr;
use std::sync::Arc;

use arc_swap::ArcSwap;
use axum::Router;
use axum::middleware::from_fn;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use self::api::description;
use self::changes::Changes;
pub use self::dashboard::{Inside, PluginDetails, QueueSample};
pub use self::health::Health;
pub use self::hooks::begin_counting;
use self::security::{Guard, HostNames, Sessions};
use toril_bullmq::admin::Admin;
use toril_config::{AdminAccess, Config, HostSettings};

/// Why the server cannot start.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {source}. Choose another `listen` under [host], or \"off\".")]
pub struct HttpError {
    address: SocketAddr,
    source: std::io::Error,
}

/// What the server needs from the host.
pub struct HostHandles {
    /// The host's health.
    pub health: Arc<dyn Health>,
    /// What else the dashboard shows about the host.
    pub inside: Arc<dyn Inside>,
    /// The current configuration.
    pub config: Arc<ArcSwap<Config>>,
}

/// A server that is bound to its address but does not serve yet.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
}

impl Server {
    /// Binds the address. Port 0 binds a free port.
    pub async fn bind(address: SocketAddr) -> Result<Self, HttpError> {
        let bound = async {
            let listener = TcpListener::bind(address).await?;
            let address = listener.local_addr()?;
            Ok(Self { listener, address })
        };
        bound.await.map_err(|source| HttpError { address, source })
    }

    /// The bound address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `closing` is cancelled. Then it waits some seconds at most for running requests. Dropping the
    /// future ends them at once. `settings` define the access rules.
    pub async fn serve(self, host: HostHandles, admin: Admin, settings: HostSettings, closing: CancellationToken) {
        let changes = Changes::new();
        let _changes_end_with_the_server = changes.end_with();
        let routes = routes(host, admin, &settings, self.address, changes.clone());
        let left = async {
            closing.cancelled().await;
            changes.close(connections::GRACE).await;
        };
        tokio::join!(connections::serve(self.listener, routes, closing.clone()), left);
    }
}

fn routes(host: HostHandles, admin: Admin, settings: &HostSettings, address: SocketAddr, changes: Changes) -> Router {
    let names = HostNames::new(address, &settings.allowed_hosts);
    let mut routes = security::named(health::readiness(host.health).merge(metrics::routes()), names.clone());
    // This route reveals nothing, and load balancers call it with any `Host`.
    routes = routes.merge(health::liveness());
    routes = routes.merge(hooks::routes(admin.clone(), host.config, names.clone(), changes.clone()));
    if settings.admin != AdminAccess::Off {
        let guard = Guard::new(settings, names, changes);
        let sessions = Sessions::new(address.port());
        routes = routes.merge(dashboard::routes(admin.clone(), host.inside, guard.clone(), sessions.clone()));
        routes = routes.nest("/api/v1", security::guarded(api::routes(admin), guard, sessions));
    }
    routes.fallback(problem::no_page).layer(from_fn(security::add_headers))
}
