//! HTTP requests over `wasi:http`, as callbacks. What a callback gets, `native/http.rs` describes.

use std::cell::RefCell;
use std::collections::BTreeMap;

use rquickjs::{Ctx, IntoJs, TypedArray, Value, function::Args};
use wasip2::http::outgoing_handler;
use wasip2::http::types::{
    ErrorCode, FutureIncomingResponse, IncomingBody, IncomingResponse, OutgoingBody, OutgoingRequest,
};
use wasip2::io::poll::Pollable;
use wasip2::io::streams::{InputStream, OutputStream, StreamError};

use crate::event_loop::{Callback, Due};
use crate::requests::{describe, origin, request};

/// Bytes that one read returns at most.
const CHUNK: u64 = 64 * 1024;
/// Reads at most, one after the other, for a reader of the whole body.
const CHUNKS: usize = 16;

/// What a request sends.
pub enum Body {
    None,
    Bytes(Vec<u8>),
    /// Written with `write`, until `end`.
    Streamed,
}

struct Exchange {
    /// The request's scheme and authority, for errors. The host recognizes a denied request by it. The path may be secret.
    origin: String,
    upload: Option<Upload>,
    download: Download,
}

/// A request's body. A stream is dropped before its body, as `wasi:http` requires.
struct Upload {
    stream: OutputStream,
    body: OutgoingBody,
    left: Vec<u8>,
    written: usize,
    /// Called when `left` is written. `None` if the body was given as a whole.
    on_written: Option<Callback>,
    /// Whether the body ends when `left` is written.
    is_last: bool,
}

enum Download {
    Waiting(FutureIncomingResponse, Callback),
    Open(Source),
    Closed,
}

/// A response's body. The fields are dropped in this order: a resource must not go before its children.
struct Source {
    stream: InputStream,
    _body: IncomingBody,
    _response: IncomingResponse,
    /// What waits for bytes.
    reader: Option<Reader>,
}

/// A read of a response's body that waits.
struct Reader {
    /// Called with the next chunk, or with the whole body.
    callback: Callback,
    /// The chunks so far, for a reader of the whole body.
    whole: Option<Vec<u8>>,
}

#[derive(Default)]
struct Exchanges {
    open: BTreeMap<u32, Exchange>,
    last: u32,
    /// Those that may be ready although nobody has waited for them.
    fresh: Vec<u32>,
}

thread_local! {
    static EXCHANGES: RefCell<Exchanges> = const { RefCell::new(Exchanges { open: BTreeMap::new(), last: 0, fresh: Vec::new() }) };
}

/// Sends a request, and calls back with the response's head. Returns the request's number.
pub fn send(method: &str, url: &str, headers: &[String], body: Body, on_response: Callback) -> Result<u32, String> {
    let request = request(method, url, headers)?;
    let upload = match body {
        Body::None => None,
        Body::Bytes(bytes) => Some(Upload::open(&request, bytes, true)?),
        Body::Streamed => Some(Upload::open(&request, Vec::new(), false)?),
    };
    let origin = origin(url);
    let future = outgoing_handler::handle(request, None).map_err(|error| format!("{origin}: {}", describe(&error)))?;
    let exchange = Exchange { origin, upload, download: Download::Waiting(future, on_response) };
    Ok(EXCHANGES.with_borrow_mut(|exchanges| {
        exchanges.last += 1;
        if exchange.upload.is_some() {
            exchanges.fresh.push(exchanges.last);
        }
        exchanges.open.insert(exchanges.last, exchange);
        exchanges.last
    }))
}

/// Drops a request and its response. Their callbacks are never called.
pub fn abort(id: u32) {
    // Dropped after the borrow ends, because a dropped callback may run JavaScript's finalizers.
    drop(EXCHANGES.with_borrow_mut(|exchanges| exchanges.open.remove(&id)));
}

/// Calls back with the next chunk of a response's body, or with all chunks at its end if the caller wants the `whole` body.
pub fn read(id: u32, whole: bool, callback: Callback) -> Result<(), String> {
    EXCHANGES.with_borrow_mut(|exchanges| match exchanges.open.get_mut(&id).map(|exchange| &mut exchange.download) {
        Some(Download::Open(source)) if source.reader.is_none() => {
            source.reader = Some(Reader { callback, whole: whole.then(Vec::new) });
            exchanges.fresh.push(id);
            Ok(())
        }
        Some(Download::Open(_)) => Err("the body is being read already".into()),
        _ => Err("the response has no open body".into()),
    })
}

/// Writes a piece of a streamed body, and calls back when the host has taken it.
pub fn write(id: u32, bytes: Vec<u8>, on_written: Callback) -> Result<(), String> {
    with_upload(id, |upload| {
        if upload.on_written.is_some() {
            return Err("the body is being written already".into());
        }
        (upload.left, upload.written, upload.on_written) = (bytes, 0, Some(on_written));
        Ok(())
    })
}

