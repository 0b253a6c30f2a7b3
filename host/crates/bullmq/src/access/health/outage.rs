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
    logged_at: Option<Instant>,
    /// When the last part recovered.
    over: Option<Instant>,
}

/// What a part of the host has logged about its problem with Redis. Dropped when the problem is over.
pub enum Reported {
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
    pub fn report(&self, reported: &mut Option<Reported>, error: &Error, own: impl FnOnce()) {
        match (&reported, is_temporary(error)) {
            (None, true) => *reported = Some(Reported::Away { _until: self.wait(error) }),
            (None | Some(Reported::Away { .. }), false) => {
                own();
                *reported = Some(Reported::Own);
            }
            (Some(_), true) | (Some(Reported::Own), false) => {}
        }
    }

    /// Reports an error that certainly comes from the connection.
    pub fn wait(&self, error: &dyn std::error::Error) -> Waiting {
        let mut state = self.state();
        state.waiting += 1;
        let is_late = state.over.is_some_and(|over| over.elapsed() < LATE);
        if state.waiting == 1 && !is_late {
            state.logged_at = Some(Instant::now());
            tracing::warn!(%error, "Redis is unavailable, retrying until it accepts requests again");
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
            if let Some(logged_at) = state.logged_at.take() {
                tracing::info!(away_ms = milliseconds(logged_at.elapsed()), "Redis is available again");
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
        (state.waiting, state.logged_at)
    }

    #[test]
    fn all_parts_wait_in_one_outage_and_a_late_one_begins_no_other() {
        let outage = Outage::default();
        let (one, two) = (outage.wait(&error(ErrorKind::Io)), outage.wait(&error(ErrorKind::Io)));
        let logged_at = outage.state().logged_at;
        assert!(logged_at.is_some());
        drop(one);
        assert_eq!(seen(&outage), (1, logged_at));
        drop(two);
        assert_eq!(seen(&outage), (0, None));
        let _late = outage.wait(&error(ErrorKind::Io));
        assert_eq!(seen(&outage), (1, None));
    }

    #[test]
    fn each_part_reports_a_problem_once_and_reports_its_own_errors_itself() {
        let (outage, mut reported, mut own) = (Outage::default(), None, 0);
        for kind in [ErrorKind::Io, ErrorKind::Io, ErrorKind::UnexpectedReturnType, ErrorKind::UnexpectedReturnType] {
            outage.report(&mut reported, &error(kind), || own += 1);
        }
        assert!(matches!(reported, Some(Reported::Own)));
        assert_eq!((own, outage.state().waiting), (1, 0));
    }
}
