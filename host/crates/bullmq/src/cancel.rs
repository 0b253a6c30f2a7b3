//! Cancels a running job on any host: the request is published, and the host that runs the job receives it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bullmq::{JobState, Queue};
use futures::StreamExt;
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

use super::claimed::{Claimed, LockToken};
use super::scripts::Scripts;
use crate::access::QueueClient;
use crate::access::health::outage::{Outage, Waiting};
use crate::access::{ConnectError, Redis, SharedRedis};
use toril_job::{Cancellation, JobId, QueueName};

/// The pause between two attempts to subscribe while Redis is away.
const PAUSE: Duration = Duration::from_secs(1);
/// After this time without a request, the listener checks whether its connection still works.
const QUIET: Duration = Duration::from_secs(10);
/// How long the answer to that check may take.
const ANSWER: Duration = Duration::from_secs(3);
/// How often a deferred job that runs gets the cancel request again.
const AGAIN: Duration = Duration::from_millis(500);
/// How often the caller checks whether a job has ended.
const LOOK: Duration = Duration::from_millis(50);

/// A cancel request as it is published.
#[derive(Debug, Serialize, Deserialize)]
struct CancelRequest {
    queue: QueueName,
    /// `None`: all running jobs of the queue.
    id: Option<JobId>,
    reason: String,
}

/// The result of a cancel request.
#[derive(Debug, PartialEq, Eq)]
pub enum Cancelled {
    /// The job no longer runs. This is its state now.
    Ended(String),
    /// It still runs: no host received the request, or the plugin has not ended yet.
    StillRuns,
    /// It was not running. This is its state.
    DidNotRun(String),
    /// There is no such job.
    NoJob,
}

/// The channel for cancel requests. It contains the key prefix, because hosts with another prefix may have queues and
/// ids with the same names.
fn channel(redis: &Redis) -> String {
    redis.namespaced(&format!("cancel:{}", redis.prefix()))
}

/// Asks the host that runs the job to cancel it, and waits until it ends. A job that its plugin has deferred is run for
/// this.
pub async fn cancel(
    redis: &SharedRedis,
    queue: &QueueName,
    id: &JobId,
    reason: &str,
    bound: Duration,
) -> Result<Cancelled, ConnectError> {
    let jobs = redis.queue(queue).await?;
    let Some(job) = jobs.get_job(id.as_str()).await? else { return Ok(Cancelled::NoJob) };
    let request = CancelRequest { queue: queue.clone(), id: Some(id.clone()), reason: reason.to_owned() };
    match jobs.get_job_state(id.as_str()).await? {
        JobState::Active => {}
        // Only a deferred job was started more often than its attempts were counted.
        JobState::Delayed if job.attempts_started() > job.attempts_made() => {
            let scripts = Scripts::new(Arc::new(QueueClient::open(redis.clone(), queue).await?));
            return cancel_deferred(redis, (&jobs, id), &scripts, &request, bound).await;
        }
        state => return Ok(Cancelled::DidNotRun(state.as_str().to_owned())),
    }
    publish(redis, &request).await?;
    let ended = tokio::time::timeout(bound, async {
        loop {
            match jobs.get_job_state(id.as_str()).await? {
                JobState::Active => tokio::time::sleep(LOOK).await,
                state => return Ok(Cancelled::Ended(state.as_str().to_owned())),
            }
        }
    });
    ended.await.unwrap_or(Ok(Cancelled::StillRuns))
}

