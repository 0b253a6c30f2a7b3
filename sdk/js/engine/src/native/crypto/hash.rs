//! Hashes and HMAC.

use std::cell::RefCell;
use std::rc::Rc;

use rquickjs::prelude::Func;
use rquickjs::{Ctx, Object};
use toril_js_crypto::hash::{Sink, canonical, digest_of, keyed, length_of, plain};

use super::{Bytes, array, bytes, type_error};

pub(super) fn unknown(ctx: &Ctx<'_>, name: &str) -> rquickjs::Error {
    type_error(ctx, &format!("the hash {name:?} is not supported"))
}

pub fn install(native: &Object<'_>) -> rquickjs::Result<()> {
    native.set("hash", Func::from(hash))?;
    native.set("hmac", Func::from(hmac))?;
    native.set("hashStream", Func::from(hash_stream))?;
    native.set("hmacStream", Func::from(hmac_stream))?;
    native.set("hashInfo", Func::from(info))
}

fn hash<'js>(ctx: Ctx<'js>, name: String, data: Bytes<'js>) -> rquickjs::Result<Bytes<'js>> {
    let digest = digest_of(&name, &bytes(&ctx, &data)?).ok_or_else(|| unknown(&ctx, &name))?;
    array(&ctx, digest)
}

fn hmac<'js>(ctx: Ctx<'js>, name: String, key: Bytes<'js>, data: Bytes<'js>) -> rquickjs::Result<Bytes<'js>> {
    let mut sink = keyed(&name, &bytes(&ctx, &key)?).ok_or_else(|| unknown(&ctx, &name))?;
    sink.update(&bytes(&ctx, &data)?);
    array(&ctx, sink.digest())
}

fn hash_stream<'js>(ctx: Ctx<'js>, name: String) -> rquickjs::Result<Object<'js>> {
    let sink = plain(&name).ok_or_else(|| unknown(&ctx, &name))?;
    stream(ctx, sink)
}

fn hmac_stream<'js>(ctx: Ctx<'js>, name: String, key: Bytes<'js>) -> rquickjs::Result<Object<'js>> {
    let sink = keyed(&name, &bytes(&ctx, &key)?).ok_or_else(|| unknown(&ctx, &name))?;
    stream(ctx, sink)
}

fn stream<'js>(ctx: Ctx<'js>, sink: Box<dyn Sink>) -> rquickjs::Result<Object<'js>> {
    let sink = Rc::new(RefCell::new(sink));
    let object = Object::new(ctx)?;
    let updated = Rc::clone(&sink);
    object.set(
        "update",
        Func::from(move |ctx: Ctx<'js>, data: Bytes<'js>| {
            updated.borrow_mut().update(&bytes(&ctx, &data)?);
            Ok::<_, rquickjs::Error>(())
        }),
    )?;
    let finished = Rc::clone(&sink);
    object.set("digest", Func::from(move |ctx: Ctx<'js>| array(&ctx, finished.borrow().digest())))?;
    object.set("copy", Func::from(move |ctx: Ctx<'js>| stream(ctx, sink.borrow().copy())))?;
    Ok(object)
}

fn info<'js>(ctx: Ctx<'js>, name: String) -> rquickjs::Result<Option<Object<'js>>> {
    let Some(length) = length_of(&name) else { return Ok(None) };
    let info = Object::new(ctx)?;
    info.set("name", canonical(&name))?;
    info.set("length", length)?;
    Ok(Some(info))
}
