//! Drives [`toril::fuzz::form`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| toril::fuzz::form(data));
