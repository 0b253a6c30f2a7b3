//! Combines file events that follow each other closely into one change. Knows nothing about which files matter.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

/// When a series of events counts as a change.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// The debounce time: events that are closer together belong to one change.
    pub quiet: Duration,
    /// The longest wait for a series of events to end, and the delay of events that only may be a change.
    pub longest: Duration,
}

/// Receives the events. Never blocks, so a watcher's callback can call it.
#[derive(Clone, Default)]
pub struct Events(Arc<Pending>);

#[derive(Default)]
struct Pending {
    certain: Notify,
    possible: Notify,
}

impl Events {
    /// A file that matters was written.
    pub fn changed(&self) {
        self.0.certain.notify_one();
    }

    /// Something happened that may affect a file that matters.
    pub fn maybe_changed(&self) {
        self.0.possible.notify_one();
    }
}

/// The changes.
pub struct Changes {
    changed: Arc<Notify>,
    _task: AbortOnDropHandle<()>,
}

impl Changes {
    /// Waits for the next change. Changes since the last call count as one. Cancel-safe.
    pub async fn next(&self) {
        self.changed.notified().await;
    }
}

/// Starts a coalescer. It ends when `Changes` is dropped. It is a task of its own, so that no event is lost if the
/// caller stops waiting.
pub fn coalesce(pace: Pace) -> (Events, Changes) {
    let (events, changed) = (Events::default(), Arc::new(Notify::new()));
    let task = tokio::spawn(pass_on(events.clone(), changed.clone(), pace));
    (events, Changes { changed, _task: AbortOnDropHandle::new(task) })
}

async fn pass_on(Events(pending): Events, changed: Arc<Notify>, pace: Pace) {
    let series = async || while timeout(pace.quiet, pending.certain.notified()).await.is_ok() {};
    loop {
        let certain = tokio::select! {
            biased;
            () = pending.certain.notified() => true,
            () = pending.possible.notified() => timeout(pace.longest, pending.certain.notified()).await.is_ok(),
        };
        if certain {
            let _either = timeout(pace.longest, series()).await;
        }
        changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Long enough that no test reaches it.
    const NEVER: Duration = Duration::from_secs(3600);

    #[tokio::test]
    async fn events_without_a_pause_are_one_change() {
        let (events, changes) = coalesce(Pace { quiet: Duration::from_millis(20), longest: NEVER });
        for _ in 0..10 {
            events.changed();
        }
        changes.next().await;
        assert!(timeout(Duration::from_millis(100), changes.next()).await.is_err());
        events.changed();
        changes.next().await;
    }

    #[tokio::test]
    async fn a_series_that_does_not_end_is_a_change_after_the_longest_wait() {
        let (events, changes) = coalesce(Pace { quiet: NEVER, longest: Duration::from_millis(20) });
        events.changed();
        changes.next().await;
    }

    #[tokio::test]
    async fn a_possible_change_counts_at_once_if_a_certain_one_follows() {
        let (events, changes) = coalesce(Pace { quiet: Duration::from_millis(1), longest: NEVER });
        events.maybe_changed();
        tokio::task::yield_now().await;
        events.changed();
        changes.next().await;
    }

    #[tokio::test]
    async fn a_possible_change_alone_counts_after_the_longest_wait() {
        let (events, changes) = coalesce(Pace { quiet: NEVER, longest: Duration::from_millis(20) });
        events.maybe_changed();
        changes.next().await;
    }
}
