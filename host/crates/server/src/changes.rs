//! Owns the requests that change something. Each of them runs to its end, also when its client has gone away: a change
//! must not stop half-way.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::problem::Problem;

/// How long a request that only looks waits for what it asked for. All of them ask Redis or nobody.
const LOOKING: Duration = Duration::from_secs(10);
/// The same of one that changes something.
const CHANGING: Duration = Duration::from_secs(30);
/// How many changes are under way at most.
const MOST: usize = 256;

/// The changes that are under way.
#[derive(Clone, Debug)]
pub struct Changes {
    tasks: TaskTracker,
    /// Cancelled when the server has ended: what is still under way ends, too.
    ended: CancellationToken,
    seats: Arc<Semaphore>,
}

impl Changes {
    pub fn new() -> Self {
        Self { tasks: TaskTracker::new(), ended: CancellationToken::new(), seats: Arc::new(Semaphore::new(MOST)) }
    }

    /// Answers a request that only looks. It ends when its client goes away.
    pub async fn look(request: Request, next: Next) -> Response {
        // A part of the host that failed is a matter of this request alone.
        let answer = AssertUnwindSafe(next.run(request)).catch_unwind();
        match timeout(LOOKING, answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => failed(),
            Err(_) => unavailable("Redis did not answer within 10 s"),
        }
    }

    /// Answers a request that changes something. The change goes on when its client goes away, or when it takes long.
    pub async fn change(&self, request: Request, next: Next) -> Response {
        match self.run(CHANGING, next.run(request)).await {
            Ok(answer) => answer,
            Err(Unanswered::Full) => unavailable("too many changes are under way; try again later"),
            Err(Unanswered::Closing) => unavailable("the host shuts down; the change may not be complete"),
            Err(Unanswered::Failed) => failed(),
            Err(Unanswered::Late) => {
                unavailable("this takes longer than 30 s; it goes on, and if Redis is away, when that is back")
            }
        }
    }

    /// Runs a change, and waits `longest` for its end. The change goes on when nobody waits for it any more.
    pub async fn run<F>(&self, longest: Duration, change: F) -> Result<F::Output, Unanswered>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        let seat = self.seats.clone().try_acquire_owned().map_err(|_| Unanswered::Full)?;
        let ended = self.ended.clone();
        let change = self.tasks.spawn(async move {
            let _seat = seat;
            ended.run_until_cancelled(change).await
        });
        match timeout(longest, change).await {
            Ok(Ok(done)) => done.ok_or(Unanswered::Closing),
            Ok(Err(_)) => Err(Unanswered::Failed),
            Err(_) => Err(Unanswered::Late),
        }
    }

    /// Ends the changes that are under way when the guard is dropped.
    pub fn end_with(&self) -> DropGuard {
        self.ended.clone().drop_guard()
    }

    /// Waits until no change is under way, for `longest` at most, and then ends those that are.
    pub async fn close(&self, longest: Duration) {
        self.tasks.close();
        if timeout(longest, self.tasks.wait()).await.is_err() {
            tracing::warn!(changes = self.tasks.len(), "changes by HTTP are ended half-way, since the host shuts down");
            self.ended.cancel();
            self.tasks.wait().await;
        }
    }
}

/// Why the outcome of a change is not known, or why there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unanswered {
    /// Too many changes were under way, so this one was not begun.
    Full,
    /// The host shut down while the change was under way.
    Closing,
    /// A part of the host failed.
    Failed,
    /// The change takes longer, and goes on.
    Late,
}

fn failed() -> Response {
    tracing::error!("a request was not answered, since the host failed");
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the host failed; its log says more").into_response()
}

fn unavailable(why: &str) -> Response {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, why).into_response()
}
