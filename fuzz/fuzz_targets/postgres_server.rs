//! Drives [`toril_postgres::fuzz::server`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| toril_postgres::fuzz::server(data));
