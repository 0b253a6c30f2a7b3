//! SHA-256 sums in hexadecimal. They identify plugin versions, and protect cached files against damage.

use sha2::{Digest, Sha256};

/// SHA-256 of some bytes, in hexadecimal.
pub fn checksum(bytes: &[u8]) -> String {
    let mut sum = Sum::default();
    sum.add(bytes);
    sum.hex()
}

/// Incremental SHA-256.
#[derive(Default)]
pub struct Sum(Sha256);

impl Sum {
    /// Adds the next bytes.
    pub fn add(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The sum, in hexadecimal.
    pub fn hex(self) -> String {
        hex::encode(self.0.finalize())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checksum_is_the_known_sha_256() {
        assert_eq!(checksum(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
