//! Drives [`toril_bullmq::fuzz::job`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| toril_bullmq::fuzz::job(data));
