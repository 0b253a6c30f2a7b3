//! A ledger of runs that no fault reaches: an HTTP server in the harness itself, which every attempt of every job asks how
//! it is to end.

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
    /// Which attempt it was told that it is.
    pub attempt: u32,
    /// By whom.
    pub by: By,
    /// When it began.
    pub begun: Instant,
    /// When it was told how it is to end. None: it never heard, since it was interrupted.
    pub answered: Option<Instant>,
}

/// The ledger's server. Dropped, it takes no more requests.
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
    /// An empty one.
    pub async fn start() -> Self {
        let book = Book::default();
        let routes = Router::new().route("/", routing::get(run)).with_state(book.clone());
        let server = ScriptedServer::start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), routes).await;
        let server = server.unwrap_or_else(|error| panic!("no ledger for this test: {error:#}"));
        Self { server, book }
    }

    /// Where it is: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> &str {
        self.server.url()
    }

    /// Says how jobs are to end that are added next.
    pub fn plan<'a>(&self, jobs: impl IntoIterator<Item = &'a Planned>) {
        self.book.pages().planned.extend(jobs.into_iter().map(|job| (job.id.clone(), job.clone())));
    }

    /// All runs so far, in the order in which they began.
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

    /// Notes the beginning of a run. None: nobody has planned such a job.
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

/// A run's request, which is answered when the run is over. Who hangs up before is not answered, and that is seen.
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
