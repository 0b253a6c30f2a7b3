//! Drives [`toril_sandbox::fuzz::component`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| toril_sandbox::fuzz::component(data));
