//! TCP connections over `wasi:sockets`, as callbacks. `interfaces/sockets.rs` makes them functions of JavaScript, and
//! says what a callback gets. `addresses.rs` converts addresses and errors.
//!
//! Look-ups and connections have numbers. All of them end with the attempt.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::IpAddr;

use rquickjs::{Ctx, IntoJs, TypedArray, Value, function::Args};
use wasip2::io::poll::Pollable;
use wasip2::io::streams::{InputStream, OutputStream, StreamError};
use wasip2::sockets::ip_name_lookup::{self, ResolveAddressStream};
use wasip2::sockets::network::ErrorCode;
use wasip2::sockets::tcp::{ShutdownType, TcpSocket};
use wasip2::sockets::{instance_network, tcp_create_socket};

use crate::addresses;
use crate::bindings::tls::wasi::tls::types::{ClientConnection, ClientHandshake, FutureClientStreams};
use crate::event_loop::{Callback, Due};

/// Bytes that one read returns at most.
const CHUNK: u64 = 64 * 1024;
const NANOS_PER_SECOND: u64 = 1_000_000_000;

enum Resource {
    Lookup(Lookup),
    Connection(Connection),
}

struct Lookup {
    stream: ResolveAddressStream,
    found: Vec<String>,
    callback: Callback,
}

/// The fields are dropped in this order: a resource must not go before its children.
struct Connection {
    handshake: Option<(FutureClientStreams, Callback)>,
    streams: Option<(InputStream, OutputStream)>,
    encrypted: Option<ClientConnection>,
    socket: TcpSocket,
    /// Called when the connection is open.
    on_open: Option<Callback>,
    /// Called with the next chunk.
    on_chunk: Option<Callback>,
    writing: Option<Writing>,
    /// Called at the beginning of the next attempt, if that finds the connection in this instance.
    on_lost: Option<Callback>,
    /// Whether an attempt waits for it, if it waits for nothing else.
    is_referenced: bool,
}

struct Writing {
    left: Vec<u8>,
    written: usize,
    callback: Callback,
}

#[derive(Default)]
struct Resources {
    all: BTreeMap<u32, Resource>,
    /// The last number. It is never reset, so that a number of an earlier attempt stays unknown.
    last: u32,
    /// The callbacks of look-ups and connections that ended with their attempt.
    lost: Vec<Callback>,
}

thread_local! {
    static RESOURCES: RefCell<Resources> =
        const { RefCell::new(Resources { all: BTreeMap::new(), last: 0, lost: Vec::new() }) };
}

/// Looks a name up, and calls back with its addresses. Returns the number of the look-up.
pub fn lookup(name: &str, callback: Callback) -> Result<u32, ErrorCode> {
    let stream = ip_name_lookup::resolve_addresses(&instance_network::instance_network(), name)?;
    Ok(add(Resource::Lookup(Lookup { stream, found: Vec::new(), callback })))
}

/// Connects to an address, and calls back when that has ended. Returns the number of the connection.
pub fn connect(address: IpAddr, port: u16, on_open: Callback, on_lost: Callback) -> Result<u32, ErrorCode> {
    let socket = tcp_create_socket::create_tcp_socket(addresses::family(address))?;
    socket.start_connect(&instance_network::instance_network(), addresses::socket_address(address, port))?;
    Ok(add(Resource::Connection(Connection {
        handshake: None,
        streams: None,
        encrypted: None,
        socket,
        on_open: Some(on_open),
        on_chunk: None,
        writing: None,
        on_lost: Some(on_lost),
        is_referenced: true,
    })))
}

/// The local and the remote address of an open connection, as `address:port`.
pub fn addresses_of(id: u32) -> Option<(String, String)> {
    with_connection(id, |connection| {
        let local = connection.socket.local_address().map_err(addresses::name)?;
        let remote = connection.socket.remote_address().map_err(addresses::name)?;
        Ok::<_, &str>((addresses::text(local), addresses::text(remote)))
    })
    .ok()
}

