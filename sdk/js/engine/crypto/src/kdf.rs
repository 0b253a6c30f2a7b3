//! Keys from passwords and from other keys.

use hkdf::Hkdf;
use pbkdf2::pbkdf2_hmac;

use crate::hash::with_hash;

/// `None` for an unknown hash.
pub fn pbkdf2(name: &str, password: &[u8], salt: &[u8], rounds: u32, key: &mut [u8]) -> Option<()> {
    with_hash!(name, D => pbkdf2_hmac::<D>(password, salt, rounds, key))
}

/// Whether the length is possible. `None` for an unknown hash.
pub fn hkdf(name: &str, key: &[u8], salt: &[u8], info: &[u8], derived: &mut [u8]) -> Option<bool> {
    with_hash!(name, D => Hkdf::<D>::new(Some(salt), key).expand(info, derived).is_ok())
}

/// `None` for invalid parameters: the cost, and the block size with the parallelization.
pub fn scrypt(
    password: &[u8],
    salt: &[u8],
    cost: u32,
    (block_size, parallelization): (u32, u32),
    key: &mut [u8],
) -> Option<()> {
    if !cost.is_power_of_two() || cost < 2 {
        return None;
    }
    let params = scrypt::Params::new(u8::try_from(cost.ilog2()).ok()?, block_size, parallelization).ok()?;
    if key.is_empty() { Some(()) } else { scrypt::scrypt(password, salt, &params, key).ok() }
}
