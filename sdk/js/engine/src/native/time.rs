//! Timers, clocks and random numbers.

use rquickjs::{Ctx, Function, Object, Persistent, TypedArray, prelude::Func};
use std::cell::Cell;
use wasip2::clocks::{monotonic_clock, wall_clock};
use wasip2::random::random;

use crate::{event_loop, realm};

/// The most random bytes that one call returns, as for `crypto.getRandomValues`.
const MOST_RANDOM: usize = 65_536;

pub fn install(native: &Object<'_>) -> rquickjs::Result<()> {
    native.set("live", Func::from(realm::is_live))?;
    native.set("setTimer", Func::from(set_timer))?;
    native.set("clearTimer", Func::from(event_loop::clear_timer))?;
    native.set("now", Func::from(|| if realm::is_live() { monotonic_clock::now() as f64 / 1e6 } else { 0.0 }))?;
    native.set("wallClock", Func::from(|| micros() / 1e3))?;
    native.set("random", Func::from(next_random))?;
    native.set("randomBytes", Func::from(random_bytes))
}

fn set_timer<'js>(ctx: Ctx<'js>, ms: f64, callback: Function<'js>) -> u32 {
    event_loop::set_timer(ms, Persistent::save(&ctx, callback))
}

fn micros() -> f64 {
    if !realm::is_live() {
        return 0.0;
    }
    let now = wall_clock::now();
    now.seconds as f64 * 1e6 + f64::from(now.nanoseconds / 1000)
}

/// The clock of QuickJS's `Date`, in microseconds since the Unix epoch.
#[unsafe(no_mangle)]
extern "C" fn __rquickjs_host_now_us() -> f64 {
    micros()
}

thread_local! {
    /// The state of `Math.random`. 0 until a job uses it for the first time, so that no snapshot freezes it.
    static STATE: Cell<u64> = const { Cell::new(0) };
}

/// `Math.random`: SplitMix64 with a seed from the host. Not for secrets, as everywhere.
fn next_random() -> f64 {
    if !realm::is_live() {
        return 0.5;
    }
    let state = match STATE.get() {
        0 => random::get_random_u64() | 1,
        state => state,
    };
    let state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    STATE.set(state);
    let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

fn random_bytes(ctx: Ctx<'_>, count: usize) -> rquickjs::Result<TypedArray<'_, u8>> {
    if !realm::is_live() {
        return Err(super::type_error(
            &ctx,
            "random bytes are not available at the top level and in warmup(), because every job would get the same ones: make them in the handler",
        ));
    }
    if count > MOST_RANDOM {
        return Err(super::type_error(&ctx, "at most 65,536 random bytes in one call"));
    }
    TypedArray::new(ctx, random::get_random_bytes(count as u64))
}
