//! The Redis Cluster slot of a key.

use toril_job::settings::hash_tag;

/// The number of slots.
pub const SLOTS: u16 = 16_384;

/// The slot of a key. It depends on the key's hash tag, or on the whole key if it has none.
pub fn of(key: &str) -> u16 {
    crc16(hash_tag(key).unwrap_or(key).as_bytes()) % SLOTS
}

/// CRC-16/XMODEM, as in the specification of Redis Cluster.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(
            crc ^ (u16::from(*byte) << 8),
            |crc, _| {
                if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 }
            },
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_those_that_redis_computes() {
        // The first is the example in the specification. The others are the answers of `CLUSTER KEYSLOT`.
        assert_eq!(crc16(b"123456789"), 0x31C3);
        assert_eq!(of("foo"), 12_182);
        assert_eq!(of("bull:{orders}:wait"), of("{orders}"));
        assert_eq!(of("orders"), of("{orders}:1"));
    }
}