/// Calls back with the next chunk.
pub fn read(id: u32, on_chunk: Callback) -> Result<(), &'static str> {
    with_connection(id, |connection| {
        connection.on_chunk = Some(on_chunk);
        Ok(())
    })
}

/// Forgets the callback of `read`.
pub fn stop_reading(id: u32) {
    // Dropped after the borrow ends, because a dropped callback may run JavaScript's finalizers.
    drop(with_connection(id, |connection| Ok::<_, &str>(connection.on_chunk.take())));
}

/// Writes bytes. Returns whether the host has taken all of them. If not, it calls back when it has.
pub fn write(id: u32, bytes: Vec<u8>, callback: Callback) -> Result<bool, String> {
    let mut writing = Writing { left: bytes, written: 0, callback };
    with_connection(id, |connection| {
        let (_, output) = connection.streams.as_ref().ok_or("invalid-state")?;
        if connection.writing.is_some() {
            return Err("concurrency-conflict".to_owned());
        }
        let is_written = writing.step(output)?;
        if !is_written {
            connection.writing = Some(writing);
        }
        Ok(is_written)
    })
}

/// Encrypts an open connection to the server of that name, and calls back when that has ended. A callback of `read` is
/// forgotten.
pub fn secure(id: u32, server: &str, callback: Callback) -> Result<(), &'static str> {
    let forgotten: Result<_, &str> = with_connection(id, |connection| {
        if connection.writing.is_some() || connection.encrypted.is_some() {
            return Err("invalid-state");
        }
        let (input, output) = connection.streams.take().ok_or("invalid-state")?;
        let handshake = ClientHandshake::finish(ClientHandshake::new(server, input, output));
        connection.handshake = Some((handshake, callback));
        Ok(connection.on_chunk.take())
    });
    forgotten.map(drop)
}

/// Ends the sending side. What was written before is sent.
pub fn end(id: u32) -> Result<(), &'static str> {
    with_connection(id, |connection| match &connection.encrypted {
        Some(encrypted) => {
            encrypted.close_output();
            Ok(())
        }
        None => connection.socket.shutdown(ShutdownType::Send).map_err(addresses::name),
    })
}

/// Turns probes of an idle connection on or off. `after` is in seconds, and 0 leaves the host's value.
pub fn keep_alive(id: u32, is_on: bool, after: u32) -> Result<(), &'static str> {
    with_connection(id, |connection| {
        connection.socket.set_keep_alive_enabled(is_on).map_err(addresses::name)?;
        if is_on && after > 0 {
            let after = u64::from(after) * NANOS_PER_SECOND;
            connection.socket.set_keep_alive_idle_time(after).map_err(addresses::name)?;
        }
        Ok(())
    })
}

/// Says whether an attempt that waits for nothing else waits for this connection.
pub fn reference(id: u32, is_referenced: bool) {
    let _ = with_connection(id, |connection| {
        connection.is_referenced = is_referenced;
        Ok::<_, &str>(())
    });
}

/// Drops a look-up or a connection. No callback of it is called any more. An unknown number is ignored.
pub fn close(id: u32) {
    drop(RESOURCES.with_borrow_mut(|resources| resources.all.remove(&id)));
}

/// Ends all look-ups and closes all connections.
pub fn end_attempt() {
    let all = RESOURCES.with_borrow_mut(|resources| std::mem::take(&mut resources.all));
    let mut lost = Vec::new();
    for resource in all.into_values() {
        match resource {
            Resource::Lookup(lookup) => lost.push(lookup.callback),
            Resource::Connection(mut connection) => lost.extend(connection.on_lost.take()),
        }
    }
    RESOURCES.with_borrow_mut(|resources| resources.lost.extend(lost));
}

/// Tells the look-ups and connections of an earlier attempt that they have ended. Fails with what a callback throws.
pub fn begin_attempt<'js>(ctx: &Ctx<'js>) -> rquickjs::Result<()> {
    let lost = RESOURCES.with_borrow_mut(|resources| std::mem::take(&mut resources.lost));
    lost.into_iter().try_for_each(|callback| {
        let arguments = arguments(ctx, Some("connection-aborted"), None)?;
        callback.restore(ctx)?.call_arg::<()>(arguments)
    })
}

