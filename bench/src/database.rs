//! Jobs that insert one row into PostgreSQL each: jobs per second, processor time, and connections on the server.

use std::time::Duration;

use anyhow::{Result, ensure};
use toril_tests::postgres::SqlSession;
use toril_tests::{PostgresServer, RedisServer};

use crate::chart::number;
use crate::contender::{Contender, Place};
use crate::process;
use crate::queue::Lane;
use crate::rounds::{Measured, Turns, middle, progress};
use crate::turn::{self, Load};
use crate::workload::Workload;

/// Jobs of a turn.
pub const JOBS: usize = 10_000;
/// Concurrency of the queue.
pub const CONCURRENCY: usize = 100;
/// Limit of open connections, for each contender.
pub const CONNECTIONS: usize = 10;
/// Interval between two looks at the connections.
const LOOK: Duration = Duration::from_millis(200);

/// The figures of a turn.
#[derive(Clone, Copy, Debug, Default)]
pub struct Figures {
    /// Those of every workload.
    pub turn: turn::Figures,
    /// Processor time of PostgreSQL, in microseconds per job.
    pub postgres: f64,
    /// The most connections that the server had.
    pub connections: f64,
}

/// The medians of all contenders.
pub struct Comparison {
    /// Number of turns of each contender.
    pub rounds: usize,
    /// The figures of each contender.
    pub figures: Vec<(Contender, Measured<Figures>)>,
}

impl Comparison {
    /// The figures of one contender, if it was measured.
    pub fn of(&self, which: Contender) -> Option<Measured<Figures>> {
        self.figures.iter().find(|(one, _)| *one == which).map(|(_, figures)| *figures)
    }
}

/// The comparison's name on the page.
pub fn title() -> String {
    format!("{}, {CONCURRENCY} at a time", Workload::Insert.title())
}

/// Gives every contender its turns, with at most this many jobs each.
pub async fn compare(redis: &RedisServer, contenders: &[Contender], rounds: usize, most: usize) -> Comparison {
    let server = PostgresServer::start().await;
    server
        .sql(
            "CREATE TABLE inserted (id bigserial PRIMARY KEY, job text NOT NULL, data jsonb NOT NULL); \
             GRANT ALL ON inserted TO app; GRANT ALL ON inserted_id_seq TO app",
        )
        .await;
    compile(redis, &server, contenders).await;
    let take = async |contender: Contender| take(redis, &server, contender, most.min(JOBS)).await;
    let shown = |one: &Figures| format!("{} jobs/s", number(one.turn.rate));
    let all = Turns::of(&title(), rounds).taken(contenders, |one| one.title.to_owned(), take, shown).await;
    Comparison { rounds, figures: all.into_iter().map(|(one, turns)| (one, turns.map(|all| medians(&all)))).collect() }
}

/// Starts each host once, so that the plugins are compiled before the first turn, whose time is limited.
async fn compile(redis: &RedisServer, server: &PostgresServer, contenders: &[Contender]) {
    for contender in contenders.iter().filter(|one| one.is_toril()) {
        let (names, database) = (["bench".to_owned()], server.url());
        match contender.start(&place(redis, &names, &database)).await {
            Ok(worker) => {
                // A host that is not ended ends with its handle.
                let _ = worker.end().await;
                progress(format!("{} is ready", contender.title));
            }
            // Its first turn fails as well, which the report shows.
            Err(error) => progress(format!("{} does not start: {error:#}", contender.title)),
        }
    }
}

fn place<'a>(redis: &RedisServer, queues: &'a [String], database: &'a str) -> Place<'a> {
    let url = redis.url();
    Place { url, cluster: false, queues, concurrency: CONCURRENCY, http: None, database: Some(database) }
}

async fn take(redis: &RedisServer, server: &PostgresServer, contender: Contender, jobs: usize) -> Result<Figures> {
    server.sql("TRUNCATE inserted").await;
    let names = ["bench".to_owned()];
    let mut lanes = [Lane::alone(redis, &names[0]).await?];
    let database = server.url();
    let mut worker = contender.start(&place(redis, &names, &database)).await?;
    let workers = [worker.id()?];
    let data = Workload::Insert.data(None);
    let load = Load { workload: Workload::Insert, light: data.clone(), data, concurrency: CONCURRENCY, most: jobs };
    // A new session for each look would count as the jobs' work.
    let mut session = server.session().await;
    let before = process::processor(server.pid());

    let mut servers = [redis.connection().await];
    let mut connections = 0;
    let turn = tokio::select! {
        turn = turn::run_all(&mut lanes, &workers, &mut servers, &load) => turn?,
        () = watch(&mut session, &mut connections) => turn::Figures::default(),
    };

    let after = process::processor(server.pid());
    let rows = server.number("SELECT count(*) FROM inserted").await;
    let all = jobs + load.warm_ups();
    ensure!(rows as usize == all, "{all} jobs have inserted {rows} rows");
    worker.end().await?;
    Ok(Figures { turn, postgres: (after - before).as_secs_f64() * 1e6 / rows as f64, connections: connections as f64 })
}

/// Notes the most connections, without end.
async fn watch(session: &mut SqlSession, most: &mut i64) {
    loop {
        *most = PostgresServer::clients_in(session).await.max(*most);
        tokio::time::sleep(LOOK).await;
    }
}

/// The medians of some turns.
fn medians(turns: &[Figures]) -> Figures {
    let all: Vec<_> = turns.iter().map(|one| one.turn).collect();
    Figures {
        turn: crate::throughput::medians(&all),
        postgres: middle(turns, |one| one.postgres),
        connections: middle(turns, |one| one.connections),
    }
}
