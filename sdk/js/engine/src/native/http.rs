//! Requests. Errors are texts: the JavaScript side decides which class they get.
//!
//! - `fetch(method, url, headers, body, callback) -> id`. `headers` is `[name, value, name, value, …]`, `body` is a
//!   Uint8Array, null, or `true` for a streamed one. `callback(error, { id, status, headers, encoding, location })`: `headers`
//!   is a text in which NULs divide the same list, with names in lower case. The last two are there only if the response has
//!   `content-encoding` or `location`.
//! - `readBody(id, callback)`: `callback(error, chunk)`, where a null chunk is the end. `closeBody(id)` drops the rest.
//! - `readWholeBody(id, callback)`: `callback(error, bytes)` with all chunks that are left.
//! - `writeBody(id, chunk, callback)`, `endBody(id)`: a streamed request body.
//! - `abortFetch(id)`: no callback of the request is called any more.

use rquickjs::{Ctx, Function, Object, Persistent, TypedArray, Value, prelude::Func};

use super::{bytes, type_error};
use crate::http::{self, Body};
use crate::realm;

pub fn install(native: &Object<'_>) -> rquickjs::Result<()> {
    native.set("fetch", Func::from(fetch))?;
    native.set("abortFetch", Func::from(http::abort))?;
    native.set("closeBody", Func::from(http::abort))?;
    native.set("readBody", Func::from(read))?;
    native.set("readWholeBody", Func::from(read_whole))?;
    native.set("writeBody", Func::from(write))?;
    native.set("endBody", Func::from(|ctx: Ctx<'_>, id: u32| http::end(id).map_err(|reason| type_error(&ctx, &reason))))
}

fn fetch<'js>(
    ctx: Ctx<'js>,
    method: String,
    url: String,
    headers: Vec<String>,
    body: Value<'js>,
    callback: Function<'js>,
) -> rquickjs::Result<u32> {
    if !realm::is_live() {
        return Err(type_error(
            &ctx,
            "requests are not available at the top level and in warmup(): send them in the handler",
        ));
    }
    let body = match (body.as_bool(), TypedArray::<u8>::from_value(body.clone())) {
        (Some(true), _) => Body::Streamed,
        (_, Ok(array)) => Body::Bytes(bytes(&ctx, &array)?),
        _ => Body::None,
    };
    let callback = Persistent::save(&ctx, callback);
    http::send(&method, &url, &headers, body, callback).map_err(|reason| type_error(&ctx, &reason))
}

fn read<'js>(ctx: Ctx<'js>, id: u32, callback: Function<'js>) -> rquickjs::Result<()> {
    http::read(id, false, Persistent::save(&ctx, callback)).map_err(|reason| type_error(&ctx, &reason))
}

fn read_whole<'js>(ctx: Ctx<'js>, id: u32, callback: Function<'js>) -> rquickjs::Result<()> {
    http::read(id, true, Persistent::save(&ctx, callback)).map_err(|reason| type_error(&ctx, &reason))
}

fn write<'js>(ctx: Ctx<'js>, id: u32, chunk: TypedArray<'js, u8>, callback: Function<'js>) -> rquickjs::Result<()> {
    let chunk = bytes(&ctx, &chunk)?;
    http::write(id, chunk, Persistent::save(&ctx, callback)).map_err(|reason| type_error(&ctx, &reason))
}
