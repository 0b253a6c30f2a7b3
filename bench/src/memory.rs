//! Memory at rest, and while a hundred jobs run.

use std::time::Duration;

use anyhow::{Result, bail};
use toril_tests::RedisServer;

use crate::contender::Contender;
use crate::process;
use crate::queue;
use crate::workload::Workload;

/// Jobs that run at once.
const RUNNING: usize = 100;
/// How long it may take until they all run: a hundred processes take their time.
const PATIENCE: Duration = Duration::from_secs(120);

/// What a worker and its children take, in bytes, what they share counted once.
#[derive(Clone, Copy, Debug)]
pub struct Figures {
    /// Ready, and nothing to do.
    pub rest: u64,
    /// With a hundred jobs running.
    pub running: u64,
}

/// Looks at each contender once: memory is not noisy.
pub async fn compare(redis: &RedisServer) -> Result<Vec<(Contender, Figures)>> {
    let mut all = Vec::new();
    for contender in Contender::ALL {
        let figures = take(redis, contender).await?;
        eprintln!("memory: {} {} MiB, {} MiB", contender.title(), figures.rest >> 20, figures.running >> 20);
        all.push((contender, figures));
    }
    Ok(all)
}

async fn take(redis: &RedisServer, contender: Contender) -> Result<Figures> {
    let mut connection = redis.connection().await;
    redis::cmd("FLUSHALL").query_async::<()>(&mut connection).await?;
    let queue = queue::open(redis, "bench").await?;
    let mut worker = contender.start(redis, &["bench".to_owned()], RUNNING, None).await?;
    let id = worker.id()?;
    let rest = process::memory(id);
    let data = Workload::Hold.data(None);
    let mut running = 0;
    let busy = async {
        // Until they all run at once: the first ones of a slow starter end before the last ones begin.
        loop {
            queue::fill(&queue, Workload::Hold, &data, RUNNING).await?;
            for _ in 0..40 {
                let active: usize = redis::cmd("LLEN").arg("bull:bench:active").query_async(&mut connection).await?;
                if active == RUNNING {
                    running = running.max(process::memory(id));
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            // A child process is there when its first job has been given to it and has ended.
            let (completed, _) = queue::ended(&mut connection, "bench").await?;
            if completed >= 2 * RUNNING && running > 0 {
                return Ok::<_, anyhow::Error>(());
            }
        }
    };
    match tokio::time::timeout(PATIENCE, busy).await {
        Ok(done) => done?,
        Err(_) => bail!("{} did not run {RUNNING} jobs at once", contender.title()),
    }
    worker.end().await?;
    Ok(Figures { rest, running })
}
