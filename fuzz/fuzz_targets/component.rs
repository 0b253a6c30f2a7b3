//! Drives [`toril::fuzz::component`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| toril::fuzz::component(data));
