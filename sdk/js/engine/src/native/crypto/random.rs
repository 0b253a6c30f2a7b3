//! The host's random numbers, for the crates that make keys.

use std::convert::Infallible;

use rquickjs::Ctx;
use toril_js_crypto::rand_core::{TryCryptoRng, TryRng};
use wasip2::random::random;

use super::failed;
use crate::realm;

/// Exists only while a host runs this instance: a snapshot must not contain secrets.
pub struct HostRandom(());

impl HostRandom {
    pub fn new(ctx: &Ctx<'_>) -> rquickjs::Result<Self> {
        if realm::is_live() {
            Ok(Self(()))
        } else {
            Err(failed(
                ctx,
                "keys cannot be made at the top level and in warmup(), because every job would get the same ones: make them in the handler",
            ))
        }
    }
}

impl TryRng for HostRandom {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(random::get_random_u64() as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(random::get_random_u64())
    }

    fn try_fill_bytes(&mut self, target: &mut [u8]) -> Result<(), Infallible> {
        target.copy_from_slice(&random::get_random_bytes(target.len() as u64));
        Ok(())
    }
}

impl TryCryptoRng for HostRandom {}
