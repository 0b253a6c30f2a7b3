//! What a fuzzer drives of the worker.

use super::repeat::{next_iteration, next_repetition};
use crate::claimed::Claimed;

/// The job that follows on this one in its schedule, whatever that says.
pub fn next(job: &Claimed) {
    let now = 1_782_770_400_001;
    if let Ok(Some(next)) = next_iteration(job, now) {
        assert!(next.at == 0 || next.at >= now, "a scheduler goes back in time: {next:?}");
    }
    if let Ok(Some(next)) = next_repetition(job, now) {
        assert!(next.at >= now, "a repeatable job goes back in time: {next:?}");
        let _named = next.job(&next.keys.plain);
    }
}
