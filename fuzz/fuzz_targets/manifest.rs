//! Drives [`toril_schema::fuzz::manifest`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| toril_schema::fuzz::manifest(data));
