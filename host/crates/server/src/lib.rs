//! The HTTP server. Knows of the host only what [`Health`] and [`Inside`] tell, and of queues only what
//! [`Admin`] does.
//!
//! | module | serves |
//! | --- | --- |
//! | `health` | `/healthz`, for everybody, and `/readyz`, for everybody who calls the server by a right name |
//! | `metrics` | `/metrics`, for the same |
//! | `dashboard` | `/`, for those whom `security` lets in |
//! | `api` | `/api/v1`, for those whom `security` lets in |
//! | `hooks` | `/webhooks` and `/callbacks`, for those who know a secret of the configuration |
//! | `connections` | the open connections, and how long each part of a request may take |
//! | `changes` | requests that change something, until they are done |
//! | `security` | who may do what, and the headers of every answer |
//! | `segment` | names as parts of a path |
//! | `problem` | what an answer says when something is wrong |

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
use futures::future::BoxFuture;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use self::api::description;
use self::changes::Changes;
pub use self::dashboard::{Inside, PluginDetails, QueueSample};
pub use self::hooks::begin_counting;
use self::security::{Guard, HostNames, Sessions};
use toril_bullmq::admin::Admin;
use toril_config::{AdminAccess, Config, HostSettings};
use toril_sandbox::Status;

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {source}. Choose another `listen` under [host], or \"off\".")]
pub struct HttpError {
    address: SocketAddr,
    source: std::io::Error,
}

/// What the server asks the host.
pub trait Health: Send + Sync {
    /// Why the host is not ready to work. Empty: it is.
    fn not_ready(&self) -> BoxFuture<'_, Vec<String>>;
    /// The plugins in use.
    fn plugins(&self) -> Vec<Status>;
}

/// Who answers the server's questions.
pub struct Asked {
    /// Of the host's health.
    pub health: Arc<dyn Health>,
    /// What else the dashboard shows of it.
    pub inside: Arc<dyn Inside>,
    /// The configuration of the moment.
    pub config: Arc<ArcSwap<Config>>,
}

/// A server that has its address and does not serve yet.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
}

impl Server {
    /// Takes the address. Port 0 takes a free one.
    pub async fn bind(address: SocketAddr) -> Result<Self, HttpError> {
        let bound = async {
            let listener = TcpListener::bind(address).await?;
            let address = listener.local_addr()?;
            Ok(Self { listener, address })
        };
        bound.await.map_err(|source| HttpError { address, source })
    }

    /// The address that was taken.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `closing`, and then lets requests that are under way end, for some seconds at most. Dropping it ends
    /// them at once. `settings` say who may do what.
    pub async fn serve(self, asked: Asked, admin: Admin, settings: HostSettings, closing: CancellationToken) {
        let changes = Changes::new();
        let _changes_end_with_the_server = changes.end_with();
        let routes = routes(asked, admin, &settings, self.address, changes.clone());
        let left = async {
            closing.cancelled().await;
            changes.close(connections::GRACE).await;
        };
        tokio::join!(connections::serve(self.listener, routes, closing.clone()), left);
    }
}

fn routes(asked: Asked, admin: Admin, settings: &HostSettings, address: SocketAddr, changes: Changes) -> Router {
    let names = HostNames::new(address, &settings.allowed_hosts);
    let mut routes = security::named(health::readiness(asked.health).merge(metrics::routes()), names.clone());
    // This tells nothing at all, and is asked by load balancers with any `Host`.
    routes = routes.merge(health::liveness());
    routes = routes.merge(hooks::routes(admin.clone(), asked.config, names.clone(), changes.clone()));
    if settings.admin != AdminAccess::Off {
        let guard = Guard::new(settings, names, changes);
        let sessions = Sessions::new(address.port());
        routes = routes.merge(dashboard::routes(admin.clone(), asked.inside, guard.clone(), sessions.clone()));
        routes = routes.nest("/api/v1", security::guarded(api::routes(admin), guard, sessions));
    }
    routes.fallback(problem::no_page).layer(from_fn(security::add_headers))
}
