//! Cryptography without JavaScript: RustCrypto's crates behind functions that take names and bytes. `None` means that the
//! arguments do not fit: an unknown name, or an invalid key.

#[cfg(feature = "full")]
pub mod aes;
#[cfg(feature = "full")]
pub mod ec;
pub mod hash;
#[cfg(feature = "full")]
pub mod kdf;
#[cfg(feature = "full")]
pub mod rsa;

#[cfg(feature = "full")]
pub use ::rsa::rand_core;

/// The source of random numbers for keys and blinding.
#[cfg(feature = "full")]
pub type Random<'a> = &'a mut dyn rand_core::CryptoRng;

/// Compares in constant time.
pub fn is_equal(left: &[u8], right: &[u8]) -> bool {
    subtle::ConstantTimeEq::ct_eq(left, right).into()
}
