//! Elliptic curves: P-256, P-384 and Ed25519.

use ed25519_dalek::{
    Signature as EdSignature, Signer, SigningKey as EdSigningKey, Verifier, VerifyingKey as EdVerifyingKey,
};
use p256::elliptic_curve::Generate;
use p256::pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey};
use rsa::signature::hazmat::{PrehashSigner, PrehashVerifier};

use crate::Random;

/// Evaluates an expression with `$curve` as the crate of that curve.
macro_rules! with_curve {
    ($kind:expr, $curve:ident => $body:expr) => {
        match $kind {
            Curve::P256 => {
                use p256 as $curve;
                $body
            }
            Curve::P384 => {
                use p384 as $curve;
                $body
            }
        }
    };
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Curve {
    P256,
    P384,
}

/// The numbers of a key, big-endian: `(x, y, d)`, where only a private key has `d`.
pub type Parts = (Vec<u8>, Vec<u8>, Option<Vec<u8>>);

impl Curve {
    pub const ALL: [Self; 2] = [Self::P256, Self::P384];

    pub fn name(self) -> &'static str {
        match self {
            Self::P256 => "p256",
            Self::P384 => "p384",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|curve| curve.name() == name)
    }

    /// Bytes of a coordinate.
    fn size(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
        }
    }

    pub fn of_private(pkcs8: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|curve| with_curve!(curve, c => c::SecretKey::from_pkcs8_der(pkcs8).is_ok()))
    }

    pub fn of_public(spki: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|curve| with_curve!(curve, c => c::PublicKey::from_public_key_der(spki).is_ok()))
    }

    /// A new key as PKCS#8.
    pub fn generate(self, random: Random<'_>) -> Option<Vec<u8>> {
        with_curve!(self, c => Some(c::SecretKey::generate_from_rng(random).to_pkcs8_der().ok()?.as_bytes().to_vec()))
    }

    /// SPKI of a private key.
    pub fn public_of(self, pkcs8: &[u8]) -> Option<Vec<u8>> {
        with_curve!(self, c => Some(c::SecretKey::from_pkcs8_der(pkcs8).ok()?.public_key().to_public_key_der().ok()?.into_vec()))
    }

    /// The key's numbers.
    pub fn parts(self, der: &[u8], is_private: bool) -> Option<Parts> {
        let (point, secret) = with_curve!(self, c => {
            if is_private {
                let key = c::SecretKey::from_pkcs8_der(der).ok()?;
                (c::Sec1Point::from(key.public_key()).to_bytes(), Some(key.to_bytes().to_vec()))
            } else {
                (c::Sec1Point::from(c::PublicKey::from_public_key_der(der).ok()?).to_bytes(), None)
            }
        });
        // 4, then both coordinates.
        let (x, y) = point.get(1..)?.split_at_checked(self.size())?;
        Some((x.to_vec(), y.to_vec(), secret))
    }

    /// PKCS#8 with a secret, SPKI without.
    pub fn from_parts(self, x: &[u8], y: &[u8], secret: Option<&[u8]>) -> Option<Vec<u8>> {
        match secret {
            Some(secret) => {
                with_curve!(self, c => Some(c::SecretKey::from_slice(secret).ok()?.to_pkcs8_der().ok()?.as_bytes().to_vec()))
            }
            None => self.from_point(&[&[4], x, y].concat()),
        }
    }

    /// SPKI of a point, compressed or not.
    pub fn from_point(self, point: &[u8]) -> Option<Vec<u8>> {
        with_curve!(self, c => Some(c::PublicKey::from_sec1_bytes(point).ok()?.to_public_key_der().ok()?.into_vec()))
    }

    pub fn from_sec1(sec1: &[u8]) -> Option<Vec<u8>> {
        Self::ALL.into_iter().find_map(|curve| with_curve!(curve, c => Some(c::SecretKey::from_sec1_der(sec1).ok()?.to_pkcs8_der().ok()?.as_bytes().to_vec())))
    }

    pub fn to_sec1(self, pkcs8: &[u8]) -> Option<Vec<u8>> {
        with_curve!(self, c => Some(c::SecretKey::from_pkcs8_der(pkcs8).ok()?.to_sec1_der().ok()?.to_vec()))
    }

    /// Signs a hash.
    pub fn sign(self, pkcs8: &[u8], hash: &[u8], as_der: bool) -> Option<Vec<u8>> {
        with_curve!(self, c => {
            let key = c::ecdsa::SigningKey::from(c::SecretKey::from_pkcs8_der(pkcs8).ok()?);
            let signature: c::ecdsa::Signature = key.sign_prehash(hash).ok()?;
            Some(if as_der { signature.to_der().as_bytes().to_vec() } else { signature.to_bytes().to_vec() })
        })
    }

    pub fn verify(self, spki: &[u8], hash: &[u8], signature: &[u8], is_der: bool) -> Option<bool> {
        with_curve!(self, c => {
            let key = c::ecdsa::VerifyingKey::from(c::PublicKey::from_public_key_der(spki).ok()?);
            let signature = if is_der { c::ecdsa::Signature::from_der(signature) } else { c::ecdsa::Signature::from_slice(signature) };
            Some(signature.is_ok_and(|signature| key.verify_prehash(hash, &signature).is_ok()))
        })
    }

    pub fn shared_secret(self, pkcs8: &[u8], spki: &[u8]) -> Option<Vec<u8>> {
        with_curve!(self, c => {
            let (secret, public) = (c::SecretKey::from_pkcs8_der(pkcs8).ok()?, c::PublicKey::from_public_key_der(spki).ok()?);
            Some(secret.diffie_hellman(&public).raw_secret_bytes().to_vec())
        })
    }
}

/// Ed25519.
pub mod ed25519 {
    use super::*;

    pub fn generate(random: Random<'_>) -> Option<Vec<u8>> {
        from_seed(&<[u8; 32]>::generate_from_rng(random))
    }

    /// PKCS#8 without the public key, as Node writes it.
    pub fn from_seed(seed: &[u8]) -> Option<Vec<u8>> {
        const PREFIX: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
        (seed.len() == 32).then(|| [&PREFIX[..], seed].concat())
    }

    pub fn from_point(point: &[u8]) -> Option<Vec<u8>> {
        Some(EdVerifyingKey::try_from(point).ok()?.to_public_key_der().ok()?.into_vec())
    }

    pub fn private(pkcs8: &[u8]) -> Option<EdSigningKey> {
        EdSigningKey::from_pkcs8_der(pkcs8).ok()
    }

    pub fn public(spki: &[u8]) -> Option<EdVerifyingKey> {
        EdVerifyingKey::from_public_key_der(spki).ok()
    }

    pub fn public_of(pkcs8: &[u8]) -> Option<Vec<u8>> {
        Some(private(pkcs8)?.verifying_key().to_public_key_der().ok()?.into_vec())
    }

    pub fn sign(pkcs8: &[u8], data: &[u8]) -> Option<Vec<u8>> {
        Some(private(pkcs8)?.sign(data).to_bytes().to_vec())
    }

    pub fn verify(spki: &[u8], data: &[u8], signature: &[u8]) -> Option<bool> {
        let key = public(spki)?;
        Some(EdSignature::from_slice(signature).is_ok_and(|signature| key.verify(data, &signature).is_ok()))
    }
}
