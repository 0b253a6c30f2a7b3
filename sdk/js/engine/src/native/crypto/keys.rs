//! Asymmetric keys: making, importing and exporting them. Between calls a key is PKCS#8 or SPKI in DER.

use rquickjs::prelude::{Func, Opt};
use rquickjs::{Ctx, Object};
use toril_js_crypto::ec::{Curve, ed25519};
use toril_js_crypto::rsa;

use super::random::HostRandom;
use super::{Bytes, array, bytes, failed, type_error};

/// Bits of a new RSA key, if the caller does not say.
const BITS: usize = 2048;
const LARGEST: usize = 4096;
const EXPONENT: u32 = 65_537;

pub fn install(native: &Object<'_>) -> rquickjs::Result<()> {
    native.set("keyGenerate", Func::from(generate))?;
    native.set("keyImport", Func::from(import))?;
    native.set("keyPublic", Func::from(public))?;
    native.set("keyParts", Func::from(parts))?;
    native.set("keyFromParts", Func::from(from_parts))?;
    native.set("keyExport", Func::from(export))
}

/// What a key is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Curve(Curve),
    Ed25519,
    Rsa,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Curve(curve) => curve.name(),
            Self::Ed25519 => "ed25519",
            Self::Rsa => "rsa",
        }
    }

    fn named(name: &str) -> Option<Self> {
        match name {
            "ed25519" => Some(Self::Ed25519),
            "rsa" => Some(Self::Rsa),
            name => Curve::named(name).map(Self::Curve),
        }
    }

    /// By the algorithm that the DER names.
    pub fn of(der: &[u8], is_private: bool) -> Option<Self> {
        if is_private {
            let is_rsa = || rsa::private(der).map(|_| Self::Rsa);
            return Curve::of_private(der)
                .map(Self::Curve)
                .or_else(|| ed25519::private(der).map(|_| Self::Ed25519))
                .or_else(is_rsa);
        }
        let is_rsa = || rsa::public(der).map(|_| Self::Rsa);
        Curve::of_public(der).map(Self::Curve).or_else(|| ed25519::public(der).map(|_| Self::Ed25519)).or_else(is_rsa)
    }

    fn public_of(self, pkcs8: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Curve(curve) => curve.public_of(pkcs8),
            Self::Ed25519 => ed25519::public_of(pkcs8),
            Self::Rsa => rsa::public_of(pkcs8),
        }
    }
}

fn unsupported(ctx: &Ctx<'_>) -> rquickjs::Error {
    failed(ctx, "the key is invalid, or of a kind that is not supported (supported: RSA, P-256, P-384, Ed25519)")
}

fn generate<'js>(
    ctx: Ctx<'js>,
    kind: String,
    bits: Opt<Option<usize>>,
    exponent: Opt<Option<u32>>,
) -> rquickjs::Result<Object<'js>> {
    let mut random = HostRandom::new(&ctx)?;
    let kind = Kind::named(&kind).ok_or_else(|| type_error(&ctx, "unknown kind of key"))?;
    let private = match kind {
        Kind::Curve(curve) => curve.generate(&mut random),
        Kind::Ed25519 => ed25519::generate(&mut random),
        Kind::Rsa => {
            let bits = bits.0.flatten().unwrap_or(BITS);
            if bits > LARGEST {
                return Err(failed(&ctx, "RSA keys of more than 4096 bits are not made here: they take minutes"));
            }
            rsa::generate(&mut random, bits, exponent.0.flatten().unwrap_or(EXPONENT))
        }
    };
    let private = private.ok_or_else(|| failed(&ctx, "the key could not be made"))?;
    let public = kind.public_of(&private).ok_or_else(|| unsupported(&ctx))?;
    let pair = Object::new(ctx.clone())?;
    pair.set("privateKey", array(&ctx, private)?)?;
    pair.set("publicKey", array(&ctx, public)?)?;
    Ok(pair)
}

fn import<'js>(ctx: Ctx<'js>, format: String, data: Bytes<'js>) -> rquickjs::Result<Object<'js>> {
    let data = bytes(&ctx, &data)?;
    let (der, is_private) = match format.as_str() {
        "pkcs8" => (Some(data), true),
        "spki" => (Some(data), false),
        "pkcs1-private" => (rsa::from_pkcs1_private(&data), true),
        "pkcs1-public" => (rsa::from_pkcs1_public(&data), false),
        "sec1" => (Curve::from_sec1(&data), true),
        _ => return Err(type_error(&ctx, "unknown format of keys")),
    };
    let der = der.ok_or_else(|| unsupported(&ctx))?;
    let kind = Kind::of(&der, is_private).ok_or_else(|| unsupported(&ctx))?;
    let key = Object::new(ctx.clone())?;
    key.set("type", kind.name())?;
    key.set("isPrivate", is_private)?;
    if kind == Kind::Rsa {
        key.set("bits", rsa::bits(&der, is_private))?;
    }
    key.set("der", array(&ctx, der)?)?;
    Ok(key)
}