/// Ends a streamed body.
pub fn end(id: u32) -> Result<(), String> {
    with_upload(id, |upload| {
        upload.is_last = true;
        Ok(())
    })?;
    EXCHANGES.with_borrow_mut(|exchanges| match exchanges.open.get_mut(&id) {
        Some(exchange) => exchange.finish_upload(),
        None => Ok(()),
    })
}

fn with_upload(id: u32, change: impl FnOnce(&mut Upload) -> Result<(), String>) -> Result<(), String> {
    EXCHANGES.with_borrow_mut(|exchanges| {
        let upload = exchanges.open.get_mut(&id).and_then(|exchange| exchange.upload.as_mut());
        change(upload.ok_or("the request has no open body")?)
    })
}

/// Removes and returns the requests that may be able to take a step although nobody has waited for them.
pub fn take_fresh() -> Vec<u32> {
    EXCHANGES.with_borrow_mut(|exchanges| std::mem::take(&mut exchanges.fresh))
}

/// What the requests wait for. Drop it before any request.
pub fn pollables() -> Vec<(u32, Pollable)> {
    EXCHANGES.with_borrow(|exchanges| {
        let mut found = Vec::new();
        for (id, exchange) in &exchanges.open {
            if let Some(upload) = &exchange.upload
                && upload.written < upload.left.len()
            {
                found.push((*id, upload.stream.subscribe()));
            }
            match &exchange.download {
                Download::Waiting(future, _) => found.push((*id, future.subscribe())),
                Download::Open(source) if source.reader.is_some() => found.push((*id, source.stream.subscribe())),
                Download::Open(_) | Download::Closed => {}
            }
        }
        found
    })
}

/// Takes a step of a request that is ready, and adds the callbacks that are due.
pub fn advance<'js>(ctx: &Ctx<'js>, id: u32, due: &mut Vec<Due<'js>>) {
    let Some(mut exchange) = EXCHANGES.with_borrow_mut(|exchanges| exchanges.open.remove(&id)) else { return };
    let added = exchange.upload_step(ctx, due).and_then(|()| exchange.download_step(ctx, id, due));
    if added.is_err() {
        exchange.download = Download::Closed;
    }
    let is_over = matches!(exchange.download, Download::Closed) && exchange.upload.is_none();
    if !is_over {
        EXCHANGES.with_borrow_mut(|exchanges| exchanges.open.insert(id, exchange));
    }
}

impl Exchange {
    fn upload_step<'js>(&mut self, ctx: &Ctx<'js>, due: &mut Vec<Due<'js>>) -> rquickjs::Result<()> {
        let Some(upload) = &mut self.upload else { return Ok(()) };
        if upload.written == upload.left.len() {
            return Ok(());
        }
        let failed = upload.write_some().err();
        let is_written = upload.written == upload.left.len();
        if (failed.is_some() || is_written)
            && let Some(callback) = upload.on_written.take()
        {
            due.push((callback, arguments(ctx, failed.as_deref(), None)?));
        }
        if failed.is_some() {
            // The response or its error says why the other side does not read on.
            self.upload = None;
        } else if is_written {
            let _ = self.finish_upload();
        }
        Ok(())
    }

    /// Ends the body if all of it is written.
    fn finish_upload(&mut self) -> Result<(), String> {
        match self.upload.take() {
            Some(upload) if upload.is_last && upload.written == upload.left.len() => {
                let Upload { stream, body, .. } = upload;
                drop(stream);
                OutgoingBody::finish(body, None).map_err(|error| describe(&error))
            }
            other => {
                self.upload = other;
                Ok(())
            }
        }
    }

    fn download_step<'js>(&mut self, ctx: &Ctx<'js>, id: u32, due: &mut Vec<Due<'js>>) -> rquickjs::Result<()> {
        match std::mem::replace(&mut self.download, Download::Closed) {
            Download::Waiting(future, callback) => match future.get() {
                None => self.download = Download::Waiting(future, callback),
                Some(answer) => {
                    drop(future);
                    let opened = answer.unwrap_or(Err(ErrorCode::InternalError(None)));
                    match opened.map_err(|error| describe(&error)).and_then(Source::open) {
                        Ok((source, head)) => {
                            self.download = Download::Open(source);
                            due.push((callback, arguments(ctx, None, Some(head.into_value(ctx, id)?))?));
                        }
                        Err(reason) => {
                            due.push((callback, arguments(ctx, Some(&format!("{}: {reason}", self.origin)), None)?))
                        }
                    }
                }
            },
            Download::Open(source) => self.read_step(ctx, source, due)?,
            Download::Closed => {}
        }
        Ok(())
    }
}

