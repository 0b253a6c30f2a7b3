//! Jobs per second, and the processor time of a job.

use anyhow::Result;
use toril_tests::RedisServer;

use crate::chart::number;
use crate::contender::{Contender, Place, TORIL};
use crate::queue::{Lane, flush};
use crate::rounds::{Measured, Turns, middle};
use crate::turn::{self, Figures, Load};
use crate::workload::{Servers, Workload};

/// One comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Case {
    /// The jobs.
    pub workload: Workload,
    /// Concurrency of each queue.
    pub concurrency: usize,
    /// Number of queues that share the jobs.
    pub queues: usize,
}

impl Case {
    /// The comparison that has targets.
    pub const WITH_TARGETS: Self = Self { workload: Workload::Noop, concurrency: 100, queues: 1 };

    /// Jobs that wait for HTTP, which have a target for TypeScript.
    pub const HTTP: Self = Self { workload: Workload::Http, concurrency: 100, queues: 1 };
    /// Jobs with much data, which have a target for TypeScript.
    pub const PAYLOAD: Self = Self { workload: Workload::Payload, concurrency: 100, queues: 1 };

    /// All comparisons, the one with targets first.
    pub const ALL: [Self; 7] = [
        Self::WITH_TARGETS,
        Self { workload: Workload::Noop, concurrency: 1, queues: 1 },
        Self { workload: Workload::Noop, concurrency: 10, queues: 1 },
        // A total concurrency of 100. With 100 per queue, one contender would start 1,000 processes.
        Self { workload: Workload::Noop, concurrency: 10, queues: 10 },
        Self { workload: Workload::Cpu, concurrency: 100, queues: 1 },
        Self::HTTP,
        Self::PAYLOAD,
    ];

    /// Computation in TypeScript.
    pub const COMPUTE: [Self; 8] = [
        Self::computing(Workload::Json),
        Self::computing(Workload::Csv),
        Self::computing(Workload::Template),
        Self::computing(Workload::Sort),
        Self::computing(Workload::Objects),
        Self::computing(Workload::Regexp),
        Self::computing(Workload::Sha256),
        Self::computing(Workload::Cpu),
    ];

    /// At a concurrency that keeps a machine busy without a hundred processes.
    const fn computing(workload: Workload) -> Self {
        Self { workload, concurrency: 10, queues: 1 }
    }

    /// Its name on the page.
    pub fn title(&self) -> String {
        let queues = if self.queues == 1 { String::new() } else { format!(" in each of {} queues", self.queues) };
        format!("{}, {} at a time{queues}", self.workload.title(), self.concurrency)
    }

    /// Its name in file names.
    pub fn name(&self) -> String {
        format!("{}-{}x{}", self.workload.name(), self.queues, self.concurrency)
    }
}

impl Comparison {
    /// The figures of one contender, if it was measured.
    pub fn of(&self, which: Contender) -> Option<Measured<Figures>> {
        self.figures.iter().find(|(one, _)| *one == which).map(|(_, figures)| *figures)
    }
}

/// The medians of one comparison.
pub struct Comparison {
    /// What was compared.
    pub case: Case,
    /// Number of turns of each contender.
    pub rounds: usize,
    /// The figures of each contender.
    pub figures: Vec<(Contender, Measured<Figures>)>,
}

/// Gives every contender its turns, with at most this many jobs each.
pub async fn compare(
    redis: &RedisServer,
    servers: &Servers,
    contenders: &[Contender],
    case: Case,
    rounds: usize,
    most: usize,
) -> Comparison {
    let able = |one: &&Contender| **one != TORIL || case.workload.is_in_rust();
    let contenders: Vec<_> = contenders.iter().filter(able).copied().collect();
    let take = async |contender: Contender| take(redis, servers, contender, case, most).await;
    let shown = |one: &Figures| format!("{} jobs/s", number(one.rate));
    let all = Turns::of(&case.title(), rounds).taken(&contenders, |one| one.title.to_owned(), take, shown).await;
    let figures = all.into_iter().map(|(one, turns)| (one, turns.map(|turns| medians(&turns)))).collect();
    Comparison { case, rounds, figures }
}

async fn take(
    redis: &RedisServer,
    servers: &Servers,
    contender: Contender,
    case: Case,
    most: usize,
) -> Result<Figures> {
    flush(redis).await?;
    let names: Vec<String> = (0..case.queues).map(|queue| format!("bench-{queue}")).collect();
    let mut lanes = Vec::new();
    for name in &names {
        lanes.push(Lane::open(redis, name).await?);
    }
    let (url, concurrency) = (redis.url(), case.concurrency);
    let place = Place { url, cluster: false, queues: &names, concurrency, http: Some(&servers.slow), database: None };
    let mut worker = contender.start(&place).await?;
    let id = worker.id()?;
    let most = (most / case.workload.share()).max(1);
    let (workload, servers) = (case.workload, Some(servers));
    let (data, light) = (workload.data(servers), workload.light(servers));
    let load = Load { workload, data, light, concurrency, most };
    let figures = turn::run(&mut lanes, &[id], &mut [redis.connection().await], &load).await?;
    worker.end().await?;
    Ok(figures)
}

/// The medians of some turns.
pub fn medians(turns: &[Figures]) -> Figures {
    Figures {
        rate: middle(turns, |one| one.rate),
        processor: middle(turns, |one| one.processor),
        redis: middle(turns, |one| one.redis),
    }
}
