//! Drives [`toril_server::fuzz::form`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| toril_server::fuzz::form(data));
