//! Hashes and HMAC.

use std::cell::RefCell;
use std::rc::Rc;

use digest::{Digest, KeyInit, Mac};
use hmac::Hmac;
use rquickjs::prelude::Func;
use rquickjs::{Ctx, Object};

use super::{Bytes, array, bytes, type_error};

/// Evaluates an expression with `$digest` as the type of the hash with that name. `None` if there is none.
macro_rules! with_hash {
    ($name:expr, $digest:ident => $body:expr) => {{
        match $crate::native::crypto::hash::canonical($name).as_str() {
            "md5" => Some({
                type $digest = md5::Md5;
                $body
            }),
            "sha1" => Some({
                type $digest = sha1::Sha1;
                $body
            }),
            "sha224" => Some({
                type $digest = sha2::Sha224;
                $body
            }),
            "sha256" => Some({
                type $digest = sha2::Sha256;
                $body
            }),
            "sha384" => Some({
                type $digest = sha2::Sha384;
                $body
            }),
            "sha512" => Some({
                type $digest = sha2::Sha512;
                $body
            }),
            "sha512256" => Some({
                type $digest = sha2::Sha512_256;
                $body
            }),
            _ => None,
        }
    }};
}
pub(super) use with_hash;

/// A hash's name without its variants: `RSA-SHA256` and `SHA-256` are `sha256`.
pub(super) fn canonical(name: &str) -> String {
    let name: String = name.to_ascii_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    name.strip_prefix("rsa").map(str::to_owned).unwrap_or(name)
}

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

/// Takes data bit by bit.
trait Sink {
    fn update(&mut self, data: &[u8]);
    fn digest(&self) -> Vec<u8>;
    fn copy(&self) -> Box<dyn Sink>;
}

struct Plain<D>(D);

impl<D: Digest + Clone + 'static> Sink for Plain<D> {
    fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }
    fn digest(&self) -> Vec<u8> {
        self.0.clone().finalize().to_vec()
    }
    fn copy(&self) -> Box<dyn Sink> {
        Box::new(Self(self.0.clone()))
    }
}

struct Keyed<M>(M);

impl<M: Mac + Clone + 'static> Sink for Keyed<M> {
    fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }
    fn digest(&self) -> Vec<u8> {
        self.0.clone().finalize().into_bytes().to_vec()
    }
    fn copy(&self) -> Box<dyn Sink> {
        Box::new(Self(self.0.clone()))
    }
}

/// The digest of data.
pub(super) fn digest_of(name: &str, data: &[u8]) -> Option<Vec<u8>> {
    with_hash!(name, D => D::digest(data).to_vec())
}

fn plain(name: &str) -> Option<Box<dyn Sink>> {
    with_hash!(name, D => Box::new(Plain(D::new())) as Box<dyn Sink>)
}

fn keyed(name: &str, key: &[u8]) -> Option<Box<dyn Sink>> {
    // A key of any length is valid.
    with_hash!(name, D => <Hmac<D> as KeyInit>::new_from_slice(key).ok().map(|mac| Box::new(Keyed(mac)) as Box<dyn Sink>)).flatten()
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
    let Some(length) = with_hash!(&name, D => <D as Digest>::output_size()) else { return Ok(None) };
    let info = Object::new(ctx)?;
    info.set("name", canonical(&name))?;
    info.set("length", length)?;
    Ok(Some(info))
}
