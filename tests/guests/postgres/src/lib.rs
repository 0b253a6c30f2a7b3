//! Uses PostgreSQL in every way that the SDK has, selected by the job's name. Data is not validated, because the host
//! is under test. All jobs take the name of a pool, `pool`, which is "main" by default.

mod answers;
mod kept;
mod parallel;
mod statements;
mod steps;
mod transactions;
mod types;

use toril_plugin::postgres::{self, Connection, PostgresError};
use toril_plugin::{Failure, Job, Json, Manifest, RawPlugin, config};

use answers::failure;

struct Postgres;

impl RawPlugin for Postgres {
    /// With a statement in the setting `describe`, runs it here, where no job is running.
    fn describe() -> Manifest {
        let description = match config::get("describe") {
            Ok(Some(statement)) => match described(&statement) {
                Ok(()) => "ran".to_owned(),
                Err(error) => answers::message(&error),
            },
            _ => "Uses PostgreSQL.".to_owned(),
        };
        Manifest { description, jobs: Vec::new() }
    }

    fn handle(job: Job<Json>) -> Result<Json, Failure> {
        match job.name.as_str() {
            "query" => statements::query(job.parse()?.data),
            "batch" => statements::batch(job.parse()?.data),
            "session" => statements::session(job.parse()?.data),
            "cursor" => statements::cursor(job.parse()?.data),
            "insert" => statements::insert(&job),
            "settings" => statements::settings(job.parse()?.data),
            "run" => transactions::run(job.parse()?.data),
            "savepoints" => transactions::savepoints(job.parse()?.data),
            "parallel" => parallel::parallel(job.parse()?.data),
            "abandon" => parallel::abandon(job.parse()?.data),
            "types" => types::round_trip(job.parse()?.data),
            "ensure-steps-table" => steps::ensure(job.parse()?.data),
            "steps" => steps::run(&job),
            "keep" => kept::keep(job.parse()?.data),
            "kept" => kept::kept(job.parse()?.data),
            other => Err(Failure::fatal(format!("there is no behaviour called `{other}`"))),
        }
    }
}

fn described(statement: &str) -> Result<(), PostgresError> {
    postgres::connect("main")?.execute(statement, &[]).map(drop)
}

/// Borrows a connection of the pool that the job names.
fn connect(pool: &str) -> Result<Connection, Failure> {
    postgres::connect(pool).map_err(failure)
}

/// The default of `pool`.
fn main_pool() -> String {
    "main".into()
}

toril_plugin::export!(Postgres);
