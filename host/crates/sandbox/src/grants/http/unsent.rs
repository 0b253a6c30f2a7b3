//! Limits what a guest's HTTP requests can hold in the host before they are sent: `wasi:http/types` buffers bodies, and
//! keeps a message as long as the guest keeps its handle. A guest can call it without any grant, and in `describe` too.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use wasmtime::component::{Linker, Resource};
use wasmtime::{StoreContextMut, format_err};
use wasmtime_wasi::p2::{DynOutputStream, OutputStream, Pollable, StreamError, StreamResult};
use wasmtime_wasi_http::p2::bindings::http::types::{self, HostOutgoingRequest as _, Method};
use wasmtime_wasi_http::p2::body::HostOutgoingBody;
use wasmtime_wasi_http::p2::types::HostOutgoingRequest;
use wasmtime_wasi_http::{FieldMap, WasiHttpView};

use crate::limits::{HTTP_AUTHORITY, HTTP_BODIES, HTTP_METHOD, HTTP_UNSENT};

/// The interface, under the name that wasmtime-wasi-http uses. With any other name, no function would be replaced. The
/// tests of the individual limits would detect that.
const TYPES: &str = "wasi:http/types@0.2.12";

/// The data of a store whose guest may send requests.
pub trait HttpHost: WasiHttpView + 'static {
    /// The count of unsent bytes in the bodies of the pen's requests.
    fn unsent(&mut self) -> Unsent;
}

/// Replaces the functions of `wasi:http/types` with which a guest could make the host hold unlimited memory. The
/// library itself limits header lists, schemes and paths.
pub fn link<T: HttpHost>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    let mut types = linker.instance(TYPES)?;
    types.func_wrap(
        "[constructor]outgoing-request",
        |mut store: StoreContextMut<'_, T>, (headers,): (Resource<FieldMap>,)| {
            Ok((new_request(store.data_mut(), headers)?,))
        },
    )?;
    types.func_wrap(
        "[method]outgoing-request.set-method",
        |mut store: StoreContextMut<'_, T>, (request, method): (Resource<HostOutgoingRequest>, Method)| {
            if matches!(&method, Method::Other(name) if name.len() > HTTP_METHOD) {
                return Ok((Err(()),));
            }
            Ok((store.data_mut().http().set_method(request, method)?,))
        },
    )?;
    types.func_wrap(
        "[method]outgoing-request.set-authority",
        |mut store: StoreContextMut<'_, T>, (request, text): (Resource<HostOutgoingRequest>, Option<String>)| {
            if text.as_deref().is_some_and(|text| text.len() > HTTP_AUTHORITY) {
                return Ok((Err(()),));
            }
            Ok((store.data_mut().http().set_authority(request, text)?,))
        },
    )?;
    types.func_wrap(
        "[method]outgoing-body.write",
        |mut store: StoreContextMut<'_, T>, (body,): (Resource<HostOutgoingBody>,)| {
            Ok((write(store.data_mut(), &body)?,))
        },
    )?;
    linker.allow_shadowing(false);
    Ok(())
}

fn new_request<T: HttpHost>(
    state: &mut T,
    headers: Resource<FieldMap>,
) -> wasmtime::Result<Resource<HostOutgoingRequest>> {
    let mut http = state.http();
    let unsent = http.table.iter_mut().filter(|resource| resource.is::<HostOutgoingRequest>()).count();
    if unsent >= HTTP_UNSENT {
        return Err(format_err!("it made {HTTP_UNSENT} requests that it has not sent, and wanted one more"));
    }
    types::HostOutgoingRequest::new(&mut http, headers)
}

/// Returns the body's stream, wrapped to count the bytes that are written but not yet sent.
fn write<T: HttpHost>(
    state: &mut T,
    body: &Resource<HostOutgoingBody>,
) -> wasmtime::Result<Result<Resource<DynOutputStream>, ()>> {
    let unsent = state.unsent();
    let http = state.http();
    let Some(stream) = http.table.get_mut(body)?.take_output_stream() else { return Ok(Err(())) };
    let counted: DynOutputStream = Box::new(Counted { stream, unsent });
    Ok(Ok(http.table.push_child(counted, body)?))
}

/// Number of unsent bytes in the bodies of one pen.
#[derive(Clone, Debug, Default)]
pub struct Unsent(Arc<AtomicUsize>);

impl Unsent {
    /// Counts these bytes until their last owner drops them. Returns `None` if they exceed the limit.
    fn hold(&self, bytes: Bytes) -> Option<Bytes> {
        let held = Held { unsent: self.clone(), bytes };
        let before = self.0.fetch_add(held.bytes.len(), Ordering::Relaxed);
        // Above the limit, dropping `held` subtracts its bytes again.
        (before.saturating_add(held.bytes.len()) <= HTTP_BODIES).then(|| Bytes::from_owner(held))
    }
}

/// Bytes that count as unsent until they are dropped.
struct Held {
    unsent: Unsent,
    bytes: Bytes,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.unsent.0.fetch_sub(self.bytes.len(), Ordering::Relaxed);
    }
}

/// A body's stream that counts unsent bytes.
struct Counted {
    stream: DynOutputStream,
    unsent: Unsent,
}

#[async_trait]
impl Pollable for Counted {
    async fn ready(&mut self) {
        self.stream.ready().await;
    }
}

#[async_trait]
impl OutputStream for Counted {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        let Some(bytes) = self.unsent.hold(bytes) else {
            // This traps instead of waiting for room: only the guest itself could free room, and it may have no request
            // running.
            let mib = HTTP_BODIES / 1024 / 1024;
            return Err(StreamError::Trap(format_err!(
                "the bodies of its requests hold more than {mib} MiB that were not sent"
            )));
        };
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> StreamResult<()> {
        self.stream.flush()
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        self.stream.check_write()
    }

    async fn cancel(&mut self) {
        self.stream.cancel().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_count_until_the_last_part_of_them_is_dropped() {
        let unsent = Unsent::default();
        let whole = unsent.hold(vec![0; HTTP_BODIES].into()).expect("all that there is room for");
        let part = whole.slice(..1);
        drop(whole);
        assert!(unsent.hold(vec![0].into()).is_none());
        drop(part);
        assert!(unsent.hold(vec![0; HTTP_BODIES].into()).is_some());
    }

    #[test]
    fn what_there_was_no_room_for_does_not_count() {
        let unsent = Unsent::default();
        assert!(unsent.hold(vec![0; HTTP_BODIES + 1].into()).is_none());
        assert!(unsent.hold(vec![0; HTTP_BODIES].into()).is_some());
    }
}
