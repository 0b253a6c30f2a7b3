//! A round: a new fleet runs jobs while a fault strikes repeatedly. At the end, every job is accounted for.

use std::fmt;
use std::time::{Duration, Instant};

use fastrand::Rng;

use super::account::Account;
use super::fault::Fault;
use super::fleet::{Fleet, Setup, ended};
use super::jobs::Planned;
use super::ledger::By;
use crate::wait::{LONG, within};

/// The settings of a round.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// The fault. `None`: a random one of the faults that can be mixed, each time.
    pub fault: Option<Fault>,
    /// The seed of the jobs, moments and choices.
    pub seed: u64,
    /// The number of jobs.
    pub jobs: usize,
    /// The maximum number of strikes. There are fewer if all jobs finish earlier.
    pub strikes: usize,
    /// The duration of the longest run.
    pub longest: Duration,
}

impl Plan {
    /// A round of this fault.
    pub fn of(fault: Fault, seed: u64, jobs: usize, strikes: usize) -> Self {
        Self { fault: Some(fault), seed, jobs, strikes, longest: Duration::from_millis(300) }
    }

    /// A round of all faults that can be mixed.
    pub fn mixed(seed: u64, jobs: usize, strikes: usize) -> Self {
        Self { fault: None, seed, jobs, strikes, longest: Duration::from_millis(300) }
    }
}

/// The result of a round.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The outcome of every job.
    pub account: Account,
    /// The number of strikes.
    pub strikes: usize,
    /// The total number of jobs that ran at those moments.
    pub caught: usize,
    /// How long the recovery took each time.
    pub recoveries: Vec<Duration>,
    /// The number of jobs that Redis itself lost.
    pub forgotten: usize,
    /// Whether a job may have run twice.
    excused: bool,
}

impl Outcome {
    /// The violations, as sentences. Double runs of BullMQ's own workers do not count.
    pub fn complaints(&self) -> Vec<String> {
        let mut complaints = self.account.complaints();
        let doubles = self.account.doubles_by(By::Toril);
        if !self.excused && doubles > 0 {
            complaints.push(format!("{doubles} run twice: {:?}", self.account.doubles));
        }
        complaints
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { account, strikes, caught, recoveries, forgotten, .. } = self;
        let slowest = recoveries.iter().max().copied().unwrap_or_default();
        write!(
            f,
            "{} jobs, {} runs, {strikes} faults that caught {caught} jobs, slowest recovery {:.2} s, {} lost, {} stuck, \
             {} wrong, {} run twice",
            account.jobs,
            account.runs,
            slowest.as_secs_f64(),
            account.lost.len(),
            account.stuck.len(),
            account.wrong.len(),
            account.doubles.len(),
        )?;
        if *forgotten > 0 {
            write!(f, ", {forgotten} lost by Redis itself")?;
        }
        Ok(())
    }
}

/// Runs one round.
pub async fn run(plan: &Plan) -> Outcome {
    let mut random = Rng::with_seed(plan.seed);
    let setup = plan.fault.map_or_else(mixed, Fault::setup);
    let mut fleet = Fleet::start(setup).await;
    let mut jobs = Planned::many(&mut random, 0, plan.jobs, plan.longest);
    fleet.add(&jobs).await;

    let mut outcome = Outcome {
        account: Account::default(),
        strikes: 0,
        caught: 0,
        recoveries: Vec::new(),
        forgotten: 0,
        excused: plan.fault.is_none_or(|fault| fault.excuse().is_some()),
    };
    let kinds = Fault::mixed();
    let most = plan.strikes.min(plan.fault.map_or(usize::MAX, Fault::most));
    while outcome.strikes < most && fleet.has_work().await {
        tokio::time::sleep(Duration::from_millis(random.u64(100..500))).await;
        outcome.caught += fleet.active().await.len();
        let fault = plan.fault.unwrap_or_else(|| kinds[random.usize(..kinds.len())]);
        let mut over = fault.strike(&mut fleet, &mut random).await;
        outcome.strikes += 1;
        if fault.loses_data() {
            let forgotten = forget(&fleet, &mut jobs).await;
            // As many new jobs, so that the round can continue.
            let again = Planned::many(&mut random, plan.jobs + outcome.forgotten, forgotten, plan.longest);
            outcome.forgotten += forgotten;
            if forgotten > 0 {
                fleet.add(&again).await;
                over = Instant::now();
            }
            jobs.extend(again);
        }
        outcome.recoveries.push(fleet.recovers(over).await);
    }
    outcome.account = settle(&fleet, &jobs).await;
    outcome
}

fn mixed() -> Setup {
    Setup { nodes: 1, lock: Duration::from_secs(2), ..Setup::default() }
}

/// Removes the jobs that Redis no longer has. Returns their number.
async fn forget(fleet: &Fleet, jobs: &mut Vec<Planned>) -> usize {
    let mut connection = fleet.connection().await;
    let before = jobs.len();
    let all: Vec<_> = jobs.iter().collect();
    let lost = Account::take(&mut connection, &all, &[]).await.lost;
    jobs.retain(|job| !lost.contains(&job.id));
    before - jobs.len()
}

/// Waits until all jobs have finished, as long as there is progress, then takes the account.
async fn settle(fleet: &Fleet, jobs: &[Planned]) -> Account {
    let mut connection = fleet.connection().await;
    let mut last = (0, Instant::now());
    // Ends when all have finished, or when none has finished for this long.
    within(LONG * 2, async || {
        let now = ended(&mut connection.clone()).await;
        if now > last.0 {
            last = (now, Instant::now());
        }
        now >= jobs.len() || last.1.elapsed() > LONG
    })
    .await;
    let all: Vec<_> = jobs.iter().collect();
    Account::take(&mut connection, &all, &fleet.ledger.runs()).await
}
