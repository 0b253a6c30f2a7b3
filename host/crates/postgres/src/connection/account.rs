//! What the calls and cursors of one borrower may take of the host's memory: their number, and the bytes of requests and
//! answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crate::error::Error;

/// The most calls that have not ended, or whose answers were not taken, and open cursors.
pub(super) const CALLS: usize = 256;
/// The most bytes of the statements and parameters of these calls and cursors.
const REQUESTS: usize = 32 * 1024 * 1024;
/// The answers that were not taken may have this many times `max_bytes`, and one more for each further statement that runs at
/// the same time on another connection.
const ANSWERS: u64 = 4;

/// What the calls and cursors of one borrower take.
#[derive(Debug, Default)]
pub(super) struct Account {
    calls: AtomicUsize,
    requests: AtomicUsize,
    answers: AtomicU64,
}

/// The share of one call or cursor. Dropping it gives it back.
#[derive(Debug)]
pub(super) struct Slot {
    account: Arc<Account>,
    request: usize,
    answer: u64,
}

impl Account {
    /// Takes a share for a call or cursor with a request of so many bytes.
    pub(super) fn admit(self: &Arc<Self>, request: usize) -> Result<Slot, Error> {
        let slot = Slot { account: self.clone(), request, answer: 0 };
        let calls = self.calls.fetch_add(1, Ordering::Relaxed);
        let requests = self.requests.fetch_add(request, Ordering::Relaxed);
        if calls >= CALLS {
            let reason =
                format!("the attempt has {CALLS} calls and cursors already. Take the answers, or drop some, first");
            return Err(Error::Invalid(reason));
        }
        if requests + request > REQUESTS {
            let megabytes = REQUESTS >> 20;
            let reason = format!(
                "the statements and parameters of the attempt's calls and cursors have more than {megabytes} MiB"
            );
            return Err(Error::Invalid(reason));
        }
        Ok(slot)
    }

    /// Whether there is room for one more answer of at most `max_bytes`.
    pub(super) fn has_room(&self, max_bytes: u64) -> Result<(), Error> {
        if self.answers.load(Ordering::Relaxed) <= max_bytes.saturating_mul(ANSWERS - 1) {
            return Ok(());
        }
        let reason = format!("the answers that were not taken have more than {} times max_bytes", ANSWERS - 1);
        Err(Error::TooLarge(reason))
    }
}

impl Slot {
    /// The call has ended: its request is gone, and there is an answer of so many bytes.
    pub(super) fn ended(&mut self, answer: u64) {
        self.account.requests.fetch_sub(std::mem::take(&mut self.request), Ordering::Relaxed);
        self.account.answers.fetch_add(answer, Ordering::Relaxed);
        self.answer += answer;
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.account.calls.fetch_sub(1, Ordering::Relaxed);
        self.account.requests.fetch_sub(self.request, Ordering::Relaxed);
        self.account.answers.fetch_sub(self.answer, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_limited_and_their_shares_come_back() {
        let account = Arc::new(Account::default());
        let slots: Vec<_> = (0..CALLS).map(|_| account.admit(0).unwrap()).collect();
        assert!(matches!(account.admit(0), Err(Error::Invalid(_))));

        drop(slots);

        assert!(account.admit(0).is_ok());
    }

    #[test]
    fn the_bytes_of_requests_are_limited_until_they_have_ended() {
        let account = Arc::new(Account::default());
        let mut first = account.admit(REQUESTS).unwrap();
        assert!(matches!(account.admit(1), Err(Error::Invalid(_))));

        first.ended(10);

        assert!(account.admit(REQUESTS).is_ok());
    }

    #[test]
    fn answers_that_nobody_takes_leave_no_room_for_more() {
        let account = Arc::new(Account::default());
        let mut first = account.admit(0).unwrap();
        first.ended(31);
        assert!(matches!(account.has_room(10), Err(Error::TooLarge(_))));

        drop(first);

        assert!(account.has_room(10).is_ok());
    }
}