/// Runs a job that its plugin has deferred, and asks the plugin to cancel it, because only the plugin knows what else
/// must end.
async fn cancel_deferred(
    redis: &Redis,
    (jobs, id): (&Queue, &JobId),
    scripts: &Scripts,
    request: &CancelRequest,
    bound: Duration,
) -> Result<Cancelled, ConnectError> {
    let until = Instant::now() + bound;
    let mut published = None;
    loop {
        let state = jobs.get_job_state(id.as_str()).await?;
        match state {
            // The request is repeated, because the host may have claimed the job without having registered it yet.
            JobState::Active if published.is_none_or(|at: Instant| at.elapsed() >= AGAIN) => {
                publish(redis, request).await?;
                published = Some(Instant::now());
            }
            JobState::Active | JobState::Waiting | JobState::Prioritized => {}
            // This changes nothing if the job is no longer delayed by then.
            JobState::Delayed if published.is_none() => {
                scripts.promote(id).await?;
            }
            state => return Ok(Cancelled::Ended(state.as_str().to_owned())),
        }
        if Instant::now() >= until {
            return Ok(match state {
                JobState::Active => Cancelled::StillRuns,
                state => Cancelled::DidNotRun(state.as_str().to_owned()),
            });
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Asks every host to cancel all jobs of the queue that it runs. Returns how many hosts received the request.
pub async fn cancel_all(redis: &Redis, queue: &QueueName, reason: &str) -> Result<usize, ConnectError> {
    publish(redis, &CancelRequest { queue: queue.clone(), id: None, reason: reason.to_owned() }).await
}

async fn publish(redis: &Redis, request: &CancelRequest) -> Result<usize, ConnectError> {
    let request = serde_json::to_string(request).map_err(bullmq::Error::from)?;
    let mut publish = redis::cmd("PUBLISH");
    publish.arg(channel(redis)).arg(request);
    Ok(redis.connection().await?.cmd(&mut publish).await?)
}

/// The jobs that this host runs.
#[derive(Clone, Default)]
pub struct RunningJobs(Arc<Mutex<HashMap<RunKey, Cancellation>>>);

/// One attempt of a job. A job whose lock was lost may be claimed again while its earlier attempt is still ending.
#[derive(Clone, PartialEq, Eq, Hash)]
struct RunKey {
    queue: QueueName,
    id: JobId,
    token: LockToken,
}

/// Registers a running job until it is dropped.
pub struct RunningJob {
    running: RunningJobs,
    run: RunKey,
}

impl RunningJobs {
    /// Registers a running job until the returned value is dropped.
    pub fn enter(&self, queue: &QueueName, job: &Claimed, cancellation: Cancellation) -> RunningJob {
        let run = RunKey { queue: queue.clone(), id: job.id.clone(), token: job.token.clone() };
        self.jobs().insert(run.clone(), cancellation);
        RunningJob { running: self.clone(), run }
    }

    fn cancel(&self, request: &CancelRequest) {
        for (RunKey { queue, id, .. }, cancellation) in self.jobs().iter() {
            if *queue == request.queue && request.id.as_ref().is_none_or(|wanted| wanted == id) {
                tracing::info!(queue = queue.as_str(), job_id = id.as_str(), "job cancelled");
                cancellation.cancel(request.reason.clone());
            }
        }
    }

    fn jobs(&self) -> MutexGuard<'_, HashMap<RunKey, Cancellation>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for RunningJob {
    fn drop(&mut self) {
        self.running.jobs().remove(&self.run);
    }
}

/// Receives cancel requests and passes them to the jobs, until it is dropped.
pub async fn listen(redis: SharedRedis, running: RunningJobs, outage: Outage) {
    let mut waiting = None;
    loop {
        if let Err(error) = receive(&redis, &running, &mut waiting).await {
            waiting.get_or_insert_with(|| outage.wait(&error));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn receive(redis: &Redis, running: &RunningJobs, waiting: &mut Option<Waiting>) -> Result<(), ConnectError> {
    let mut subscribed = redis.client()?.get_async_pubsub().await?;
    subscribed.subscribe(channel(redis)).await?;
    *waiting = None;
    let (mut sink, mut requests) = subscribed.split();
    loop {
        let Ok(message) = timeout(QUIET, requests.next()).await else {
            // Without requests, a broken connection looks the same as a quiet one. The ping shows which it is.
            timeout(ANSWER, sink.ping::<redis::Value>())
                .await
                .map_err(|_| ConnectError::Silent { waited: ANSWER })??;
            continue;
        };
        let Some(message) = message else { return Ok(()) };
        let text: String = message.get_payload()?;
        match serde_json::from_str(&text) {
            Ok(request) => running.cancel(&request),
            Err(error) => tracing::warn!(%error, "invalid cancel request ignored"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(queue: &str) -> QueueName {
        QueueName::new(queue).unwrap()
    }

    fn claim(id: &str, token: &str) -> Claimed {
        Claimed { id: id.into(), token: token.into(), ..Claimed::sample() }
    }

    fn request(queue: &str, id: Option<&str>) -> CancelRequest {
        CancelRequest { queue: name(queue), id: id.map(Into::into), reason: "why".into() }
    }

    #[test]
    fn a_request_reaches_its_job_and_no_other() {
        let running = RunningJobs::default();
        let (one, two) = (Cancellation::default(), Cancellation::default());
        let _runs = (
            running.enter(&name("a"), &claim("1", "t:1"), one.clone()),
            running.enter(&name("a"), &claim("2", "t:2"), two.clone()),
        );
        running.cancel(&request("a", Some("1")));
        assert_eq!((one.reason(), two.reason()), (Some("why"), None));
        running.cancel(&request("b", None));
        assert_eq!(two.reason(), None);
        running.cancel(&request("a", None));
        assert_eq!(two.reason(), Some("why"));
    }

    #[test]
    fn a_job_that_has_ended_is_forgotten() {
        let running = RunningJobs::default();
        let job = Cancellation::default();
        drop(running.enter(&name("a"), &claim("1", "t:1"), job.clone()));
        running.cancel(&request("a", None));
        assert_eq!(job.reason(), None);
    }

    #[test]
    fn a_job_that_was_claimed_again_is_cancelled_after_its_earlier_attempt_has_ended() {
        let (running, again) = (RunningJobs::default(), Cancellation::default());
        let earlier = running.enter(&name("a"), &claim("1", "t:1"), Cancellation::default());
        let _later = running.enter(&name("a"), &claim("1", "t:2"), again.clone());
        drop(earlier);
        running.cancel(&request("a", Some("1")));
        assert_eq!(again.reason(), Some("why"));
    }
}
