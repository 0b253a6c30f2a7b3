//! The host functions of `wasi:tls`, with which a guest encrypts a connection that it has used as a plain one
//! (STARTTLS). The host checks the certificate for the granted name of the connection's server.

use std::io;
use std::sync::Arc;

use async_trait::async_trait;
use futures::FutureExt;
use wasmtime::component::Resource;
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, DynPollable, IoError, Pollable, subscribe};

use super::View;
use super::bindings::wasi::tls::types::{Host, HostClientConnection, HostClientHandshake, HostFutureClientStreams};
use super::connect::upgrade;
use super::connection::{Connection, now};
use super::prepared::Security;

/// A handshake that has not begun.
pub struct ClientHandshake {
    server_name: String,
    /// `None`: the streams are not those of one connection.
    connection: Option<Arc<Connection>>,
}

/// A handshake that runs.
pub struct RunningHandshake(Step);

enum Step {
    Running(Arc<Connection>),
    Failed(io::Error),
    Taken,
}

/// An encrypted connection.
pub struct ClientConnection(Arc<Connection>);

type Streams = (Resource<ClientConnection>, Resource<DynInputStream>, Resource<DynOutputStream>);
/// The result of a handshake. The outer error: the guest has taken the result before.
type Handshaken = Result<Result<Streams, Resource<IoError>>, ()>;

impl Host for View<'_> {}

impl HostClientHandshake for View<'_> {
    async fn new(
        &mut self,
        server_name: String,
        input: Resource<DynInputStream>,
        output: Resource<DynOutputStream>,
    ) -> wasmtime::Result<Resource<ClientHandshake>> {
        let pair = (input.rep(), output.rep());
        let found = self.pen.streams.iter().position(|known| (known.input, known.output) == pair);
        let connection = found.and_then(|at| self.pen.streams.swap_remove(at).connection.upgrade());
        self.table.delete(input)?;
        self.table.delete(output)?;
        Ok(self.table.push(ClientHandshake { server_name, connection })?)
    }

    async fn finish(&mut self, this: Resource<ClientHandshake>) -> wasmtime::Result<Resource<RunningHandshake>> {
        let handshake = self.table.delete(this)?;
        let step = match self.begin(handshake) {
            Ok(connection) => Step::Running(connection),
            Err(error) => Step::Failed(error),
        };
        Ok(self.table.push(RunningHandshake(step))?)
    }

    async fn drop(&mut self, this: Resource<ClientHandshake>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl HostFutureClientStreams for View<'_> {
    async fn subscribe(&mut self, this: Resource<RunningHandshake>) -> wasmtime::Result<Resource<DynPollable>> {
        subscribe(self.table, this)
    }

    async fn get(&mut self, this: Resource<RunningHandshake>) -> wasmtime::Result<Option<Handshaken>> {
        let handshake = self.table.get_mut(&this)?;
        if handshake.poll(&mut now()).is_pending() {
            return Ok(None);
        }
        Ok(Some(match std::mem::replace(&mut handshake.0, Step::Taken) {
            Step::Running(connection) => {
                let (input, output) = self.streams(&connection)?;
                Ok(Ok((self.table.push(ClientConnection(connection))?, input, output)))
            }
            Step::Failed(error) => Ok(Err(self.table.push(IoError::from(error))?)),
            Step::Taken => Err(()),
        }))
    }

    async fn drop(&mut self, this: Resource<RunningHandshake>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl HostClientConnection for View<'_> {
    async fn close_output(&mut self, this: Resource<ClientConnection>) -> wasmtime::Result<()> {
        // A connection that has ended needs no end.
        let _ended = self.table.get(&this)?.0.shut_down(false, true);
        Ok(())
    }

    async fn drop(&mut self, this: Resource<ClientConnection>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl RunningHandshake {
    fn poll(&mut self, cx: &mut std::task::Context<'_>) -> std::task::Poll<()> {
        if let Step::Running(connection) = &self.0
            && let Err(error) = std::task::ready!(connection.poll_encrypted(cx))
        {
            self.0 = Step::Failed(error);
        }
        std::task::Poll::Ready(())
    }
}

#[async_trait]
impl Pollable for RunningHandshake {
    async fn ready(&mut self) {
        std::future::poll_fn(|cx| self.poll(cx)).await;
    }
}

impl View<'_> {
    /// Begins a handshake. It goes on when the guest waits for it.
    fn begin(&mut self, handshake: ClientHandshake) -> io::Result<Arc<Connection>> {
        let Some(connection) = handshake.connection else {
            return Err(io::Error::other("the streams are not those of one TCP connection of this attempt"));
        };
        let target = connection.target().clone();
        let server = &target.server;
        let name = handshake.server_name.trim_matches(['[', ']']);
        if !name.eq_ignore_ascii_case(server.host()) {
            return Err(io::Error::other(format!(
                "the server name must be {:?}, as the connection is to {server}",
                server.host()
            )));
        }
        // The host has encrypted it already. So a guest that wants TLS needs not know which of the two lists has the
        // server.
        if target.security == Security::Tls {
            return Ok(connection);
        }
        let (grant, output) = (self.grant.clone(), self.job.output.clone());
        connection.encrypt(|open| upgrade(grant, target, output, open).boxed());
        Ok(connection)
    }
}
