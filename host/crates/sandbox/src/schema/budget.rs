//! The budget of one check of data against a schema. Every subschema that meets a value takes a step, and so does every
//! character that a regular expression looks at. Both come from others, and neither may hold the host's threads.

/// Steps for any data, and for each byte of it. Even a schema with hundreds of alternatives for each value stays below.
const STEPS: u64 = 1_000_000;
const STEPS_PER_BYTE: u64 = 256;
/// Steps for describing what does not fit, which happens in one go.
pub const DESCRIBING: u64 = 500_000;
/// Steps after which the check lets others use its thread: about a millisecond.
const SLICE: u64 = 50_000;
/// Steps of work that cannot be interrupted, such as comparing two large values.
const PIECE: u64 = 4_000_000;

/// The check takes more steps than it may.
#[derive(Debug, PartialEq, Eq)]
pub struct Spent;

/// Counts steps.
#[derive(Debug)]
pub struct Budget {
    left: u64,
    /// Steps since the last pause.
    in_slice: u64,
}

impl Budget {
    /// This many steps.
    pub fn new(steps: u64) -> Self {
        Self { left: steps, in_slice: 0 }
    }

    /// The steps for data of this many bytes.
    pub fn for_bytes(bytes: usize) -> Self {
        Self::new((bytes as u64).saturating_mul(STEPS_PER_BYTE).saturating_add(STEPS))
    }

    /// Takes steps. After an error no further step can be taken.
    pub fn take(&mut self, steps: u64) -> Result<(), Spent> {
        self.in_slice = self.in_slice.saturating_add(steps);
        if steps > self.left || self.in_slice > PIECE {
            self.left = 0;
            return Err(Spent);
        }
        self.left -= steps;
        Ok(())
    }

    /// Whether it is time to let others use the thread.
    pub fn is_pause_due(&self) -> bool {
        self.in_slice >= SLICE
    }

    /// Begins the next slice.
    pub fn resume(&mut self) {
        self.in_slice = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spent_budget_gives_nothing_more() {
        let mut budget = Budget::new(10);
        assert_eq!((budget.take(10), budget.take(1), budget.take(0)), (Ok(()), Err(Spent), Ok(())));
    }

    #[test]
    fn a_slice_ends_and_the_next_one_begins() {
        let mut budget = Budget::for_bytes(0);
        budget.take(SLICE).expect("within the budget");
        assert!(budget.is_pause_due());
        budget.resume();
        assert!(!budget.is_pause_due());
    }

    #[test]
    fn work_that_cannot_be_interrupted_has_a_bound_of_its_own() {
        let mut budget = Budget::new(u64::MAX);
        assert_eq!(budget.take(PIECE), Ok(()));
        assert_eq!(budget.take(1), Err(Spent));
    }
}
