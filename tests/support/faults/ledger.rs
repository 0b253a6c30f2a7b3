//! A ledger of runs that no fault affects: an HTTP server in the harness itself. Every attempt of every job asks it
//! for its planned outcome.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::routing;

use super::jobs::{Ends, Planned};
use crate::scripted::ScriptedServer;

/// Who runs a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// A Toril host.
    Toril,
    /// BullMQ's own worker in Node.
    Node,
}

/// One run of one job.
#[derive(Clone, Debug)]
pub struct Run {
    /// The job's id.
    pub job: String,
    /// The attempt's number.
    pub attempt: u32,
    /// The worker that ran it.
    pub by: By,
    /// When it began.
    pub begun: Instant,
    /// When it got its answer. `None` if it was interrupted before.
    pub answered: Option<Instant>,
}

/// The ledger's server. Dropping it ends it.
pub struct Ledger {
    server: ScriptedServer,
    book: Book,
}

#[derive(Clone, Default)]
struct Book(Arc<Mutex<Pages>>);

#[derive(Default)]
struct Pages {
    planned: HashMap<String, Planned>,
    runs: Vec<Run>,
}

impl Ledger {
    /// An empty ledger.
    pub async fn start() -> Self {
        let book = Book::default();
        let routes = Router::new().route("/", routing::get(run)).with_state(book.clone());
        let server = ScriptedServer::start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), routes).await;
        let server = server.unwrap_or_else(|error| panic!("could not start the test's ledger: {error:#}"));
        Self { server, book }
    }

    /// Its URL: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> &str {
        self.server.url()
    }

    /// Plans the outcomes of jobs that are added next.
    pub fn plan<'a>(&self, jobs: impl IntoIterator<Item = &'a Planned>) {
        self.book.pages().planned.extend(jobs.into_iter().map(|job| (job.id.clone(), job.clone())));
    }

    /// All runs so far, in the order of their beginning.
    pub fn runs(&self) -> Vec<Run> {
        self.book.pages().runs.clone()
    }

    /// When the first run began after this moment.
    pub fn first_after(&self, moment: Instant) -> Option<Instant> {
        self.book.pages().runs.iter().map(|run| run.begun).find(|begun| *begun > moment)
    }
}

impl Book {
    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records the beginning of a run. `None` if no such job is planned.
    fn begin(&self, run: Run) -> Option<(usize, Duration, StatusCode)> {
        let mut pages = self.pages();
        let planned = pages.planned.get(&run.job)?;
        let status = match planned.ends {
            Ends::Failed => StatusCode::GONE,
            Ends::AfterRetry if run.attempt == 1 => StatusCode::SERVICE_UNAVAILABLE,
            Ends::AfterRetry | Ends::Completed => StatusCode::OK,
        };
        let takes = planned.takes;
        pages.runs.push(run);
        Some((pages.runs.len() - 1, takes, status))
    }
}

/// A run's request, which is answered when the run is over. A client that disconnects earlier gets no answer, and the
/// ledger records that.
async fn run(State(book): State<Book>, Query(query): Query<HashMap<String, String>>) -> StatusCode {
    let by = match query.get("by").map(String::as_str) {
        Some("node") => By::Node,
        _ => By::Toril,
    };
    let attempt = query.get("attempt").and_then(|attempt| attempt.parse().ok()).unwrap_or(0);
    let job = query.get("job").cloned().unwrap_or_default();
    let Some((at, takes, status)) = book.begin(Run { job, attempt, by, begun: Instant::now(), answered: None }) else {
        return StatusCode::NOT_FOUND;
    };
    tokio::time::sleep(takes).await;
    book.pages().runs[at].answered = Some(Instant::now());
    status
}
