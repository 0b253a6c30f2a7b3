//! Jobs a second: paused queues are filled, a worker is started on them, the queues are resumed, and the time counts from
//! the first claim to the last end, as the jobs themselves tell.

use std::time::Duration;

use anyhow::{Result, bail};
use toril_tests::RedisServer;

use crate::contender::Contender;
use crate::process;
use crate::queue;
use crate::workload::{Servers, Workload};

/// How long one turn may take.
const TURN: Duration = Duration::from_secs(180);

/// What is compared.
pub struct Turn {
    /// The jobs.
    pub workload: Workload,
    /// Jobs at a time, in each queue.
    pub concurrency: usize,
    /// Queues that share the jobs.
    pub queues: usize,
    /// No-op jobs for a fast contender.
    pub jobs: usize,
    /// Turns of each contender.
    pub rounds: usize,
}

/// What one turn came to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Figures {
    /// Jobs a second.
    pub rate: f64,
    /// Processor time of the worker and its children, in microseconds a job.
    pub processor: f64,
    /// Processor time of Redis, in microseconds a job.
    pub redis: f64,
}

/// The medians of one comparison.
pub struct Comparison {
    /// What was compared.
    pub workload: Workload,
    /// Jobs at a time.
    pub concurrency: usize,
    /// Queues.
    pub queues: usize,
    /// Turns that the medians are of.
    pub rounds: usize,
    /// Each contender's.
    pub figures: Vec<(Contender, Figures)>,
}

/// Lets every contender have its turns.
pub async fn compare(redis: &RedisServer, servers: &Servers, turn: &Turn) -> Result<Comparison> {
    let mut all: Vec<(Contender, Vec<Figures>)> = Contender::ALL.into_iter().map(|one| (one, Vec::new())).collect();
    for round in 1..=turn.rounds {
        for (contender, figures) in &mut all {
            let one = take(redis, servers, turn, *contender).await?;
            eprintln!(
                "{}, concurrency {}, {} queue(s), round {round}: {} {:.0} jobs/s",
                turn.workload.title(),
                turn.concurrency,
                turn.queues,
                contender.title(),
                one.rate
            );
            figures.push(one);
        }
    }
    let figures = all.into_iter().map(|(contender, figures)| (contender, middle(&figures))).collect();
    let Turn { workload, concurrency, queues, rounds, .. } = *turn;
    Ok(Comparison { workload, concurrency, queues, rounds, figures })
}

async fn take(redis: &RedisServer, servers: &Servers, turn: &Turn, contender: Contender) -> Result<Figures> {
    let mut connection = redis.connection().await;
    redis::cmd("FLUSHALL").query_async::<()>(&mut connection).await?;
    let names: Vec<String> = (0..turn.queues).map(|queue| format!("bench-{queue}")).collect();
    // At one job at a time a turn would take minutes.
    let slow = if turn.concurrency == 1 { 4 } else { 1 };
    let each = (turn.jobs / turn.workload.share() / contender.share() / slow / turn.queues).max(1);
    let data = turn.workload.data(Some(servers));
    // Paused, so that getting ready costs nobody anything.
    let mut queues = Vec::new();
    for name in &names {
        let queue = queue::open(redis, name).await?;
        queue.pause().await?;
        queue::fill(&queue, turn.workload, &data, each).await?;
        queues.push(queue);
    }
    let mut worker = contender.start(redis, &names, turn.concurrency, Some(servers)).await?;
    let id = worker.id()?;
    let (before, server_before) = (process::processor(id), queue::server_processor(&mut connection).await?);
    for queue in &queues {
        queue.resume().await?;
    }
    let wait = async {
        for name in &names {
            loop {
                let (completed, failed) = queue::ended(&mut connection, name).await?;
                if failed > 0 {
                    bail!("{failed} jobs have failed with {}", contender.title());
                }
                if completed >= each {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        Ok(())
    };
    match tokio::time::timeout(TURN, wait).await {
        Ok(ended) => ended?,
        Err(_) => bail!("{} has not done its jobs within {TURN:?}", contender.title()),
    }
    let processor = process::processor(id).saturating_sub(before);
    let server = queue::server_processor(&mut connection).await? - server_before;
    worker.end().await?;
    let (mut first, mut last) = (u64::MAX, 0);
    for name in &names {
        let (from, to) = queue::span(&mut connection, name, each).await?;
        (first, last) = (first.min(from), last.max(to));
    }
    let jobs = (each * turn.queues) as f64;
    Ok(Figures {
        rate: jobs / (last.saturating_sub(first).max(1) as f64 / 1000.0),
        processor: processor.as_secs_f64() * 1e6 / jobs,
        redis: server * 1e6 / jobs,
    })
}

fn middle(figures: &[Figures]) -> Figures {
    let of = |get: fn(&Figures) -> f64| median(figures.iter().map(get).collect());
    Figures { rate: of(|one| one.rate), processor: of(|one| one.processor), redis: of(|one| one.redis) }
}

/// The middle of some numbers, 0 of none.
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
    use super::*;

    #[test]
    fn the_median_is_the_middle_one_or_between_the_middle_two() {
        assert_eq!((median(vec![3.0, 1.0, 2.0]), median(vec![4.0, 1.0, 2.0, 3.0]), median(vec![])), (2.0, 2.5, 0.0));
    }
}
