//! RSA.

use rsa::pkcs1::{DecodeRsaPrivateKey, DecodeRsaPublicKey, EncodeRsaPrivateKey, EncodeRsaPublicKey};
use rsa::pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey};
use rsa::traits::{PrivateKeyParts, PublicKeyParts};
use rsa::{BoxedUint, Oaep, Pkcs1v15Encrypt, Pkcs1v15Sign, PrivateKey, Pss, PublicKey};

use crate::Random;
use crate::hash::with_rsa_hash;

pub fn private(pkcs8: &[u8]) -> Option<PrivateKey> {
    PrivateKey::from_pkcs8_der(pkcs8).ok()
}

pub fn public(spki: &[u8]) -> Option<PublicKey> {
    PublicKey::from_public_key_der(spki).ok()
}

pub fn to_pkcs8(key: &PrivateKey) -> Option<Vec<u8>> {
    Some(key.to_pkcs8_der().ok()?.as_bytes().to_vec())
}

pub fn to_spki(key: &PublicKey) -> Option<Vec<u8>> {
    Some(key.to_public_key_der().ok()?.into_vec())
}

pub fn generate(random: Random<'_>, bits: usize, exponent: u32) -> Option<Vec<u8>> {
    to_pkcs8(&PrivateKey::new_with_exp(random, bits, BoxedUint::from(u64::from(exponent))).ok()?)
}

pub fn public_of(pkcs8: &[u8]) -> Option<Vec<u8>> {
    to_spki(&private(pkcs8)?.to_public_key())
}

/// The length of the modulus.
pub fn bits(der: &[u8], is_private: bool) -> Option<u32> {
    let public = if is_private { private(der)?.to_public_key() } else { public(der)? };
    Some(public.n().bit_width())
}

pub fn from_pkcs1_private(bytes: &[u8]) -> Option<Vec<u8>> {
    to_pkcs8(&PrivateKey::from_pkcs1_der(bytes).ok()?)
}

pub fn from_pkcs1_public(bytes: &[u8]) -> Option<Vec<u8>> {
    to_spki(&PublicKey::from_pkcs1_der(bytes).ok()?)
}

pub fn to_pkcs1_private(pkcs8: &[u8]) -> Option<Vec<u8>> {
    Some(private(pkcs8)?.to_pkcs1_der().ok()?.as_bytes().to_vec())
}

pub fn to_pkcs1_public(spki: &[u8]) -> Option<Vec<u8>> {
    Some(public(spki)?.to_pkcs1_der().ok()?.into_vec())
}

/// Names and big-endian numbers, as in a JSON Web Key.
pub fn parts(der: &[u8], is_private: bool) -> Option<Vec<(&'static str, Vec<u8>)>> {
    let number = |value: &BoxedUint| value.to_be_bytes_trimmed_vartime().into_vec();
    let of_public = |key: &PublicKey| vec![("n", key.n_bytes().into_vec()), ("e", key.e_bytes().into_vec())];
    if !is_private {
        return Some(of_public(&public(der)?));
    }
    let key = private(der)?;
    let [p, q] = key.primes() else { return None };
    let mut parts = of_public(&key.to_public_key());
    parts.extend([
        ("d", number(key.d())),
        ("p", number(p)),
        ("q", number(q)),
        ("dp", number(key.dp()?)),
        ("dq", number(key.dq()?)),
        ("qi", number(&key.crt_coefficient()?)),
    ]);
    Some(parts)
}

pub fn private_from_parts(n: &[u8], e: &[u8], d: &[u8], primes: &[&[u8]]) -> Option<Vec<u8>> {
    let number = BoxedUint::from_be_slice_vartime;
    let primes = primes.iter().map(|prime| number(prime)).collect();
    to_pkcs8(&PrivateKey::from_components(number(n), number(e), number(d), primes).ok()?)
}

pub fn public_from_parts(n: &[u8], e: &[u8]) -> Option<Vec<u8>> {
    to_spki(&PublicKey::new(BoxedUint::from_be_slice_vartime(n), BoxedUint::from_be_slice_vartime(e)).ok()?)
}

/// Signs a hash. `salt` is the length for PSS.
pub fn sign(random: Random<'_>, name: &str, pkcs8: &[u8], hash: &[u8], salt: Option<usize>) -> Option<Vec<u8>> {
    let key = private(pkcs8)?;
    let signed = match salt {
        Some(salt) => with_rsa_hash!(name, D => key.sign_with_rng(random, Pss::<D>::new_blinded_with_salt(salt), hash)),
        None => with_rsa_hash!(name, D => key.sign_with_rng(random, Pkcs1v15Sign::new::<D>(), hash)),
    };
    signed?.ok()
}

pub enum Padding {
    Pkcs1,
    /// With the salt's length, or any length.
    Pss(Option<usize>),
}

pub fn verify(name: &str, spki: &[u8], hash: &[u8], signature: &[u8], padding: &Padding) -> Option<bool> {
    let key = public(spki)?;
    let verified = match padding {
        Padding::Pkcs1 => with_rsa_hash!(name, D => key.verify(Pkcs1v15Sign::new::<D>(), hash, signature)),
        Padding::Pss(salt) => with_rsa_hash!(name, D => {
            let mut padding = Pss::<D>::new();
            padding.salt_len = *salt;
            key.verify(padding, hash, signature)
        }),
    };
    Some(verified?.is_ok())
}

/// `name` is the hash of OAEP, or `None` for PKCS#1 version 1.5.
pub fn encrypt(random: Random<'_>, name: Option<&str>, spki: &[u8], data: &[u8], label: Vec<u8>) -> Option<Vec<u8>> {
    let key = public(spki)?;
    match name {
        Some(name) => with_rsa_hash!(name, D => key.encrypt(random, Oaep::<D>::new_with_label(label), data))?.ok(),
        None => key.encrypt(random, Pkcs1v15Encrypt, data).ok(),
    }
}

pub fn decrypt(random: Random<'_>, name: Option<&str>, pkcs8: &[u8], data: &[u8], label: Vec<u8>) -> Option<Vec<u8>> {
    let key = private(pkcs8)?;
    match name {
        Some(name) => {
            with_rsa_hash!(name, D => key.decrypt_blinded(random, Oaep::<D>::new_with_label(label), data))?.ok()
        }
        None => key.decrypt_blinded(random, Pkcs1v15Encrypt, data).ok(),
    }
}
