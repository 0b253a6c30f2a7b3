//! The host functions of `toril:plugin/tls`, with which a guest encrypts a connection whose streams it cannot give
//! away. Its language's own sockets have them, so it names the connection by its addresses.

use std::future::poll_fn;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, ready};

use async_trait::async_trait;
use futures::FutureExt;
use wasmtime::component::Resource;
use wasmtime_wasi::p2::{DynPollable, Pollable, subscribe};

use super::View;
use super::bindings::toril::plugin::tls::{Host, HostHandshake};
use super::connect::upgrade;
use super::connection::{Connection, now};
use super::prepared::Security;

/// A handshake. It goes on when the guest waits for it.
pub struct Handshake {
    connection: Arc<Connection>,
    /// Whether it has succeeded. `None`: it runs. A connection reports an error only once.
    ended: Option<Result<(), String>>,
}

impl Handshake {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.ended.is_none() {
            let ended = ready!(self.connection.poll_encrypted(cx));
            self.ended = Some(ended.map_err(|error| error.to_string()));
        }
        Poll::Ready(())
    }
}

#[async_trait]
impl Pollable for Handshake {
    async fn ready(&mut self) {
        poll_fn(|cx| self.poll(cx)).await;
    }
}

impl Host for View<'_> {
    async fn upgrade(
        &mut self,
        local: String,
        remote: String,
    ) -> wasmtime::Result<Result<Resource<Handshake>, String>> {
        let Some(connection) = self.between(&local, &remote) else {
            return Ok(Err("there is no open TCP connection of this attempt with these addresses".to_owned()));
        };
        let target = connection.target().clone();
        if target.security == Security::Plain {
            let (grant, output) = (self.grant.clone(), self.job.output.clone());
            connection.encrypt(|open| upgrade(grant, target, output, open).boxed());
        }
        Ok(Ok(self.table.push(Handshake { connection, ended: None })?))
    }
}

impl HostHandshake for View<'_> {
    async fn subscribe(&mut self, this: Resource<Handshake>) -> wasmtime::Result<Resource<DynPollable>> {
        subscribe(self.table, this)
    }

    async fn finish(&mut self, this: Resource<Handshake>) -> wasmtime::Result<Option<Result<String, String>>> {
        let handshake = self.table.get_mut(&this)?;
        if handshake.poll(&mut now()).is_pending() {
            return Ok(None);
        }
        let server = &handshake.connection.target().server;
        Ok(handshake.ended.clone().map(|ended| ended.map(|()| server.host().to_owned())))
    }

    async fn drop(&mut self, this: Resource<Handshake>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl View<'_> {
    /// The open connection of this attempt with these addresses.
    fn between(&self, local: &str, remote: &str) -> Option<Arc<Connection>> {
        let wanted = [address(local)?, address(remote)?];
        let is_wanted = |connection: &Arc<Connection>| {
            connection
                .addresses()
                .is_ok_and(|addresses| addresses.map(|address| (address.ip(), address.port())) == wanted)
        };
        self.pen.connections.iter().filter_map(Weak::upgrade).find(is_wanted)
    }
}

/// An address without the scope of IPv6, which languages write in different ways.
fn address(text: &str) -> Option<(IpAddr, u16)> {
    text.parse().ok().map(|address: SocketAddr| (address.ip(), address.port()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_with_and_without_the_scope_of_ipv6() {
        let port = |text| address(text).map(|(_, port)| port);
        assert_eq!([port("127.0.0.1:587"), port("[::1]:587")], [Some(587); 2]);
        assert_eq!(address("[fe80::1%2]:25"), address("[fe80::1]:25"));
        for wrong in ["", "127.0.0.1", "::1:587", "smtp.example.com:587", "127.0.0.1:65536"] {
            assert_eq!(address(wrong), None, "{wrong}");
        }
    }
}
