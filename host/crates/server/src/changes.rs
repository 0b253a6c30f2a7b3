//! Owns the requests that change something. Each of them runs to completion even if its client disconnects, because a
//! change must not stop half-way.

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

/// The timeout of a read request. Read requests wait for nothing but Redis.
const LOOKING: Duration = Duration::from_secs(10);
/// How long a client waits for the response to a change.
const CHANGING: Duration = Duration::from_secs(30);
/// The limit of concurrent changes.
const MOST: usize = 256;

/// The running changes.
#[derive(Clone, Debug)]
pub struct Changes {
    tasks: TaskTracker,
    /// Cancelled when the server has ended. This aborts the changes that still run.
    ended: CancellationToken,
    seats: Arc<Semaphore>,
}

impl Changes {
    pub fn new() -> Self {
        Self { tasks: TaskTracker::new(), ended: CancellationToken::new(), seats: Arc::new(Semaphore::new(MOST)) }
    }

    /// Answers a read request. It is cancelled when its client disconnects.
    pub async fn look(request: Request, next: Next) -> Response {
        // A panic in the host affects only this request.
        let answer = AssertUnwindSafe(next.run(request)).catch_unwind();
        match timeout(LOOKING, answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => failed(),
            Err(_) => unavailable("Redis did not answer within 10 s"),
        }
    }

    /// Answers a request that changes something. The change continues if its client disconnects or if it exceeds the
    /// timeout.
    pub async fn change(&self, request: Request, next: Next) -> Response {
        match self.run(CHANGING, next.run(request)).await {
            Ok(answer) => answer,
            Err(Unanswered::Full) => unavailable("too many changes in progress; try again later"),
            Err(Unanswered::Closing) => unavailable("the host is shutting down; the change may be incomplete"),
            Err(Unanswered::Failed) => failed(),
            Err(Unanswered::Late) => unavailable(
                "the change takes longer than 30 s and continues; if Redis does not answer, it continues when Redis is back",
            ),
        }
    }

    /// Runs a change and waits for it for at most `longest`. After that, the change continues in the background.
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

    /// Returns a guard that aborts the running changes when it is dropped.
    pub fn end_with(&self) -> DropGuard {
        self.ended.clone().drop_guard()
    }

    /// Waits for the running changes for at most `longest`, and then aborts the rest.
    pub async fn close(&self, longest: Duration) {
        self.tasks.close();
        if timeout(longest, self.tasks.wait()).await.is_err() {
            tracing::warn!(
                changes = self.tasks.len(),
                "shutdown deadline exceeded: aborting changes by HTTP requests, which may be incomplete"
            );
            self.ended.cancel();
            self.tasks.wait().await;
        }
    }
}

/// Why a change has no outcome, or none that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unanswered {
    /// Too many changes were running, so this one was not started.
    Full,
    /// The host shut down while the change was running.
    Closing,
    /// The change panicked.
    Failed,
    /// The change exceeded the timeout, and continues.
    Late,
}

fn failed() -> Response {
    tracing::error!("request handler panicked");
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal error; the log of the host has the details")
        .into_response()
}

fn unavailable(why: &str) -> Response {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, why).into_response()
}
