//! Drives [`toril::fuzz::job`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| toril::fuzz::job(data));
