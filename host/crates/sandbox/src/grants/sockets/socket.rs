//! The host functions of `wasi:sockets/tcp` and `tcp-create-socket`. A socket is the operating system's only once the
//! guest connects it. Its options are kept for the guest to read, and have no effect: a connection lives no longer than
//! its attempt.

use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use futures::FutureExt;
use wasmtime::component::{Resource, ResourceTableError};
use wasmtime_wasi::p2::bindings::sockets::network::{self, ErrorCode, IpAddressFamily, IpSocketAddress, Network};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, DynPollable, IoError, Pollable, SocketError, subscribe};

use super::bindings::wasi::sockets::tcp::{Host, HostTcpSocket, ShutdownType};
use super::bindings::wasi::sockets::tcp_create_socket;
use super::connect::Route;
use super::connection::{Connection, now};
use super::prepared::Target;
use super::streams::{Input, Output};
use super::{StreamPair, View};
use crate::limits::{TCP_CONNECTIONS, TCP_OPENED};
use toril_job::trace::{Kind, Trace};

type SocketResult<T> = Result<T, SocketError>;
type Streams = (Resource<DynInputStream>, Resource<DynOutputStream>);

/// A socket of a guest.
pub struct Socket {
    family: IpAddressFamily,
    state: State,
    options: Options,
}

enum State {
    New,
    /// The guest has begun to bind it to any address, as it may do before it connects.
    Binding,
    Connecting(Arc<Connection>),
    Connected(Arc<Connection>),
    /// The connection could not be opened.
    Failed(ErrorCode),
}

/// What the guest has set.
struct Options {
    keep_alive: bool,
    idle_time: u64,
    interval: u64,
    count: u32,
    hop_limit: u8,
    receive_buffer: u64,
    send_buffer: u64,
}

/// As Linux has them.
const DEFAULTS: Options = Options {
    keep_alive: false,
    idle_time: 7_200_000_000_000,
    interval: 75_000_000_000,
    count: 9,
    hop_limit: 64,
    receive_buffer: 65_536,
    send_buffer: 65_536,
};

impl Socket {
    fn connected(&self) -> Result<&Arc<Connection>, ErrorCode> {
        match &self.state {
            State::Connected(connection) => Ok(connection),
            State::Failed(code) => Err(*code),
            State::New | State::Binding | State::Connecting(_) => Err(ErrorCode::InvalidState),
        }
    }
}

#[async_trait]
impl Pollable for Socket {
    async fn ready(&mut self) {
        if let State::Connecting(connection) = &self.state {
            let _result = std::future::poll_fn(|cx| connection.poll_opened(cx)).await;
        }
    }
}

/// The generated code of the other interfaces needs the conversion of errors. wasmtime-wasi's own implementation serves
/// the guest.
impl network::Host for View<'_> {
    fn convert_error_code(&mut self, error: SocketError) -> wasmtime::Result<ErrorCode> {
        error.downcast()
    }

    fn network_error_code(&mut self, _error: Resource<IoError>) -> wasmtime::Result<Option<ErrorCode>> {
        Ok(None)
    }
}

impl network::HostNetwork for View<'_> {
    fn drop(&mut self, this: Resource<Network>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl tcp_create_socket::Host for View<'_> {
    async fn create_tcp_socket(&mut self, family: IpAddressFamily) -> SocketResult<Resource<Socket>> {
        Ok(self.table.push(Socket { family, state: State::New, options: DEFAULTS })?)
    }
}

impl Host for View<'_> {}

