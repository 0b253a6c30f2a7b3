//! Sends a pen's requests after they have been allowed.

use futures::FutureExt;
use futures::future::BoxFuture;
use http::Request;
use tokio::time::timeout;
use wasmtime_wasi_http::{Error, WasiBody};

use super::placeholder;
use super::route::Route;
use super::send::{Answered, Target, send};

/// The result of a request.
pub type SendResult = Result<Answered, Error>;

/// Sends requests that have already been checked.
pub trait Transport: Send + Sync {
    /// Sends one request with the addresses, limits and secrets that it may use.
    fn send(&self, request: Request<WasiBody>, route: Route) -> BoxFuture<'static, SendResult>;
}

/// The network.
pub struct Network;

impl Transport for Network {
    fn send(&self, request: Request<WasiBody>, route: Route) -> BoxFuture<'static, SendResult> {
        async move {
            let addresses =
                timeout(route.timeouts.connect, route.addresses()).await.map_err(|_| Error::DnsTimeout)??;
            let Route { origin, secrets, outbound, connections, timeouts, permit, .. } = route;
            let target = Target {
                origin: &origin,
                addresses: &addresses,
                tls: outbound.tls(),
                connections: connections.as_ref(),
                timeouts,
            };
            let (mut response, rest) = send(request, target, permit).await?;
            placeholder::hide_in_headers(&secrets, response.headers_mut());
            Ok((response, rest))
        }
        .boxed()
    }
}
