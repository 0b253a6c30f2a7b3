//! Drives [`toril::fuzz::request`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| toril::fuzz::request(data));
