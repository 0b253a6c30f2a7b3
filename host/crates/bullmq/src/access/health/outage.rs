//! Whether Redis accepts the host's requests. Many parts of a host notice an outage. The log mentions it once.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bullmq::Error;

use super::backoff::is_temporary;
use crate::clock::milliseconds;

/// A part that fails within this time after the others have recovered belongs to the same outage.
const LATE: Duration = Duration::from_secs(10);

/// The state of an outage, shared by all parts of a host.
#[derive(Clone, Default)]
pub struct Outage(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// How many parts wait for Redis now.
    waiting: usize,
    /// When the outage was logged.
    told: Option<Instant>,
    /// When the last part recovered.
    over: Option<Instant>,
}

/// What a part of the host has logged about its problem with Redis. Dropped when the problem is over.
pub enum Said {
    /// That Redis is away, for all parts.
    Away { _until: Waiting },
    /// An error of its own.
    Own,
}

/// One part that waits for Redis, until it is dropped.
pub struct Waiting(Outage);

impl Outage {
    /// Reports an error after which a part of the host tries again. Each part logs its problem once. If Redis is away,
    /// one line is logged for all parts, and another one when all have recovered. Any other error is logged by `own`.
    pub fn tell(&self, said: &mut Option<Said>, error: &Error, own: impl FnOnce()) {
        match (&said, is_temporary(error)) {
            (None, true) => *said = Some(Said::Away { _until: self.wait(error) }),
            (None | Some(Said::Away { .. }), false) => {
                own();
                *said = Some(Said::Own);
            }
            (Some(_), true) | (Some(Said::Own), false) => {}
        }
    }

    /// Reports an error that certainly comes from the connection.
    pub fn wait(&self, error: &dyn std::error::Error) -> Waiting {
        let mut state = self.state();
        state.waiting += 1;
        let is_late = state.over.is_some_and(|over| over.elapsed() < LATE);
        if state.waiting == 1 && !is_late {
            state.told = Some(Instant::now());
            tracing::warn!(%error, "Redis is away or takes nothing, trying again until it does");
        }
        drop(state);
        Waiting(self.clone())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.waiting -= 1;
        if state.waiting == 0 {
            state.over = Some(Instant::now());
            if let Some(told) = state.told.take() {
                tracing::info!(away_ms = milliseconds(told.elapsed()), "Redis is back");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use redis::{ErrorKind, RedisError};

    use super::*;

    fn error(kind: ErrorKind) -> Error {
        Error::Redis(RedisError::from((kind, "test")))
    }

    /// How many parts wait, and when the outage was logged.
    fn seen(outage: &Outage) -> (usize, Option<Instant>) {
        let state = outage.state();
        (state.waiting, state.told)
    }

    #[test]
    fn all_parts_wait_in_one_outage_and_a_late_one_begins_no_other() {
        let outage = Outage::default();
        let (one, two) = (outage.wait(&error(ErrorKind::Io)), outage.wait(&error(ErrorKind::Io)));
        let told = outage.state().told;
        assert!(told.is_some());
        drop(one);
        assert_eq!(seen(&outage), (1, told));
        drop(two);
        assert_eq!(seen(&outage), (0, None));
        let _late = outage.wait(&error(ErrorKind::Io));
        assert_eq!(seen(&outage), (1, None));
    }

    #[test]
    fn a_part_says_one_thing_once_and_what_is_not_the_connections_by_itself() {
        let (outage, mut said, mut own) = (Outage::default(), None, 0);
        for kind in [ErrorKind::Io, ErrorKind::Io, ErrorKind::UnexpectedReturnType, ErrorKind::UnexpectedReturnType] {
            outage.tell(&mut said, &error(kind), || own += 1);
        }
        assert!(matches!(said, Some(Said::Own)));
        assert_eq!((own, outage.state().waiting), (1, 0));
    }
}
