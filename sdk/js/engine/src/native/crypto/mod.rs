//! Cryptography, for `crypto.subtle` and `node:crypto`. Bytes are Uint8Arrays. Names of hashes: `md5`, `sha1`, `sha224`, `sha256`,
//! `sha384`, `sha512`, `sha512-256`, in any case, with or without dashes or the prefix `RSA-`. Nothing here needs a job, except
//! what makes or blinds with random bytes: keys, and RSA's private operations.
//!
//! The size `web` of the engine has the hashes, HMAC and `timingSafeEqual`.
//!
//! | function | returns |
//! | --- | --- |
//! | `hash(name, data)` | the digest |
//! | `hashStream(name)` | `{ update(data), digest(), copy() }` |
//! | `hmac(name, key, data)` | the code |
//! | `hmacStream(name, key)` | `{ update(data), digest(), copy() }` |
//! | `hashInfo(name)` | `{ name, length }` in bytes, or null for an unknown hash |
//! | `pbkdf2(name, password, salt, rounds, length)` | derived bytes |
//! | `hkdf(name, key, salt, info, length)` | derived bytes |
//! | `scrypt(password, salt, cost, blockSize, parallelization, length)` | derived bytes |
//! | `aes(mode, encrypt, key, iv, data, options)` | `mode` is `gcm`, `cbc` or `ctr`. GCM appends the tag to the data, and expects it there. Options: `aad`, `tagLength` in bytes, `padding: false` for CBC, `counterBits` for CTR |
//! | `timingSafeEqual(a, b)` | whether the bytes are the same |
//! | `keyGenerate(type, bits, exponent)` | `{ privateKey, publicKey }` as PKCS#8 and SPKI. Types: `p256`, `p384`, `ed25519`, `rsa` |
//! | `keyImport(format, bytes)` | `{ type, isPrivate, der, bits }`: `der` is PKCS#8 or SPKI. Formats: `pkcs8`, `spki`, `pkcs1-private`, `pkcs1-public`, `sec1` |
//! | `keyPublic(pkcs8)` | the public key as SPKI |
//! | `keyParts(der, isPrivate)` | `{ type, x, y, d }` or `{ type, n, e, d, p, q, dp, dq, qi }` as big-endian bytes |
//! | `keyFromParts(parts)` | the opposite: PKCS#8 with `d`, SPKI without |
//! | `keyExport(format, der)` | the key in one of the formats of `keyImport` |
//! | `sign(scheme, name, pkcs8, data, options)` | a signature. Schemes: `ecdsa`, `ed25519`, `rsa-pkcs1`, `rsa-pss`. Options: `der: true` for ECDSA's ASN.1, `saltLength` for PSS |
//! | `verify(scheme, name, spki, data, signature, options)` | whether it is right |
//! | `rsaEncrypt(padding, name, spki, data, label)` | `padding` is `oaep` or `pkcs1` |
//! | `rsaDecrypt(padding, name, pkcs8, data, label)` | the plain text |
//! | `ecdh(pkcs8, spki)` | the shared secret |

#[cfg(feature = "full")]
mod aes;
mod hash;
#[cfg(feature = "full")]
mod kdf;
#[cfg(feature = "full")]
mod keys;
#[cfg(feature = "full")]
mod random;
#[cfg(feature = "full")]
mod sign;

use rquickjs::prelude::Func;
use rquickjs::{Ctx, Object, TypedArray};

use super::{bytes, type_error};

type Bytes<'js> = TypedArray<'js, u8>;

pub fn install(native: &Object<'_>) -> rquickjs::Result<()> {
    hash::install(native)?;
    #[cfg(feature = "full")]
    {
        kdf::install(native)?;
        aes::install(native)?;
        keys::install(native)?;
        sign::install(native)?;
    }
    native.set("timingSafeEqual", Func::from(equal))
}

fn equal<'js>(ctx: Ctx<'js>, left: Bytes<'js>, right: Bytes<'js>) -> rquickjs::Result<bool> {
    Ok(toril_js_crypto::is_equal(&bytes(&ctx, &left)?, &bytes(&ctx, &right)?))
}

/// Throws an Error.
#[cfg(feature = "full")]
fn failed(ctx: &Ctx<'_>, message: &str) -> rquickjs::Error {
    rquickjs::Exception::throw_message(ctx, message)
}

fn array<'js>(ctx: &Ctx<'js>, bytes: Vec<u8>) -> rquickjs::Result<Bytes<'js>> {
    TypedArray::new(ctx.clone(), bytes)
}
