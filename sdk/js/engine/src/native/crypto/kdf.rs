//! Keys from passwords and from other keys.

use rquickjs::prelude::Func;
use rquickjs::{Ctx, Object};
use toril_js_crypto::kdf;

use super::hash::unknown;
use super::{Bytes, array, bytes, failed};

/// The most bytes that one call derives.
const LONGEST: usize = 16 * 1024 * 1024;

pub fn install(native: &Object<'_>) -> rquickjs::Result<()> {
    native.set("pbkdf2", Func::from(pbkdf2))?;
    native.set("hkdf", Func::from(hkdf))?;
    native.set("scrypt", Func::from(scrypt))
}

fn output(ctx: &Ctx<'_>, length: usize) -> rquickjs::Result<Vec<u8>> {
    if length > LONGEST { Err(failed(ctx, "the derived key is too long")) } else { Ok(vec![0; length]) }
}

fn pbkdf2<'js>(
    ctx: Ctx<'js>,
    name: String,
    password: Bytes<'js>,
    salt: Bytes<'js>,
    rounds: u32,
    length: usize,
) -> rquickjs::Result<Bytes<'js>> {
    let (password, salt) = (bytes(&ctx, &password)?, bytes(&ctx, &salt)?);
    let mut key = output(&ctx, length)?;
    kdf::pbkdf2(&name, &password, &salt, rounds, &mut key).ok_or_else(|| unknown(&ctx, &name))?;
    array(&ctx, key)
}

fn hkdf<'js>(
    ctx: Ctx<'js>,
    name: String,
    key: Bytes<'js>,
    salt: Bytes<'js>,
    info: Bytes<'js>,
    length: usize,
) -> rquickjs::Result<Bytes<'js>> {
    let (key, salt, info) = (bytes(&ctx, &key)?, bytes(&ctx, &salt)?, bytes(&ctx, &info)?);
    let mut derived = output(&ctx, length)?;
    match kdf::hkdf(&name, &key, &salt, &info, &mut derived) {
        None => Err(unknown(&ctx, &name)),
        Some(false) => Err(failed(&ctx, "Invalid key length")),
        Some(true) => array(&ctx, derived),
    }
}

fn scrypt<'js>(
    ctx: Ctx<'js>,
    password: Bytes<'js>,
    salt: Bytes<'js>,
    cost: u32,
    block_size: u32,
    parallelization: u32,
    rest: rquickjs::prelude::Rest<usize>,
) -> rquickjs::Result<Bytes<'js>> {
    let invalid = || failed(&ctx, "Invalid scrypt params");
    let length = rest.first().copied().ok_or_else(invalid)?;
    let (password, salt) = (bytes(&ctx, &password)?, bytes(&ctx, &salt)?);
    let mut key = output(&ctx, length)?;
    kdf::scrypt(&password, &salt, cost, (block_size, parallelization), &mut key).ok_or_else(invalid)?;
    array(&ctx, key)
}