fn public<'js>(ctx: Ctx<'js>, pkcs8: Bytes<'js>) -> rquickjs::Result<Bytes<'js>> {
    let pkcs8 = bytes(&ctx, &pkcs8)?;
    let public = Kind::of(&pkcs8, true).and_then(|kind| kind.public_of(&pkcs8));
    array(&ctx, public.ok_or_else(|| unsupported(&ctx))?)
}

fn parts<'js>(ctx: Ctx<'js>, der: Bytes<'js>, is_private: bool) -> rquickjs::Result<Object<'js>> {
    let der = bytes(&ctx, &der)?;
    let kind = Kind::of(&der, is_private).ok_or_else(|| unsupported(&ctx))?;
    let found = match kind {
        Kind::Curve(curve) => curve.parts(&der, is_private).map(|(x, y, d)| {
            let d = d.map(|d| ("d", d));
            [("x", x), ("y", y)].into_iter().chain(d).collect()
        }),
        Kind::Ed25519 if is_private => ed25519::private(&der)
            .map(|key| vec![("x", key.verifying_key().to_bytes().to_vec()), ("d", key.to_bytes().to_vec())]),
        Kind::Ed25519 => ed25519::public(&der).map(|key| vec![("x", key.to_bytes().to_vec())]),
        Kind::Rsa => rsa::parts(&der, is_private),
    };
    let object = Object::new(ctx.clone())?;
    object.set("type", kind.name())?;
    for (name, value) in found.ok_or_else(|| unsupported(&ctx))? {
        object.set(name, array(&ctx, value)?)?;
    }
    Ok(object)
}

fn from_parts<'js>(ctx: Ctx<'js>, parts: Object<'js>) -> rquickjs::Result<Bytes<'js>> {
    let part = |name: &str| -> rquickjs::Result<Option<Vec<u8>>> {
        let part: Option<Bytes<'js>> = parts.get(name)?;
        part.map(|part| bytes(&ctx, &part)).transpose()
    };
    let kind = Kind::named(&parts.get::<_, String>("type")?).ok_or_else(|| type_error(&ctx, "unknown kind of key"))?;
    let (x, y, d) = (part("x")?.unwrap_or_default(), part("y")?.unwrap_or_default(), part("d")?);
    let der = match kind {
        // A compressed or uncompressed point has no `y` of its own.
        Kind::Curve(curve) if y.is_empty() && d.is_none() => curve.from_point(&x),
        Kind::Curve(curve) => curve.from_parts(&x, &y, d.as_deref()),
        Kind::Ed25519 => match d {
            Some(seed) => ed25519::from_seed(&seed),
            None => ed25519::from_point(&x),
        },
        Kind::Rsa => {
            let (n, e) = (part("n")?.unwrap_or_default(), part("e")?.unwrap_or_default());
            match d {
                Some(d) => {
                    let primes = [part("p")?.unwrap_or_default(), part("q")?.unwrap_or_default()];
                    let given: Vec<&[u8]> =
                        primes.iter().map(Vec::as_slice).filter(|prime| !prime.is_empty()).collect();
                    rsa::private_from_parts(&n, &e, &d, &given)
                }
                None => rsa::public_from_parts(&n, &e),
            }
        }
    };
    array(&ctx, der.ok_or_else(|| unsupported(&ctx))?)
}

fn export<'js>(ctx: Ctx<'js>, format: String, der: Bytes<'js>) -> rquickjs::Result<Bytes<'js>> {
    let der = bytes(&ctx, &der)?;
    let exported = match format.as_str() {
        "pkcs8" | "spki" => Some(der),
        "pkcs1-private" => rsa::to_pkcs1_private(&der),
        "pkcs1-public" => rsa::to_pkcs1_public(&der),
        "sec1" => Curve::of_private(&der).and_then(|curve| curve.to_sec1(&der)),
        _ => return Err(type_error(&ctx, "unknown format of keys")),
    };
    array(&ctx, exported.ok_or_else(|| unsupported(&ctx))?)
}
