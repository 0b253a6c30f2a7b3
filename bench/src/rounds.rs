//! The contenders take turns, so that other load on the machine affects all of them. The medians count.

use std::fmt::{self, Display};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use anyhow::Result;

/// Maximum duration of one turn.
const TURN: Duration = Duration::from_secs(120);

static BEGUN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Why a figure is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// A turn took too long.
    DidNotFinish,
    /// A turn failed with an error, which was printed.
    Failed,
}

impl Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DidNotFinish => "did not finish",
            Self::Failed => "failed",
        })
    }
}

/// A figure, or why it is missing.
pub type Measured<T> = Result<T, Missing>;

/// Prints the progress to the terminal, with the time since the beginning.
pub fn progress(text: impl Display) {
    let seconds = BEGUN.elapsed().as_secs();
    eprintln!("[{:2}:{:02}] {text}", seconds / 60, seconds % 60);
}

/// The turns of one comparison.
pub struct Turns<'a> {
    what: &'a str,
    rounds: usize,
    limit: Duration,
}

impl<'a> Turns<'a> {
    /// This many rounds of a comparison.
    pub fn of(what: &'a str, rounds: usize) -> Self {
        Self { what, rounds, limit: TURN }
    }

    /// Gives every contender a turn in each round. One that fails or does not finish gets no further turn, and the
    /// others continue.
    pub async fn taken<K: Copy, T>(
        &self,
        everyone: &[K],
        title: impl Fn(K) -> String,
        mut take: impl AsyncFnMut(K) -> Result<T>,
        shown: impl Fn(&T) -> String,
    ) -> Vec<(K, Measured<Vec<T>>)> {
        let Self { what, rounds, limit } = *self;
        let mut all: Vec<_> = everyone.iter().map(|one| (*one, Ok(Vec::new()))).collect();
        for round in 1..=rounds {
            for (one, so_far) in &mut all {
                let Ok(figures) = so_far else { continue };
                let taken = tokio::time::timeout(limit, take(*one)).await;
                let turn = format!("{what}, round {round} of {rounds}: {}", title(*one));
                match taken {
                    Ok(Ok(figure)) => {
                        progress(format!("{turn}: {}", shown(&figure)));
                        figures.push(figure);
                    }
                    Ok(Err(error)) => {
                        progress(format!("{turn}: {error:#}"));
                        *so_far = Err(Missing::Failed);
                    }
                    Err(_) => {
                        progress(format!("{turn}: did not finish within {limit:?}"));
                        *so_far = Err(Missing::DidNotFinish);
                    }
                }
            }
        }
        all
    }
}

/// The median of one figure of several turns.
pub fn middle<T>(turns: &[T], figure: impl Fn(&T) -> f64) -> f64 {
    median(turns.iter().map(figure).collect())
}

/// The median of some numbers, 0 if there are none.
pub fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    let middle = numbers.len() / 2;
    match (numbers.len() % 2, numbers.get(middle)) {
        (_, None) => 0.0,
        (1, Some(number)) => *number,
        (_, Some(number)) => f64::midpoint(numbers[middle - 1], *number),
    }
}

#[cfg(test)]
mod tests {
    use anyhow::bail;

    use super::*;

    #[test]
    fn the_median_is_the_middle_one_or_between_the_middle_two() {
        assert_eq!((median(vec![3.0, 1.0, 2.0]), median(vec![4.0, 1.0, 2.0, 3.0]), median(vec![])), (2.0, 2.5, 0.0));
    }

    #[tokio::test]
    async fn a_contender_that_fails_or_does_not_finish_gets_no_further_turn_and_the_others_continue() {
        let mut taken = Vec::new();
        let take = async |one: &'static str| {
            taken.push(one);
            match one {
                "fails" => bail!("it cannot"),
                "hangs" => std::future::pending().await,
                _ => Ok(taken.len()),
            }
        };
        let turns = Turns { limit: Duration::from_millis(1), ..Turns::of("a test", 2) };
        let all = turns.taken(&["fails", "hangs", "works"], str::to_owned, take, usize::to_string).await;
        let expected =
            [("fails", Err(Missing::Failed)), ("hangs", Err(Missing::DidNotFinish)), ("works", Ok(vec![3, 4]))];
        assert_eq!(all, expected);
    }
}
