//! The host's sockets, called through the component's imports.

use std::time::Duration;

use wasip2::clocks::monotonic_clock;
use wasip2::io::poll::{Pollable, poll};
use wasip2::io::streams::{InputStream, OutputStream, StreamError};
use wasip2::sockets::instance_network::instance_network;
use wasip2::sockets::ip_name_lookup::resolve_addresses;
use wasip2::sockets::network::{
    ErrorCode, IpAddress, IpAddressFamily, IpSocketAddress, Ipv4SocketAddress, Ipv6SocketAddress, Network,
};
use wasip2::sockets::tcp::{ShutdownType, TcpSocket};
use wasip2::sockets::tcp_create_socket::create_tcp_socket;

use super::TcpError;
use super::first::open_first;
use super::target::Target;
use crate::bindings::wasi::tls::types::{ClientConnection, ClientHandshake};

/// Bytes to read at once.
const READ: usize = 64 * 1024;

/// A connection. The fields are dropped in this order: each before the resource that it came from.
pub(super) struct Channel {
    readable: Pollable,
    writable: Pollable,
    input: InputStream,
    output: OutputStream,
    end: End,
}

/// What ends the direction to the server.
enum End {
    Plain(TcpSocket),
    Tls(ClientConnection, TcpSocket),
}

/// How long to wait for something on the monotonic clock.
#[derive(Clone, Copy)]
struct Deadline(Option<u64>);

impl Deadline {
    fn after(timeout: Option<Duration>) -> Self {
        let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        Self(timeout.map(|timeout| monotonic_clock::now().saturating_add(nanos(timeout))))
    }

    fn is_over(self) -> bool {
        self.0.is_some_and(|moment| monotonic_clock::now() >= moment)
    }

    fn wait(self, ready: &Pollable, target: &Target) -> Result<(), TcpError> {
        let Some(moment) = self.0 else {
            ready.block();
            return Ok(());
        };
        let time_is_up = monotonic_clock::subscribe_instant(moment);
        match poll(&[ready, &time_is_up]).contains(&0) {
            true => Ok(()),
            false => Err(TcpError::Timeout { server: target.shown.clone() }),
        }
    }
}

impl Channel {
    pub(super) fn connect(target: &Target, timeout: Option<Duration>) -> Result<Self, TcpError> {
        let (network, deadline) = (instance_network(), Deadline::after(timeout));
        let all = addresses(&network, target, deadline)?;
        let open = |address| to_address(&network, address, target, deadline);
        open_first(all, || deadline.is_over(), open).unwrap_or_else(|| {
            Err(TcpError::Unreachable { server: target.shown.clone(), reason: "it has no address".to_owned() })
        })
    }

    fn new(input: InputStream, output: OutputStream, end: End) -> Self {
        Self { readable: input.subscribe(), writable: output.subscribe(), input, output, end }
    }

    pub(super) fn read(
        &self,
        target: &Target,
        buffer: &mut [u8],
        timeout: Option<Duration>,
    ) -> Result<usize, TcpError> {
        let deadline = Deadline::after(timeout);
        let size = buffer.len().min(READ);
        while size > 0 {
            match self.input.read(size as u64) {
                Ok(bytes) if bytes.is_empty() => deadline.wait(&self.readable, target)?,
                Ok(bytes) => {
                    let count = bytes.len().min(size);
                    buffer[..count].copy_from_slice(&bytes[..count]);
                    return Ok(count);
                }
                Err(StreamError::Closed) => return Ok(0),
                Err(error) => return Err(broken(target, &error)),
            }
        }
        Ok(0)
    }

    pub(super) fn write(&self, target: &Target, mut bytes: &[u8], timeout: Option<Duration>) -> Result<(), TcpError> {
        let deadline = Deadline::after(timeout);
        while !bytes.is_empty() {
            let room = self.room(target, deadline)?;
            let (chunk, rest) = bytes.split_at(room.min(bytes.len()));
            self.output.write(chunk).map_err(|error| broken(target, &error))?;
            bytes = rest;
        }
        Ok(())
    }

    pub(super) fn flush(&self, target: &Target, timeout: Option<Duration>) -> Result<(), TcpError> {
        self.output.flush().map_err(|error| broken(target, &error))?;
        self.room(target, Deadline::after(timeout)).map(drop)
    }

    /// Waits until there is room for bytes, which is when all earlier ones are sent.
    fn room(&self, target: &Target, deadline: Deadline) -> Result<usize, TcpError> {
        loop {
            match self.output.check_write() {
                Ok(0) => deadline.wait(&self.writable, target)?,
                Ok(room) => return Ok(usize::try_from(room).unwrap_or(usize::MAX)),
                Err(error) => return Err(broken(target, &error)),
            }
        }
    }

