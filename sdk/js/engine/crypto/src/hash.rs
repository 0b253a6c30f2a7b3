//! Hashes and HMAC.

use digest::{Digest, KeyInit, Mac};
use hmac::Hmac;

/// Evaluates an expression with `$digest` as the type of the hash with that name. `None` if there is none.
macro_rules! with_hash {
    ($name:expr, $digest:ident => $body:expr) => {{
        match $crate::hash::canonical($name).as_str() {
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
#[cfg(feature = "full")]
pub(crate) use with_hash;

/// The same for RSA, whose signatures and paddings are made with these hashes.
#[cfg(feature = "full")]
macro_rules! with_rsa_hash {
    ($name:expr, $digest:ident => $body:expr) => {{
        match $crate::hash::canonical($name).as_str() {
            "sha1" => Some({
                type $digest = sha1::Sha1;
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
            _ => None,
        }
    }};
}
#[cfg(feature = "full")]
pub(crate) use with_rsa_hash;

/// A hash's name without its variants: `RSA-SHA256` and `SHA-256` are `sha256`.
pub fn canonical(name: &str) -> String {
    let name: String = name.to_ascii_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    name.strip_prefix("rsa").map(str::to_owned).unwrap_or(name)
}

/// Takes data bit by bit.
pub trait Sink {
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
pub fn digest_of(name: &str, data: &[u8]) -> Option<Vec<u8>> {
    with_hash!(name, D => D::digest(data).to_vec())
}

/// A hash.
pub fn plain(name: &str) -> Option<Box<dyn Sink>> {
    with_hash!(name, D => Box::new(Plain(D::new())) as Box<dyn Sink>)
}

/// An HMAC.
pub fn keyed(name: &str, key: &[u8]) -> Option<Box<dyn Sink>> {
    // A key of any length is valid.
    with_hash!(name, D => <Hmac<D> as KeyInit>::new_from_slice(key).ok().map(|mac| Box::new(Keyed(mac)) as Box<dyn Sink>)).flatten()
}

/// The bytes of a digest.
pub fn length_of(name: &str) -> Option<usize> {
    with_hash!(name, D => <D as Digest>::output_size())
}
