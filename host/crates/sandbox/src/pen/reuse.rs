//! Decides whether a pen of a plugin with `isolation = "reuse"` may run another job or is dropped.

use std::num::NonZeroU32;

use crate::limits::RESOURCES;

/// Maximum number of resources that a pen may keep between jobs. Language engines collect garbage only now and then.
const KEPT: usize = RESOURCES / 8;

/// The history of a pen.
#[derive(Debug, Default)]
pub struct Uses {
    jobs: u32,
    /// Its memory after the first job, in bytes.
    first: usize,
}

/// What a pen holds at the end of a job.
#[derive(Clone, Copy, Debug, Default)]
pub struct Held {
    /// Linear memory in bytes.
    pub memory: usize,
    /// Host resources: streams, requests, header lists, …
    pub resources: usize,
}

impl Uses {
    /// Counts a successful job after which the pen holds `held`. Returns whether the pen may run another job. It may
    /// not after `most` jobs, or when it holds so much that a later job could fail because of it.
    pub fn another(&mut self, held: Held, most: NonZeroU32, memory_limit: usize) -> bool {
        self.jobs += 1;
        if self.jobs == 1 {
            self.first = held.memory;
        }
        let grown = held.memory > self.first && (held.memory > memory_limit / 2 || held.memory / 2 > self.first);
        self.jobs < most.get() && held.resources <= KEPT && !grown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1 << 20;

    /// The number of the job after which a pen is dropped that holds these values, with a memory limit of 64 MiB.
    fn given_up(held: impl IntoIterator<Item = (usize, usize)>, most: u32) -> Option<usize> {
        let (mut uses, most) = (Uses::default(), NonZeroU32::new(most).expect("not 0"));
        let mut held = held.into_iter().map(|(memory, resources)| Held { memory, resources });
        held.position(|held| !uses.another(held, most, 64 * MIB)).map(|at| at + 1)
    }

    #[test]
    fn a_pen_is_given_up_after_so_many_jobs() {
        assert_eq!(given_up([(MIB, 0); 9], 5), Some(5));
        assert_eq!(given_up([(MIB, 0); 9], 1), Some(1));
        assert_eq!(given_up([(MIB, 0); 9], 10), None);
    }

    #[test]
    fn some_resources_may_be_kept() {
        assert_eq!(given_up([(MIB, 0), (MIB, KEPT), (MIB, KEPT + 1)], 10), Some(3));
    }

    #[test]
    fn memory_may_double_and_no_more() {
        assert_eq!(given_up([(MIB, 0), (2 * MIB, 0), (4 * MIB, 0)], 10), Some(3));
    }

    #[test]
    fn beyond_half_of_what_it_may_have_memory_may_not_grow() {
        assert_eq!(given_up([(30 * MIB, 0), (32 * MIB, 0), (33 * MIB, 0)], 10), Some(3));
        assert_eq!(given_up([(60 * MIB, 0); 9], 10), None);
    }
}
