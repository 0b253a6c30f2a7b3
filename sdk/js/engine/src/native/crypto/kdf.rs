//! Keys from passwords and from other keys.

use hkdf::Hkdf;
use pbkdf2::pbkdf2_hmac;
use rquickjs::prelude::Func;
use rquickjs::{Ctx, Object};

use super::hash::{unknown, with_hash};
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

fn pbkdf2<'js>(ctx: Ctx<'js>, name: String, password: Bytes<'js>, salt: Bytes<'js>, rounds: u32, length: usize) -> rquickjs::Result<Bytes<'js>> {
    let (password, salt) = (bytes(&ctx, &password)?, bytes(&ctx, &salt)?);
    let mut key = output(&ctx, length)?;
    with_hash!(&name, D => pbkdf2_hmac::<D>(&password, &salt, rounds, &mut key)).ok_or_else(|| unknown(&ctx, &name))?;
    array(&ctx, key)
}

fn hkdf<'js>(ctx: Ctx<'js>, name: String, key: Bytes<'js>, salt: Bytes<'js>, info: Bytes<'js>, length: usize) -> rquickjs::Result<Bytes<'js>> {
    let (key, salt, info) = (bytes(&ctx, &key)?, bytes(&ctx, &salt)?, bytes(&ctx, &info)?);
    let mut derived = output(&ctx, length)?;
    let expanded = with_hash!(&name, D => Hkdf::<D>::new(Some(&salt), &key).expand(&info, &mut derived));
    match expanded {
        None => Err(unknown(&ctx, &name)),
        Some(Err(_)) => Err(failed(&ctx, "Invalid key length")),
        Some(Ok(())) => array(&ctx, derived),
    }
}

fn scrypt<'js>(ctx: Ctx<'js>, password: Bytes<'js>, salt: Bytes<'js>, cost: u32, block_size: u32, parallelization: u32, rest: rquickjs::prelude::Rest<usize>) -> rquickjs::Result<Bytes<'js>> {
    let invalid = || failed(&ctx, "Invalid scrypt params");
    if !cost.is_power_of_two() || cost < 2 {
        return Err(invalid());
    }
    let length = rest.first().copied().ok_or_else(invalid)?;
    let params = scrypt::Params::new(cost.ilog2() as u8, block_size, parallelization).map_err(|_| invalid())?;
    let (password, salt) = (bytes(&ctx, &password)?, bytes(&ctx, &salt)?);
    let mut key = output(&ctx, length)?;
    if length > 0 {
        scrypt::scrypt(&password, &salt, &params, &mut key).map_err(|_| invalid())?;
    }
    array(&ctx, key)
}
