//! The open connections, and which one to close when there are too many. Knows nothing about sockets.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio_util::sync::{CancellationToken, WaitForCancellationFuture};

/// How long a response must take before its connection may be closed to make room. Longer than any request waits for
/// Redis.
const LONG: Duration = Duration::from_secs(60);

/// The state of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Waiting for a request or for the rest of one.
    Receiving,
    /// Has received a request, and has not sent the whole response.
    Answering,
    /// Sending an event stream.
    Streaming,
}

/// All open connections.
#[derive(Default)]
pub struct Table {
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    last: u64,
    entries: BTreeMap<u64, Entry>,
}

struct Entry {
    stage: Stage,
    since: Instant,
    close: CancellationToken,
}

/// One connection's entry in the table. Dropping it removes the entry.
pub struct Place {
    table: Arc<Table>,
    number: u64,
    close: CancellationToken,
}

impl Table {
    /// Adds a new connection, which waits for its first request.
    pub fn enter(self: &Arc<Self>) -> Arc<Place> {
        let close = CancellationToken::new();
        let mut open = self.open();
        open.last += 1;
        let number = open.last;
        open.entries.insert(number, Entry { stage: Stage::Receiving, since: Instant::now(), close: close.clone() });
        Arc::new(Place { table: self.clone(), number, close })
    }

    /// Closes the connection that has waited longest for a request. If there is none, closes the one whose response
    /// has taken longest, provided that it took more than a minute. Returns false if there is no such connection.
    /// Never closes event streams.
    pub fn close_one(&self, now: Instant) -> bool {
        let mut open = self.open();
        let oldest = |stage: Stage, least: Duration| {
            let open = open.entries.iter().filter(|(_, entry)| entry.stage == stage);
            let open = open.filter(|(_, entry)| now.saturating_duration_since(entry.since) >= least);
            open.min_by_key(|(number, entry)| (entry.since, **number)).map(|(number, _)| *number)
        };
        let found = oldest(Stage::Receiving, Duration::ZERO).or_else(|| oldest(Stage::Answering, LONG));
        let Some(entry) = found.and_then(|number| open.entries.remove(&number)) else { return false };
        entry.close.cancel();
        true
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Sets the state of the connection.
    pub fn set(&self, stage: Stage) {
        if let Some(entry) = self.table.open().entries.get_mut(&self.number)
            && entry.stage != stage
        {
            (entry.stage, entry.since) = (stage, Instant::now());
        }
    }

    /// The state of the connection.
    pub fn stage(&self) -> Stage {
        self.table.open().entries.get(&self.number).map_or(Stage::Receiving, |entry| entry.stage)
    }

    /// Returns when the connection must be closed to make room.
    pub fn closed(&self) -> WaitForCancellationFuture<'_> {
        self.close.cancelled()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.table.open().entries.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(connections: usize) -> (Arc<Table>, Vec<Arc<Place>>) {
        let table = Arc::new(Table::default());
        let places = (0..connections).map(|_| table.enter()).collect();
        (table, places)
    }

    fn closed(places: &[Arc<Place>]) -> Vec<bool> {
        places.iter().map(|place| place.close.is_cancelled()).collect()
    }

    #[test]
    fn the_connection_that_waits_longest_for_a_request_is_closed_first() {
        let (table, places) = table(3);
        places[0].set(Stage::Answering);
        assert!(table.close_one(Instant::now()));
        assert_eq!(closed(&places), [false, true, false]);
        assert!(table.close_one(Instant::now()));
        assert_eq!(closed(&places), [false, true, true]);
    }

    #[test]
    fn a_connection_that_has_been_answered_waits_from_then_on() {
        let (table, places) = table(2);
        places[0].set(Stage::Answering);
        places[0].set(Stage::Receiving);
        assert!(table.close_one(Instant::now()));
        assert_eq!(closed(&places), [false, true]);
    }

    #[test]
    fn an_answer_is_cut_short_after_a_minute_and_an_event_stream_never() {
        let (table, places) = table(2);
        places[0].set(Stage::Streaming);
        places[1].set(Stage::Answering);
        let later = Instant::now() + LONG;
        assert!(!table.close_one(Instant::now()));
        assert!(table.close_one(later));
        assert_eq!(closed(&places), [false, true]);
        assert!(!table.close_one(later));
    }

    #[test]
    fn a_connection_that_has_ended_leaves_its_place() {
        let (table, places) = table(1);
        drop(places);
        assert!(!table.close_one(Instant::now()));
    }
}
