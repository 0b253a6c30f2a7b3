//! A lease, which ensures that only one job at a time syncs a repository. Other jobs are deferred, which uses none of
//! their attempts.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use toril_plugin::kv::Store;
use toril_plugin::{Failure, clock, context, log};

use super::{document, keys};

/// Maximum delay before a deferred job tries again.
const RETRY_DELAY: Duration = Duration::from_secs(2);

/// How much longer the lease lasts if its attempt ran out of time and the job runs again at once.
const GRACE: Duration = Duration::from_secs(60);

/// The right to write the data of one repository. It expires with the attempt, which is interrupted at its deadline.
pub struct Lease<'a> {
    store: &'a Store,
    id: u64,
    job: &'a str,
    /// A fencing token, which grows with each lease. An attempt that finds another number than its own has lost the
    /// lease.
    number: u64,
    is_extended: bool,
}

/// Releases the lease however the attempt ends, so that the next job need not wait until it expires.
impl Drop for Lease<'_> {
    fn drop(&mut self) {
        if self.release().is_err() {
            log::debug("the lease of the repository could not be released: it expires by itself");
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Document {
    job: String,
    /// In milliseconds since the Unix epoch.
    until: u64,
}

impl<'a> Lease<'a> {
    /// Takes the lease. Defers the job if another job holds it.
    pub fn take(store: &'a Store, id: u64, job: &'a str) -> Result<Self, Failure> {
        let held: Option<Document> = document(store.get(&keys::lease(id))?.as_ref());
        if let Some(held) = held
            && held.job != job
            && let Some(left) = held.until.checked_sub(millis(clock::now())).filter(|left| *left > 0)
        {
            return Err(Failure::defer(Duration::from_millis(left).min(RETRY_DELAY)));
        }
        let number = store.increment(&keys::fence(id), 1)?;
        let lease = Self { store, id, job, number, is_extended: false };
        lease.hold(Duration::ZERO)?;
        Ok(lease)
    }

    /// The key of the value that [`Lease::check`] needs.
    pub fn fence(&self) -> String {
        keys::fence(self.id)
    }

    /// Checks that this attempt still holds the lease. If two attempts took it at the same moment, the loser is
    /// detected here before it writes.
    pub fn check(&self, fence: Option<&Vec<u8>>) -> Result<(), Failure> {
        if document(fence) == Some(self.number) { Ok(()) } else { Err(Failure::defer(RETRY_DELAY)) }
    }

    /// Keeps the lease for the job's next attempt, which runs at once. If that does not happen, the lease expires.
    pub fn extend(mut self) {
        self.is_extended = true;
    }

    fn release(&self) -> Result<(), Failure> {
        self.check(self.store.get(&self.fence())?.as_ref())?;
        if self.is_extended { self.hold(GRACE) } else { Ok(self.store.delete(&keys::lease(self.id))?) }
    }

    fn hold(&self, longer: Duration) -> Result<(), Failure> {
        let until = millis(clock::now() + context::remaining() + longer);
        Ok(self.store.set_json(&keys::lease(self.id), &Document { job: self.job.into(), until })?)
    }
}

fn millis(time: SystemTime) -> u64 {
    let since_epoch = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use toril_plugin::kv;

    use super::*;

    fn store() -> Store {
        kv::open().unwrap_or_else(|error| panic!("in memory: {error}"))
    }

    #[test]
    fn a_second_job_comes_back_later_and_has_it_once_the_first_has_ended() {
        let store = store();
        let Ok(first) = Lease::take(&store, 7, "a") else { panic!("it is free") };
        assert!(matches!(Lease::take(&store, 7, "b"), Err(Failure::Defer(_))));
        assert!(Lease::take(&store, 8, "b").is_ok(), "of another repository");
        drop(first);
        assert!(Lease::take(&store, 7, "b").is_ok());
    }

    #[test]
    fn another_attempt_of_the_same_job_takes_it_over() {
        let store = store();
        let (Ok(first), Ok(second)) = (Lease::take(&store, 7, "a"), Lease::take(&store, 7, "a")) else {
            panic!("taken")
        };
        let fence = store.get(&first.fence()).unwrap_or_default();
        assert!(matches!(first.check(fence.as_ref()), Err(Failure::Defer(_))));
        assert!(second.check(fence.as_ref()).is_ok());
        drop(first);
        assert!(matches!(Lease::take(&store, 7, "b"), Err(Failure::Defer(_))));
    }

    #[test]
    fn a_lease_that_is_extended_is_not_free() {
        let store = store();
        let Ok(first) = Lease::take(&store, 7, "a") else { panic!("it is free") };
        first.extend();
        assert!(matches!(Lease::take(&store, 7, "b"), Err(Failure::Defer(_))));
        assert!(Lease::take(&store, 7, "a").is_ok());
    }

    #[test]
    fn a_lease_whose_time_is_over_is_free() {
        let store = store();
        let over = Document { job: "a".into(), until: 1 };
        assert!(store.set_json(&keys::lease(7), &over).is_ok());
        assert!(Lease::take(&store, 7, "b").is_ok());
    }
}
