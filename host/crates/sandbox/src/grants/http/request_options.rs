//! Frees the options of a request once it is sent. `handle` of wasmtime-wasi-http 48.0.8 takes them from the guest and
//! keeps them in the pen's table, so that a guest that sets time-outs would run out of resources after 1,000 requests.

use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource};
use wasmtime_wasi_http::WasiHttpView;
use wasmtime_wasi_http::p2::bindings::http::outgoing_handler::Host as _;
use wasmtime_wasi_http::p2::bindings::http::types::{ErrorCode, Host as _, RequestOptions};
use wasmtime_wasi_http::p2::types::{HostFutureIncomingResponse, HostOutgoingRequest};

/// The interface, under the name that wasmtime-wasi-http uses. With any other name, no function would be replaced. A
/// test in `tests/grants.rs` would detect that.
const HANDLER: &str = "wasi:http/outgoing-handler@0.2.12";

type Sent = Result<Resource<HostFutureIncomingResponse>, ErrorCode>;

/// Replaces the function that sends a request.
pub fn link<T: WasiHttpView + 'static>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    linker.instance(HANDLER)?.func_wrap(
        "handle",
        |mut store: StoreContextMut<'_, T>,
         (request, options): (Resource<HostOutgoingRequest>, Option<Resource<RequestOptions>>)| {
            Ok((handle(store.data_mut(), request, options)?,))
        },
    )?;
    linker.allow_shadowing(false);
    Ok(())
}

fn handle<T: WasiHttpView>(
    state: &mut T,
    request: Resource<HostOutgoingRequest>,
    options: Option<Resource<RequestOptions>>,
) -> wasmtime::Result<Sent> {
    let mut http = state.http();
    let freed = options.as_ref().map(|options| Resource::<RequestOptions>::new_own(options.rep()));
    let sent = http.handle(request, options);
    if let Some(options) = freed {
        http.table.delete(options)?;
    }
    match sent {
        Ok(response) => Ok(Ok(response)),
        Err(error) => Ok(Err(http.convert_error_code(error)?)),
    }
}
