//! The fuzz target of schedules.

use super::legacy::next as next_repetition;
use super::next::next as next_iteration;
use crate::claimed::Claimed;

/// Computes the next job after this one, with any schedule.
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
