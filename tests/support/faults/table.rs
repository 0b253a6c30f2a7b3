//! The results of all rounds as a table.

use std::fmt;
use std::time::Duration;

use super::fault::Fault;
use super::ledger::By;
use super::round::Outcome;

/// One row for each kind of fault.
#[derive(Debug, Default)]
pub struct Table(Vec<Row>);

/// All rounds of one kind.
#[derive(Debug)]
struct Row {
    /// `None`: all kinds mixed.
    fault: Option<Fault>,
    /// The seed of its first round.
    seed: u64,
    rounds: usize,
    strikes: usize,
    jobs: usize,
    forgotten: usize,
    lost: usize,
    stuck: usize,
    wrong: usize,
    /// Jobs that ran twice, by Toril's hosts and by BullMQ's workers.
    twice: (usize, usize),
    /// Jobs with an interrupted run.
    interrupted: usize,
    recoveries: Vec<Duration>,
}

impl Table {
    /// Adds a round.
    pub fn add(&mut self, fault: Option<Fault>, seed: u64, outcome: &Outcome) {
        let at = self.0.iter().position(|row| row.fault == fault).unwrap_or_else(|| {
            self.0.push(Row::new(fault, seed));
            self.0.len() - 1
        });
        self.0[at].add(outcome);
    }

    /// Whether no job was lost, got stuck, or finished differently than planned.
    pub fn is_clean(&self) -> bool {
        self.0.iter().all(|row| row.lost + row.stuck + row.wrong == 0)
    }
}

impl Row {
    fn new(fault: Option<Fault>, seed: u64) -> Self {
        Self {
            fault,
            seed,
            rounds: 0,
            strikes: 0,
            jobs: 0,
            forgotten: 0,
            lost: 0,
            stuck: 0,
            wrong: 0,
            twice: (0, 0),
            interrupted: 0,
            recoveries: Vec::new(),
        }
    }

    fn add(&mut self, outcome: &Outcome) {
        let account = &outcome.account;
        self.rounds += 1;
        self.strikes += outcome.strikes;
        self.jobs += account.jobs;
        self.forgotten += outcome.forgotten;
        self.lost += account.lost.len();
        self.stuck += account.stuck.len();
        self.wrong += account.wrong.len();
        self.twice.0 += account.doubles_by(By::Toril);
        self.twice.1 += account.doubles_by(By::Node);
        self.interrupted += account.doubles.iter().filter(|double| !double.finished).count();
        self.recoveries.extend(&outcome.recoveries);
    }

    /// The median and the maximum recovery time.
    fn recovery(&self) -> Option<(Duration, Duration)> {
        let mut all = self.recoveries.clone();
        all.sort_unstable();
        Some((*all.get(all.len() / 2)?, *all.last()?))
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| fault | rounds | faults | jobs | lost | stuck | ended wrongly | run twice | recovered, median | at most | seed |"
        )?;
        writeln!(f, "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")?;
        for row in &self.0 {
            let name = row.fault.map_or("all of them, in any order", Fault::name);
            let jobs = match row.forgotten {
                0 => row.jobs.to_string(),
                forgotten => format!("{} (and {forgotten} that Redis lost)", row.jobs),
            };
            let twice = match row.twice {
                (0, 0) => "0".to_owned(),
                (toril, 0) => format!("{toril} ({} interrupted)", row.interrupted),
                (toril, node) => format!("{} ({} interrupted, {node} by Node)", toril + node, row.interrupted),
            };
            let (median, most) = row.recovery().unwrap_or_default();
            let Row { rounds, strikes, lost, stuck, wrong, seed, .. } = row;
            writeln!(
                f,
                "| {name} | {rounds} | {strikes} | {jobs} | {lost} | {stuck} | {wrong} | {twice} | {:.2} s | {:.2} s | {seed} |",
                median.as_secs_f64(),
                most.as_secs_f64()
            )?;
        }
        Ok(())
    }
}
