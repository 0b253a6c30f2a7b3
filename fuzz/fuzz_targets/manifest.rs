//! Drives [`toril::fuzz::manifest`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| toril::fuzz::manifest(data));
