//! How many lines the attempts of one plugin may write to their jobs' logs in a second, all together: what one attempt may
//! write is bounded as well, but there may be any number of attempts.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Lines of one plugin that are kept in a second.
const A_SECOND: u32 = 5_000;

/// The lines that a plugin may still write.
#[derive(Debug)]
pub struct LineBudget(Mutex<Second>);

#[derive(Debug)]
struct Second {
    began: Instant,
    lines: u32,
}

impl LineBudget {
    /// Nothing was written yet.
    pub fn new() -> Self {
        Self(Mutex::new(Second { began: Instant::now(), lines: 0 }))
    }

    /// Takes a line. Whether there was one.
    pub fn take(&self) -> bool {
        self.take_at(Instant::now())
    }

    fn take_at(&self, now: Instant) -> bool {
        let mut second = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if now.saturating_duration_since(second.began) >= Duration::from_secs(1) {
            *second = Second { began: now, lines: 0 };
        }
        second.lines = second.lines.saturating_add(1);
        second.lines <= A_SECOND
    }

    /// What stands in a job's log, once, for lines that were not kept.
    pub fn notice() -> String {
        format!("lines are missing from here on: all attempts of the plugin together may write {A_SECOND} a second")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_has_so_many_lines_and_the_next_one_as_many_again() {
        let (budget, now) = (LineBudget::new(), Instant::now());
        let kept = |at| (0..A_SECOND + 3).filter(|_| budget.take_at(at)).count();
        assert_eq!(kept(now), A_SECOND as usize);
        assert_eq!(kept(now + Duration::from_millis(1_001)), A_SECOND as usize);
    }
}
