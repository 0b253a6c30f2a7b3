//! Waiting until something is so. A test that sleeps for a fixed time instead is slow, or wrong on a busy machine.

use std::time::Duration;

use tokio::time::{Instant, sleep};

/// How often a condition is looked at.
pub const POLL: Duration = Duration::from_millis(20);

/// Long enough for anything on a busy machine: a test that waits this long has failed.
pub const LONG: Duration = Duration::from_secs(60);

/// What a condition answers: whether it holds, or what was waited for.
pub trait Awaited {
    /// What [`wait_until`] returns.
    type Value;

    /// The value, once it is there.
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

/// Asks again and again until the condition holds, and returns what it found.
///
/// ```ignore
/// let job = wait_until("the job to be completed", LONG, async || completed(&redis, "1").await).await;
/// ```
///
/// Panics when the bound has passed, and says what was waited for: "the job to be completed".
pub async fn wait_until<R: Awaited>(what: &str, bound: Duration, mut condition: impl AsyncFnMut() -> R) -> R::Value {
    match within(bound, &mut condition).await {
        Some(value) => value,
        None => panic!("waited {bound:?} for {what}, in vain"),
    }
}

/// The same without a panic: `None` when the bound has passed.
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
