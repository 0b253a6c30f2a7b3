//! Drives [`toril_postgres::fuzz::connection_string`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| toril_postgres::fuzz::connection_string(data));
