//! The values of `H` in a pattern, either random or derived from a seed.
//!
//! A seed gives the same values as in Node: FNV-1a over the seed's UTF-16 units, then mulberry32. Both algorithms are
//! in the public domain.

/// A generator of numbers in the range from 0 (included) to 1 (excluded).
pub struct Random(u32);

impl Random {
    /// The same seed gives the same numbers. An empty seed counts as none.
    pub fn new(seed: Option<&str>) -> Self {
        match seed.filter(|seed| !seed.is_empty()) {
            Some(seed) => Self(
                seed.encode_utf16().fold(2_166_136_261, |hash, unit| (hash ^ u32::from(unit)).wrapping_mul(16_777_619)),
            ),
            None => Self(fastrand::u32(..)),
        }
    }

    /// The next number.
    pub fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x6d2b_79f5);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 15)).wrapping_mul(mixed | 1);
        mixed ^= mixed.wrapping_add((mixed ^ (mixed >> 7)).wrapping_mul(mixed | 61));
        f64::from(mixed ^ (mixed >> 14)) / 4_294_967_296.0
    }
}