/// Adds what look-ups and connections wait for. Drop it before any of these. Returns how many of them alone keep no
/// attempt waiting.
pub fn pollables(ids: &mut Vec<u32>, pollables: &mut Vec<Pollable>) -> usize {
    RESOURCES.with_borrow(|resources| {
        let mut unreferenced = 0;
        for (id, resource) in &resources.all {
            let before = pollables.len();
            match resource {
                Resource::Lookup(lookup) => pollables.push(lookup.stream.subscribe()),
                Resource::Connection(connection) => connection.pollables(pollables),
            }
            let added = pollables.len() - before;
            ids.extend(std::iter::repeat_n(*id, added));
            if matches!(resource, Resource::Connection(Connection { is_referenced: false, .. })) {
                unreferenced += added;
            }
        }
        unreferenced
    })
}

/// Takes a step of what is ready, and adds the callbacks that are due.
pub fn advance<'js>(ctx: &Ctx<'js>, id: u32, due: &mut Vec<Due<'js>>) {
    let Some(resource) = RESOURCES.with_borrow_mut(|resources| resources.all.remove(&id)) else { return };
    let kept = match resource {
        Resource::Lookup(lookup) => lookup.step(ctx, due).map(|lookup| lookup.map(Resource::Lookup)),
        Resource::Connection(mut connection) => {
            let stepped = connection.step(ctx, due);
            stepped.map(|()| Some(Resource::Connection(connection)))
        }
    };
    if let Ok(Some(resource)) = kept {
        RESOURCES.with_borrow_mut(|resources| resources.all.insert(id, resource));
    }
}

fn add(resource: Resource) -> u32 {
    RESOURCES.with_borrow_mut(|resources| {
        resources.last += 1;
        resources.all.insert(resources.last, resource);
        resources.last
    })
}

fn with_connection<T, E: From<&'static str>>(
    id: u32,
    call: impl FnOnce(&mut Connection) -> Result<T, E>,
) -> Result<T, E> {
    RESOURCES.with_borrow_mut(|resources| match resources.all.get_mut(&id) {
        Some(Resource::Connection(connection)) => call(connection),
        _ => Err("connection-aborted".into()),
    })
}

impl Lookup {
    /// Takes the addresses that are known. `None` when the look-up has ended.
    fn step<'js>(mut self, ctx: &Ctx<'js>, due: &mut Vec<Due<'js>>) -> rquickjs::Result<Option<Self>> {
        loop {
            let (error, found) = match self.stream.resolve_next_address() {
                Ok(Some(address)) => {
                    self.found.push(addresses::ip(address).to_string());
                    continue;
                }
                Err(ErrorCode::WouldBlock) => return Ok(Some(self)),
                Ok(None) if self.found.is_empty() => (Some(addresses::name(ErrorCode::NameUnresolvable)), None),
                Ok(None) => (None, Some(std::mem::take(&mut self.found))),
                Err(error) => (Some(addresses::name(error)), None),
            };
            let found = found.map(|found| found.into_js(ctx)).transpose()?;
            let Self { stream, callback, .. } = self;
            drop(stream);
            due.push((callback, arguments(ctx, error, found)?));
            return Ok(None);
        }
    }
}

impl Connection {
    fn pollables(&self, pollables: &mut Vec<Pollable>) {
        if self.on_open.is_some() {
            pollables.push(self.socket.subscribe());
        }
        if let Some((handshake, _)) = &self.handshake {
            pollables.push(handshake.subscribe());
        }
        let Some((input, output)) = &self.streams else { return };
        if self.on_chunk.is_some() {
            pollables.push(input.subscribe());
        }
        if self.writing.is_some() {
            pollables.push(output.subscribe());
        }
    }

