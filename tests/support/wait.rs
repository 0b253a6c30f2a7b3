//! Waiting for a condition. A test that sleeps for a fixed time instead is slow, or fails on a busy machine.

use std::time::Duration;

use tokio::time::{Instant, sleep};

/// Interval between two checks of a condition.
pub const POLL: Duration = Duration::from_millis(20);

/// Enough for anything on a busy machine, such as compiling a component of 12 MB while three other tests do the same. A
/// test that waits this long has failed.
pub const LONG: Duration = Duration::from_secs(300);

/// The result of a condition: whether it holds, or the awaited value.
pub trait Awaited {
    /// What [`wait_until`] returns.
    type Value;

    /// The value, if it is available.
    fn there(self) -> Option<Self::Value>;
}

impl Awaited for bool {
    type Value = ();

    fn there(self) -> Option<()> {
        self.then_some(())
    }
}

impl<T> Awaited for Option<T> {
    type Value = T;

    fn there(self) -> Option<T> {
        self
    }
}

/// Checks the condition repeatedly until it holds, and returns the value that it found.
///
/// ```ignore
/// let job = wait_until("the job to be completed", LONG, async || completed(&redis, "1").await).await;
/// ```
///
/// Panics after the time limit, with the description of the condition: "the job to be completed".
pub async fn wait_until<R: Awaited>(what: &str, bound: Duration, mut condition: impl AsyncFnMut() -> R) -> R::Value {
    match within(bound, &mut condition).await {
        Some(value) => value,
        None => panic!("timed out after {bound:?} waiting for {what}"),
    }
}

/// The same without a panic: `None` after the time limit.
pub async fn within<R: Awaited>(bound: Duration, mut condition: impl AsyncFnMut() -> R) -> Option<R::Value> {
    let end = Instant::now() + bound;
    loop {
        if let Some(value) = condition().await.there() {
            return Some(value);
        }
        if Instant::now() >= end {
            return None;
        }
        sleep(POLL).await;
    }
}