impl Exchange {
    /// Reads what is there for the reader, if there is one.
    fn read_step<'js>(&mut self, ctx: &Ctx<'js>, mut source: Source, due: &mut Vec<Due<'js>>) -> rquickjs::Result<()> {
        let Some(mut reader) = source.reader.take() else {
            self.download = Download::Open(source);
            return Ok(());
        };
        // Then timers have their turn.
        for _ in 0..CHUNKS {
            match source.stream.read(CHUNK) {
                Ok(chunk) if chunk.is_empty() => {
                    source.reader = Some(reader);
                    self.download = Download::Open(source);
                    return Ok(());
                }
                Ok(chunk) => match &mut reader.whole {
                    Some(whole) => whole.extend_from_slice(&chunk),
                    None => {
                        self.download = Download::Open(source);
                        let chunk = TypedArray::new(ctx.clone(), chunk)?.into_value();
                        due.push((reader.callback, arguments(ctx, None, Some(chunk))?));
                        return Ok(());
                    }
                },
                Err(StreamError::Closed) => {
                    let whole = reader.whole.map(|whole| TypedArray::new(ctx.clone(), whole)).transpose()?;
                    due.push((reader.callback, arguments(ctx, None, whole.map(TypedArray::into_value))?));
                    return Ok(());
                }
                Err(StreamError::LastOperationFailed(error)) => {
                    let reason = format!("{}: {}", self.origin, error.to_debug_string());
                    due.push((reader.callback, arguments(ctx, Some(&reason), None)?));
                    return Ok(());
                }
            }
        }
        source.reader = Some(reader);
        self.download = Download::Open(source);
        Ok(())
    }
}

impl Upload {
    fn open(request: &OutgoingRequest, bytes: Vec<u8>, is_last: bool) -> Result<Self, String> {
        let taken = |()| "the host refused the request's body".to_owned();
        let body = request.body().map_err(taken)?;
        let stream = body.write().map_err(taken)?;
        Ok(Self { stream, body, left: bytes, written: 0, on_written: None, is_last })
    }

    /// Writes as much as the host takes.
    fn write_some(&mut self) -> Result<(), String> {
        let failed = |error| match error {
            StreamError::Closed => "the connection was closed".to_owned(),
            StreamError::LastOperationFailed(error) => error.to_debug_string(),
        };
        while let Some(rest) = self.left.get(self.written..).filter(|rest| !rest.is_empty()) {
            let room = usize::try_from(self.stream.check_write().map_err(failed)?).unwrap_or(usize::MAX);
            if room == 0 {
                return Ok(());
            }
            let piece = rest.get(..room).unwrap_or(rest);
            self.stream.write(piece).map_err(failed)?;
            self.written += piece.len();
        }
        self.stream.flush().map_err(failed)
    }
}

/// A response's status and headers.
struct Head {
    status: u16,
    /// Names in lower case, each followed by its value, with a NUL between them, which no header contains.
    headers: String,
    /// The first header of this name, as the next.
    encoding: Option<String>,
    location: Option<String>,
}

impl Head {
    fn into_value<'js>(self, ctx: &Ctx<'js>, id: u32) -> rquickjs::Result<Value<'js>> {
        let head = rquickjs::Object::new(ctx.clone())?;
        head.set("id", id)?;
        head.set("status", self.status)?;
        head.set("headers", self.headers)?;
        // Most responses have none of these, and then the object does not have them either.
        for (name, value) in [("encoding", self.encoding), ("location", self.location)] {
            if let Some(value) = value {
                head.set(name, value)?;
            }
        }
        Ok(head.into_value())
    }
}

impl Source {
    fn open(response: IncomingResponse) -> Result<(Self, Head), String> {
        let taken = |()| "the host gave no body".to_owned();
        // Headers are bytes, which JavaScript sees as Latin-1.
        let latin1 = |value: Vec<u8>| value.into_iter().map(char::from).collect::<String>();
        let mut headers = Vec::new();
        let (mut encoding, mut location) = (None, None);
        for (name, value) in response.headers().entries() {
            let (name, value) = (name.to_ascii_lowercase(), latin1(value));
            match name.as_str() {
                "content-encoding" => encoding = encoding.or_else(|| Some(value.clone())),
                "location" => location = location.or_else(|| Some(value.clone())),
                _ => {}
            }
            headers.extend([name, value]);
        }
        let head = Head { status: response.status(), headers: headers.join("\0"), encoding, location };
        let body = response.consume().map_err(taken)?;
        let stream = body.stream().map_err(taken)?;
        Ok((Self { stream, _body: body, _response: response, reader: None }, head))
    }
}

/// `(error, value)`, each null if there is none.
fn arguments<'js>(ctx: &Ctx<'js>, error: Option<&str>, value: Option<Value<'js>>) -> rquickjs::Result<Args<'js>> {
    let mut arguments = Args::new(ctx.clone(), 2);
    let null = || Value::new_null(ctx.clone());
    let error = error.map_or_else(|| Ok(null()), |error| error.into_js(ctx))?;
    arguments.push_arg(error)?;
    arguments.push_arg(value.unwrap_or_else(null))?;
    Ok(arguments)
}