    fn step<'js>(&mut self, ctx: &Ctx<'js>, due: &mut Vec<Due<'js>>) -> rquickjs::Result<()> {
        self.open_step(ctx, due)?;
        self.handshake_step(ctx, due)?;
        let Some((input, output)) = &self.streams else { return Ok(()) };
        if let Some(callback) = self.on_chunk.take() {
            match input.read(CHUNK) {
                Ok(chunk) if chunk.is_empty() => self.on_chunk = Some(callback),
                Ok(chunk) => {
                    let chunk = TypedArray::new(ctx.clone(), chunk)?.into_value();
                    due.push((callback, arguments(ctx, None, Some(chunk))?));
                }
                Err(StreamError::Closed) => due.push((callback, arguments(ctx, None, None)?)),
                Err(error) => due.push((callback, arguments(ctx, Some(&failure(&error)), None)?)),
            }
        }
        if let Some(mut writing) = self.writing.take() {
            match writing.step(output) {
                Ok(false) => self.writing = Some(writing),
                Ok(true) => due.push((writing.callback, arguments(ctx, None, None)?)),
                Err(reason) => due.push((writing.callback, arguments(ctx, Some(&reason), None)?)),
            }
        }
        Ok(())
    }

    fn open_step<'js>(&mut self, ctx: &Ctx<'js>, due: &mut Vec<Due<'js>>) -> rquickjs::Result<()> {
        let Some(callback) = self.on_open.take() else { return Ok(()) };
        let failed = match self.socket.finish_connect() {
            Ok(streams) => {
                self.streams = Some(streams);
                None
            }
            Err(ErrorCode::WouldBlock) => {
                self.on_open = Some(callback);
                return Ok(());
            }
            Err(error) => Some(addresses::name(error)),
        };
        due.push((callback, arguments(ctx, failed, None)?));
        Ok(())
    }

    fn handshake_step<'js>(&mut self, ctx: &Ctx<'js>, due: &mut Vec<Due<'js>>) -> rquickjs::Result<()> {
        let Some((handshake, callback)) = self.handshake.take() else { return Ok(()) };
        let failed = match handshake.get() {
            None => {
                self.handshake = Some((handshake, callback));
                return Ok(());
            }
            Some(Ok(Ok((encrypted, input, output)))) => {
                self.streams = Some((input, output));
                self.encrypted = Some(encrypted);
                None
            }
            Some(Ok(Err(error))) => Some(error.to_debug_string()),
            Some(Err(())) => Some("connection-aborted".to_owned()),
        };
        due.push((callback, arguments(ctx, failed.as_deref(), None)?));
        Ok(())
    }
}

impl Writing {
    /// Writes as much as the host takes. Returns whether that was all.
    fn step(&mut self, output: &OutputStream) -> Result<bool, String> {
        let failed = |error: StreamError| failure(&error);
        while let Some(rest) = self.left.get(self.written..).filter(|rest| !rest.is_empty()) {
            let room = usize::try_from(output.check_write().map_err(failed)?).unwrap_or(usize::MAX);
            if room == 0 {
                return Ok(false);
            }
            let piece = rest.get(..room).unwrap_or(rest);
            output.write(piece).map_err(failed)?;
            self.written += piece.len();
        }
        Ok(true)
    }
}

/// The error of a stream: a name like those of `addresses::name`, or the host's text.
fn failure(error: &StreamError) -> String {
    match error {
        StreamError::Closed => "connection-aborted".to_owned(),
        StreamError::LastOperationFailed(error) => error.to_debug_string(),
    }
}

/// `(error, value)`, each null if there is none.
pub fn arguments<'js>(ctx: &Ctx<'js>, error: Option<&str>, value: Option<Value<'js>>) -> rquickjs::Result<Args<'js>> {
    let mut arguments = Args::new(ctx.clone(), 2);
    let null = || Value::new_null(ctx.clone());
    arguments.push_arg(error.map_or_else(|| Ok(null()), |error| error.into_js(ctx))?)?;
    arguments.push_arg(value.unwrap_or_else(null))?;
    Ok(arguments)
}