impl HostTcpSocket for View<'_> {
    async fn start_bind(
        &mut self,
        this: Resource<Socket>,
        network: Resource<Network>,
        local: IpSocketAddress,
    ) -> SocketResult<()> {
        self.table.get(&network)?;
        let local = SocketAddr::from(local);
        let socket = self.table.get_mut(&this)?;
        if !matches!(socket.state, State::New) {
            return Err(ErrorCode::InvalidState.into());
        }
        if !local.ip().is_unspecified() || local.port() != 0 {
            self.deny_always(&format!("bind a socket to {local}"));
            return Err(ErrorCode::AccessDenied.into());
        }
        socket.state = State::Binding;
        Ok(())
    }

    async fn finish_bind(&mut self, this: Resource<Socket>) -> SocketResult<()> {
        let socket = self.table.get_mut(&this)?;
        if !matches!(socket.state, State::Binding) {
            return Err(ErrorCode::NotInProgress.into());
        }
        socket.state = State::New;
        Ok(())
    }

    async fn start_connect(
        &mut self,
        this: Resource<Socket>,
        network: Resource<Network>,
        remote: IpSocketAddress,
    ) -> SocketResult<()> {
        self.table.get(&network)?;
        let socket = self.table.get(&this)?;
        match &socket.state {
            State::New => {}
            State::Binding | State::Connecting(_) => return Err(ErrorCode::ConcurrencyConflict.into()),
            State::Connected(_) | State::Failed(_) => return Err(ErrorCode::InvalidState.into()),
        }
        let is_v4 = matches!(remote, IpSocketAddress::Ipv4(_));
        if is_v4 != matches!(socket.family, IpAddressFamily::Ipv4) {
            return Err(ErrorCode::InvalidArgument.into());
        }
        let connection = self.connection(remote.into())?;
        self.table.get_mut(&this)?.state = State::Connecting(connection);
        Ok(())
    }

    async fn finish_connect(&mut self, this: Resource<Socket>) -> SocketResult<Streams> {
        let socket = self.table.get_mut(&this)?;
        let State::Connecting(connection) = &socket.state else { return Err(ErrorCode::NotInProgress.into()) };
        let connection = connection.clone();
        match connection.poll_opened(&mut now()) {
            std::task::Poll::Pending => return Err(ErrorCode::WouldBlock.into()),
            std::task::Poll::Ready(Err(code)) => {
                socket.state = State::Failed(code);
                return Err(code.into());
            }
            std::task::Poll::Ready(Ok(())) => socket.state = State::Connected(connection.clone()),
        }
        Ok(self.streams(&connection)?)
    }

    async fn start_listen(&mut self, this: Resource<Socket>) -> SocketResult<()> {
        self.table.get(&this)?;
        self.deny_always("listen on a port");
        Err(ErrorCode::AccessDenied.into())
    }

    async fn finish_listen(&mut self, this: Resource<Socket>) -> SocketResult<()> {
        self.table.get(&this)?;
        Err(ErrorCode::NotInProgress.into())
    }

    async fn accept(
        &mut self,
        this: Resource<Socket>,
    ) -> SocketResult<(Resource<Socket>, Resource<DynInputStream>, Resource<DynOutputStream>)> {
        self.table.get(&this)?;
        Err(ErrorCode::InvalidState.into())
    }

    async fn local_address(&mut self, this: Resource<Socket>) -> SocketResult<IpSocketAddress> {
        let [local, _] = self.table.get(&this)?.connected()?.addresses()?;
        Ok(local.into())
    }

    async fn remote_address(&mut self, this: Resource<Socket>) -> SocketResult<IpSocketAddress> {
        let [_, remote] = self.table.get(&this)?.connected()?.addresses()?;
        Ok(remote.into())
    }

    async fn is_listening(&mut self, this: Resource<Socket>) -> wasmtime::Result<bool> {
        self.table.get(&this)?;
        Ok(false)
    }

    async fn address_family(&mut self, this: Resource<Socket>) -> wasmtime::Result<IpAddressFamily> {
        Ok(self.table.get(&this)?.family)
    }

    async fn set_listen_backlog_size(&mut self, this: Resource<Socket>, value: u64) -> SocketResult<()> {
        self.table.get(&this)?;
        some(value)
    }

    async fn keep_alive_enabled(&mut self, this: Resource<Socket>) -> SocketResult<bool> {
        Ok(self.table.get(&this)?.options.keep_alive)
    }

    async fn set_keep_alive_enabled(&mut self, this: Resource<Socket>, value: bool) -> SocketResult<()> {
        self.table.get_mut(&this)?.options.keep_alive = value;
        Ok(())
    }

    async fn keep_alive_idle_time(&mut self, this: Resource<Socket>) -> SocketResult<u64> {
        Ok(self.table.get(&this)?.options.idle_time)
    }

    async fn set_keep_alive_idle_time(&mut self, this: Resource<Socket>, value: u64) -> SocketResult<()> {
        some(value)?;
        self.table.get_mut(&this)?.options.idle_time = value;
        Ok(())
    }

    async fn keep_alive_interval(&mut self, this: Resource<Socket>) -> SocketResult<u64> {
        Ok(self.table.get(&this)?.options.interval)
    }

    async fn set_keep_alive_interval(&mut self, this: Resource<Socket>, value: u64) -> SocketResult<()> {
        some(value)?;
        self.table.get_mut(&this)?.options.interval = value;
        Ok(())
    }

    async fn keep_alive_count(&mut self, this: Resource<Socket>) -> SocketResult<u32> {
        Ok(self.table.get(&this)?.options.count)
    }

    async fn set_keep_alive_count(&mut self, this: Resource<Socket>, value: u32) -> SocketResult<()> {
        some(value.into())?;
        self.table.get_mut(&this)?.options.count = value;
        Ok(())
    }

    async fn hop_limit(&mut self, this: Resource<Socket>) -> SocketResult<u8> {
        Ok(self.table.get(&this)?.options.hop_limit)
    }

    async fn set_hop_limit(&mut self, this: Resource<Socket>, value: u8) -> SocketResult<()> {
        some(value.into())?;
        self.table.get_mut(&this)?.options.hop_limit = value;
        Ok(())
    }

    async fn receive_buffer_size(&mut self, this: Resource<Socket>) -> SocketResult<u64> {
        Ok(self.table.get(&this)?.options.receive_buffer)
    }

    async fn set_receive_buffer_size(&mut self, this: Resource<Socket>, value: u64) -> SocketResult<()> {
        some(value)?;
        self.table.get_mut(&this)?.options.receive_buffer = value;
        Ok(())
    }

    async fn send_buffer_size(&mut self, this: Resource<Socket>) -> SocketResult<u64> {
        Ok(self.table.get(&this)?.options.send_buffer)
    }

    async fn set_send_buffer_size(&mut self, this: Resource<Socket>, value: u64) -> SocketResult<()> {
        some(value)?;
        self.table.get_mut(&this)?.options.send_buffer = value;
        Ok(())
    }

    async fn subscribe(&mut self, this: Resource<Socket>) -> wasmtime::Result<Resource<DynPollable>> {
        subscribe(self.table, this)
    }

    async fn shutdown(&mut self, this: Resource<Socket>, which: ShutdownType) -> SocketResult<()> {
        let (reading, writing) = match which {
            ShutdownType::Receive => (true, false),
            ShutdownType::Send => (false, true),
            ShutdownType::Both => (true, true),
        };
        Ok(self.table.get(&this)?.connected()?.shut_down(reading, writing)?)
    }

    async fn drop(&mut self, this: Resource<Socket>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

/// WASI refuses 0 for most options.
fn some(value: u64) -> SocketResult<()> {
    if value == 0 { Err(ErrorCode::InvalidArgument.into()) } else { Ok(()) }
}

impl View<'_> {
    /// A connection to this address, if the plugin may open it now. It opens when the guest waits for it.
    fn connection(&mut self, address: SocketAddr) -> Result<Arc<Connection>, ErrorCode> {
        if self.job.context.is_none() {
            self.deny_always("connect while no job is running");
            return Err(ErrorCode::AccessDenied);
        }
        let target = match self.pen.remembered.choose(&self.grant.targets, address) {
            Ok(target) => target.clone(),
            Err(refused) => {
                self.deny_connection(address, refused);
                return Err(ErrorCode::AccessDenied);
            }
        };
        let plugin = &self.job.plugin;
        let server = &target.server;
        if self.pen.opened >= TCP_OPENED {
            self.note(&format!(
                "plugin {plugin} may not connect to {server}: the attempt has opened {TCP_OPENED} connections"
            ));
            return Err(ErrorCode::NewSocketLimit);
        }
        let Ok(place) = self.pen.permits.clone().try_acquire_owned() else {
            self.note(&format!(
                "plugin {plugin} may not connect to {server}: the attempt has {TCP_CONNECTIONS} open connections, close one"
            ));
            return Err(ErrorCode::NewSocketLimit);
        };
        self.pen.opened += 1;
        let route = Route {
            grant: self.grant.clone(),
            target: target.clone(),
            address,
            place,
            output: self.job.output.clone(),
            span: self.span(&target),
        };
        let connection = Connection::new(target, route.open().boxed());
        self.pen.add(&connection);
        Ok(connection)
    }

    fn span(&self, target: &Target) -> Trace {
        let span = self.job.trace.child("connect", Kind::Client);
        if Trace::is_on() {
            span.note("network.transport", "tcp");
            span.note("server.address", target.server.host().to_owned());
            span.note("server.port", i64::from(target.server.port()));
        }
        span
    }

    /// The streams of an open connection. They are not children of the socket: a guest with garbage collection drops
    /// handles in any order.
    pub(super) fn streams(&mut self, connection: &Arc<Connection>) -> Result<Streams, ResourceTableError> {
        let input: DynInputStream = Box::new(Input(connection.clone()));
        let output: DynOutputStream = Box::new(Output(connection.clone()));
        let (input, output) = (self.table.push(input)?, self.table.push(output)?);
        self.pen.streams.retain(|pair| pair.connection.strong_count() > 0);
        let (of_input, of_output) = (input.rep(), output.rep());
        self.pen.streams.retain(|pair| pair.input != of_input && pair.output != of_output);
        self.pen.streams.push(StreamPair {
            input: of_input,
            output: of_output,
            connection: Arc::downgrade(connection),
        });
        Ok((input, output))
    }
}
