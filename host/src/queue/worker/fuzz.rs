//! What a fuzzer drives of the worker.

use super::repeat;
use crate::queue::claimed::Claimed;

/// The next job of the scheduler that made this one, whatever that says.
pub fn next(job: &Claimed) {
    let now = 1_782_770_400_001;
    if let Ok(Some(next)) = repeat::next(job, now) {
        assert!(next.at == 0 || next.at >= now, "a scheduler goes back in time: {next:?}");
    }
}