    pub(super) fn end_writing(&self, target: &Target) -> Result<(), TcpError> {
        match &self.end {
            End::Plain(socket) => socket.shutdown(ShutdownType::Send).map_err(|code| unreachable(target, code)),
            End::Tls(connection, _socket) => {
                connection.close_output();
                Ok(())
            }
        }
    }

    pub(super) fn start_tls(self, target: &Target, timeout: Option<Duration>) -> Result<Self, TcpError> {
        let failed = |reason: String| TcpError::Tls { server: target.shown.clone(), reason };
        let deadline = Deadline::after(timeout);
        let Self { readable, writable, input, output, end } = self;
        let socket = match end {
            End::Plain(socket) => socket,
            end @ End::Tls(..) => return Ok(Self { readable, writable, input, output, end }),
        };
        drop((readable, writable));
        let running = ClientHandshake::finish(ClientHandshake::new(&target.host, input, output));
        let ready = running.subscribe();
        loop {
            match running.get() {
                None => deadline.wait(&ready, target)?,
                Some(Ok(Ok((connection, input, output)))) => {
                    return Ok(Self::new(input, output, End::Tls(connection, socket)));
                }
                Some(Ok(Err(error))) => return Err(failed(error.to_debug_string())),
                // The result was taken before, which does not happen here.
                Some(Err(())) => return Err(failed("the host gave no result".to_owned())),
            }
        }
    }
}

/// The addresses of a server.
fn addresses(network: &Network, target: &Target, deadline: Deadline) -> Result<Vec<IpAddress>, TcpError> {
    let found = resolve_addresses(network, &target.host).map_err(|code| unreachable(target, code))?;
    let ready = found.subscribe();
    let mut addresses = Vec::new();
    loop {
        match found.resolve_next_address() {
            Ok(Some(address)) => addresses.push(address),
            Ok(None) => return Ok(addresses),
            Err(ErrorCode::WouldBlock) => deadline.wait(&ready, target)?,
            // The name is granted, so this is about its addresses, which can be others at the next attempt.
            Err(ErrorCode::AccessDenied) => return Err(not_public(target)),
            Err(code) => return Err(unreachable(target, code)),
        }
    }
}

fn not_public(target: &Target) -> TcpError {
    let reason = "its name leads only to addresses that are not public".to_owned();
    TcpError::Unreachable { server: target.shown.clone(), reason }
}

fn to_address(network: &Network, address: IpAddress, target: &Target, deadline: Deadline) -> Result<Channel, TcpError> {
    let port = target.port;
    let (family, address) = match address {
        IpAddress::Ipv4(address) => (IpAddressFamily::Ipv4, IpSocketAddress::Ipv4(Ipv4SocketAddress { port, address })),
        IpAddress::Ipv6(address) => {
            let address = Ipv6SocketAddress { port, flow_info: 0, address, scope_id: 0 };
            (IpAddressFamily::Ipv6, IpSocketAddress::Ipv6(address))
        }
    };
    let failed = |code| unreachable(target, code);
    let socket = create_tcp_socket(family).map_err(failed)?;
    socket.start_connect(network, address).map_err(failed)?;
    let ready = socket.subscribe();
    loop {
        match socket.finish_connect() {
            Ok((input, output)) => {
                drop(ready);
                return Ok(Channel::new(input, output, End::Plain(socket)));
            }
            Err(ErrorCode::WouldBlock) => deadline.wait(&ready, target)?,
            Err(code) => return Err(unreachable(target, code)),
        }
    }
}

fn unreachable(target: &Target, code: ErrorCode) -> TcpError {
    let server = target.shown.clone();
    let reason = match code {
        ErrorCode::AccessDenied => return TcpError::Denied { server },
        ErrorCode::Timeout => return TcpError::Timeout { server },
        ErrorCode::ConnectionAborted => {
            return TcpError::Tls { server, reason: "the handshake failed; the job's log says why".to_owned() };
        }
        ErrorCode::NameUnresolvable => "its name does not resolve to an address",
        ErrorCode::TemporaryResolverFailure => "the look-up of its name took too long",
        ErrorCode::ConnectionRefused => "it refused the connection",
        ErrorCode::RemoteUnreachable => "there is no way to it",
        ErrorCode::NewSocketLimit => "too many connections are open",
        ErrorCode::ConnectionReset => "it reset the connection",
        other => {
            return TcpError::Unreachable { server, reason: other.message().to_owned() };
        }
    };
    TcpError::Unreachable { server, reason: reason.to_owned() }
}

fn broken(target: &Target, error: &StreamError) -> TcpError {
    let reason = match error {
        StreamError::Closed => "it was closed".to_owned(),
        StreamError::LastOperationFailed(error) => error.to_debug_string(),
    };
    TcpError::Broken { server: target.shown.clone(), reason }
}
