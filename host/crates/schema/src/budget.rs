//! The work budget of checking data against a schema. Each application of a subschema to a value costs a step, and so
//! does each character that a regular expression reads. Schemas and data are untrusted, so neither may block the host's
//! threads.

/// Steps for any data, plus steps per byte of data. Even a schema with hundreds of alternatives for each value needs
/// fewer.
const STEPS: u64 = 1_000_000;
const STEPS_PER_BYTE: u64 = 256;
/// Steps for describing the problems, which runs without a pause.
pub const DESCRIBING: u64 = 500_000;
/// After this many steps the check yields its thread: about a millisecond.
const SLICE: u64 = 50_000;
/// Maximum steps of work that cannot be interrupted, such as comparing two large values.
const PIECE: u64 = 4_000_000;

/// The check has exceeded its budget.
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
    /// A budget of this many steps.
    pub fn new(steps: u64) -> Self {
        Self { left: steps, in_slice: 0 }
    }

    /// The budget for data of this many bytes.
    pub fn for_bytes(bytes: usize) -> Self {
        Self::new((bytes as u64).saturating_mul(STEPS_PER_BYTE).saturating_add(STEPS))
    }

    /// Takes steps from the budget. After an error, every further call fails too.
    pub fn take(&mut self, steps: u64) -> Result<(), Spent> {
        self.in_slice = self.in_slice.saturating_add(steps);
        if steps > self.left || self.in_slice > PIECE {
            self.left = 0;
            return Err(Spent);
        }
        self.left -= steps;
        Ok(())
    }

    /// Whether the check should yield its thread now.
    pub fn is_pause_due(&self) -> bool {
        self.in_slice >= SLICE
    }

    /// Starts the next slice.
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
