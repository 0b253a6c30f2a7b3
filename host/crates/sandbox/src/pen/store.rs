//! The store of a pen, with its limits of memory, fuel and time.

use std::fmt;
use std::time::Instant;

use wasmtime::{Store, Trap, UpdateDeadline};

use super::linker::GuestPre;
use super::state::PenState;
use crate::limits;
use crate::settings::Settings;

/// Fuel of a pen whose plugin has no fuel limit. Fuel is still counted.
pub const UNLIMITED_FUEL: u64 = u64::MAX;

/// Creates a store in which the limits of a plugin's settings apply.
pub fn new(pre: &GuestPre, state: PenState, settings: &Settings) -> wasmtime::Result<Store<PenState>> {
    let mut store = Store::new(pre.instance_pre().engine(), state);
    store.limiter(|state| &mut state.limits);
    // One host call transfers the whole result, plus some overhead.
    store.set_hostcall_fuel(settings.max_result.saturating_add(limits::HOSTCALL_FUEL));
    refill(&mut store, settings)?;
    store.epoch_deadline_callback(|store| {
        if Instant::now() >= store.data().job.deadline {
            return Err(DeadlinePassed.into());
        }
        Ok(UpdateDeadline::Yield(1))
    });
    Ok(store)
}

/// Gives the next job its fuel and its first time slice.
pub fn refill(store: &mut Store<PenState>, settings: &Settings) -> wasmtime::Result<()> {
    store.set_fuel(settings.fuel.unwrap_or(UNLIMITED_FUEL))?;
    store.set_epoch_deadline(1);
    Ok(())
}

/// The fuel that a call has used. It is unknown for a call that was interrupted or that trapped: a guest keeps the
/// count to itself while it computes, and updates the store only when it returns.
pub fn fuel_used<T>(
    store: &Store<PenState>,
    returned: Option<&wasmtime::Result<T>>,
    limit: Option<u64>,
) -> Option<u64> {
    match returned? {
        Ok(_) => store.get_fuel().ok().map(|left| limit.unwrap_or(UNLIMITED_FUEL).saturating_sub(left)),
        Err(error) if matches!(error.downcast_ref(), Some(Trap::OutOfFuel)) => limit,
        Err(_) => None,
    }
}

/// The trap for a guest that is still computing at its deadline. It is a trap so that the error contains the guest's
/// stack. A guest that waits in a host call is ended by the timer around the call instead.
#[derive(Debug)]
pub struct DeadlinePassed;

impl fmt::Display for DeadlinePassed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the deadline has passed")
    }
}

impl std::error::Error for DeadlinePassed {}
