//! Drives [`toril_sandbox::fuzz::manifest`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| toril_sandbox::fuzz::manifest(data));
