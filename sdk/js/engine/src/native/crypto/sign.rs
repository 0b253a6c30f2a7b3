//! Signatures, RSA encryption, and key agreement.

use rquickjs::prelude::{Func, Opt};
use rquickjs::{Ctx, Object};
use toril_js_crypto::ec::{Curve, ed25519};
use toril_js_crypto::hash::digest_of;
use toril_js_crypto::rsa::{self, Padding};

use super::hash::unknown;
use super::random::HostRandom;
use super::{Bytes, array, bytes, failed, type_error};

pub fn install(native: &Object<'_>) -> rquickjs::Result<()> {
    native.set("sign", Func::from(sign))?;
    native.set("verify", Func::from(verify))?;
    native.set("rsaEncrypt", Func::from(rsa_encrypt))?;
    native.set("rsaDecrypt", Func::from(rsa_decrypt))?;
    native.set("ecdh", Func::from(ecdh))
}

fn invalid(ctx: &Ctx<'_>) -> rquickjs::Error {
    failed(ctx, "the key does not fit the algorithm")
}

fn digest(ctx: &Ctx<'_>, name: &str, data: &[u8]) -> rquickjs::Result<Vec<u8>> {
    digest_of(name, data).ok_or_else(|| unknown(ctx, name))
}

struct Options {
    is_der: bool,
    salt: Option<usize>,
}

fn options(given: Opt<Option<Object<'_>>>) -> rquickjs::Result<Options> {
    let Some(given) = given.0.flatten() else { return Ok(Options { is_der: false, salt: None }) };
    Ok(Options { is_der: given.get::<_, Option<bool>>("der")?.unwrap_or(false), salt: given.get("saltLength")? })
}

fn sign<'js>(
    ctx: Ctx<'js>,
    scheme: String,
    name: String,
    pkcs8: Bytes<'js>,
    data: Bytes<'js>,
    given: Opt<Option<Object<'js>>>,
) -> rquickjs::Result<Bytes<'js>> {
    let options = options(given)?;
    let (key, data) = (bytes(&ctx, &pkcs8)?, bytes(&ctx, &data)?);
    let signature = match scheme.as_str() {
        "ed25519" => ed25519::sign(&key, &data),
        "ecdsa" => {
            let hash = digest(&ctx, &name, &data)?;
            Curve::of_private(&key).and_then(|curve| curve.sign(&key, &hash, options.is_der))
        }
        "rsa-pkcs1" => rsa::sign(&mut HostRandom::new(&ctx)?, &name, &key, &digest(&ctx, &name, &data)?, None),
        "rsa-pss" => {
            let hash = digest(&ctx, &name, &data)?;
            let salt = options.salt.unwrap_or(hash.len());
            rsa::sign(&mut HostRandom::new(&ctx)?, &name, &key, &hash, Some(salt))
        }
        _ => return Err(type_error(&ctx, "unknown signature scheme")),
    };
    array(&ctx, signature.ok_or_else(|| invalid(&ctx))?)
}

fn verify<'js>(
    ctx: Ctx<'js>,
    scheme: String,
    name: String,
    spki: Bytes<'js>,
    data: Bytes<'js>,
    signature: Bytes<'js>,
    rest: rquickjs::prelude::Rest<Option<Object<'js>>>,
) -> rquickjs::Result<bool> {
    let options = options(Opt(rest.into_inner().into_iter().next()))?;
    let (key, data, signature) = (bytes(&ctx, &spki)?, bytes(&ctx, &data)?, bytes(&ctx, &signature)?);
    let is_right = match scheme.as_str() {
        "ed25519" => ed25519::verify(&key, &data, &signature),
        "ecdsa" => {
            let hash = digest(&ctx, &name, &data)?;
            Curve::of_public(&key).and_then(|curve| curve.verify(&key, &hash, &signature, options.is_der))
        }
        "rsa-pkcs1" => rsa::verify(&name, &key, &digest(&ctx, &name, &data)?, &signature, &Padding::Pkcs1),
        "rsa-pss" => rsa::verify(&name, &key, &digest(&ctx, &name, &data)?, &signature, &Padding::Pss(options.salt)),
        _ => return Err(type_error(&ctx, "unknown signature scheme")),
    };
    is_right.ok_or_else(|| invalid(&ctx))
}

/// The hash of OAEP, or `None` for PKCS#1 version 1.5.
fn padding<'a>(ctx: &Ctx<'_>, padding: &str, name: &'a str) -> rquickjs::Result<Option<&'a str>> {
    match padding {
        "oaep" => Ok(Some(name)),
        "pkcs1" => Ok(None),
        _ => Err(type_error(ctx, "unknown padding")),
    }
}

fn label(ctx: &Ctx<'_>, label: Opt<Option<Bytes<'_>>>) -> rquickjs::Result<Vec<u8>> {
    label.0.flatten().map_or(Ok(Vec::new()), |label| bytes(ctx, &label))
}

fn rsa_encrypt<'js>(
    ctx: Ctx<'js>,
    kind: String,
    name: String,
    spki: Bytes<'js>,
    data: Bytes<'js>,
    text: Opt<Option<Bytes<'js>>>,
) -> rquickjs::Result<Bytes<'js>> {
    let (name, label) = (padding(&ctx, &kind, &name)?, label(&ctx, text)?);
    let encrypted = rsa::encrypt(&mut HostRandom::new(&ctx)?, name, &bytes(&ctx, &spki)?, &bytes(&ctx, &data)?, label);
    array(&ctx, encrypted.ok_or_else(|| failed(&ctx, "the data cannot be encrypted with this key"))?)
}

fn rsa_decrypt<'js>(
    ctx: Ctx<'js>,
    kind: String,
    name: String,
    pkcs8: Bytes<'js>,
    data: Bytes<'js>,
    text: Opt<Option<Bytes<'js>>>,
) -> rquickjs::Result<Bytes<'js>> {
    let (name, label) = (padding(&ctx, &kind, &name)?, label(&ctx, text)?);
    let plain = rsa::decrypt(&mut HostRandom::new(&ctx)?, name, &bytes(&ctx, &pkcs8)?, &bytes(&ctx, &data)?, label);
    array(&ctx, plain.ok_or_else(|| failed(&ctx, "the data cannot be decrypted with this key"))?)
}

fn ecdh<'js>(ctx: Ctx<'js>, pkcs8: Bytes<'js>, spki: Bytes<'js>) -> rquickjs::Result<Bytes<'js>> {
    let (private, public) = (bytes(&ctx, &pkcs8)?, bytes(&ctx, &spki)?);
    let secret = Curve::of_private(&private).and_then(|curve| curve.shared_secret(&private, &public));
    array(&ctx, secret.ok_or_else(|| invalid(&ctx))?)
}
