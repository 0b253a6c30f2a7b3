//! Drives [`toril_config::fuzz::configuration`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| toril_config::fuzz::configuration(data));
