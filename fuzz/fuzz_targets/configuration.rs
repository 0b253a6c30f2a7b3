//! Drives [`toril::fuzz::configuration`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| toril::fuzz::configuration(data));
