//! Calls to the host, with one implementation for each kind of target. The public modules add types.

use std::time::Duration;

#[cfg(target_arch = "wasm32")]
mod component;
#[cfg(target_arch = "wasm32")]
pub(crate) use component::*;

#[cfg(not(target_arch = "wasm32"))]
mod stand_in;
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use stand_in::*;

/// A duration in whole milliseconds, rounded up so that nothing runs too early.
#[cfg_attr(not(target_arch = "wasm32"), allow(dead_code, reason = "only components send times to a host"))]
pub(crate) fn whole_millis(time: Duration) -> u64 {
    u64::try_from(time.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_millisecond_are_rounded_up_and_nothing_overflows() {
        assert_eq!(whole_millis(Duration::ZERO), 0);
        assert_eq!(whole_millis(Duration::from_micros(1)), 1);
        assert_eq!(whole_millis(Duration::from_millis(20)), 20);
        assert_eq!(whole_millis(Duration::MAX), u64::MAX);
    }
}
