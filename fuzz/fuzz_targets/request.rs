//! Drives [`toril_server::fuzz::request`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| toril_server::fuzz::request(data));
