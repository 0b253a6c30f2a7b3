//! Shuts a host down: stops claiming, waits for running attempts, interrupts and requeues the rest.

use std::sync::PoisonError;
use std::time::Duration;

use futures::future::join_all;

use super::Host;

/// How long outcomes may still be written after the last attempt was interrupted.
const LAST_WRITES: Duration = Duration::from_secs(5);
/// How long cancelling the statements of the last attempts on their databases may take after that.
const LAST_CANCELS: Duration = Duration::from_secs(5);
/// How long writing the records of attempts may take after that.
const LAST_RECORDS: Duration = Duration::from_secs(2);

/// The result of a shutdown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shutdown {
    /// Every running job finished, and its outcome is written.
    Clean,
    /// This many attempts were interrupted. Their jobs are requeued, or run again after their locks expire.
    Forced(usize),
}

impl Host {
    /// Makes a shutdown, current or future, interrupt running attempts at once instead of waiting for them.
    pub fn force(&self) {
        self.stop.forced.cancel();
    }

    /// Stops claiming jobs, waits for running ones, and after `deadline` interrupts and requeues the rest. Returns
    /// when everything is written and closed. A second call has no effect.
    pub async fn shutdown(&self, deadline: Duration) -> Shutdown {
        let ended = self.end_queues(deadline).await;
        if tokio::time::timeout(LAST_CANCELS, self.plugins.attempts_settled()).await.is_err() {
            tracing::warn!(
                "PostgreSQL connections of the last attempts were not reset in time; statements may still run"
            );
        }
        // The server limits this itself, to a few seconds from the start of the shutdown.
        let serving = self.serving.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(serving) = serving
            && let Err(error) = serving.await
        {
            tracing::error!(%error, "the HTTP server failed");
        }
        self.attempts.close();
        let recording = self.recording.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(recording) = recording
            && tokio::time::timeout(LAST_RECORDS, recording).await.is_err()
        {
            tracing::debug!("the records of the last attempts were not written in time");
        }
        ended
    }

    async fn end_queues(&self, deadline: Duration) -> Shutdown {
        self.stop.closing.cancel();
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.presence.withdraw().await;
        let workers = self.queues.close();
        workers.iter().for_each(|worker| worker.cancel());
        let closed = async {
            let closed = join_all(workers.iter().map(|worker| worker.close(deadline + LAST_WRITES))).await;
            self.queues.drained().await;
            closed.into_iter().all(|clean| clean)
        };
        tokio::pin!(closed);
        tokio::select! {
            clean = &mut closed => return if clean { Shutdown::Clean } else { Shutdown::Forced(0) },
            () = tokio::time::sleep(deadline) => self.stop.forced.cancel(),
            () = self.stop.forced.cancelled() => {}
        }
        let mut running = 0;
        for worker in &workers {
            running += worker.running().await;
            worker.give_back();
        }
        tracing::warn!(running, "interrupting running attempts and requeuing their jobs");
        match tokio::time::timeout(LAST_WRITES, closed).await {
            Ok(true) if running == 0 => Shutdown::Clean,
            Ok(_) => Shutdown::Forced(running),
            Err(_) => {
                tracing::error!(
                    "some jobs could not be requeued in time; they run again after their locks have expired"
                );
                Shutdown::Forced(running)
            }
        }
    }
}
