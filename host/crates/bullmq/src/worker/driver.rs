//! The loop of one queue. It performs what the [`Plan`] decides. Only the loop owns the plan, the outbox and the
//! pending calls.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bullmq::Error;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::batch::{Answer, Batch, Unusable};
use super::completer::PendingSettlement;
use super::executor::Executor;
use super::marker::Marker;
use super::outbox::{Entry, Outbox};
use super::plan::{Action, Call, CallKind, MOST_JOBS, Now, Plan, Seen};
use super::shared::Shared;
use crate::access::health::backoff::{RETRY_LIMIT, is_temporary};
use crate::access::health::outage::Reported;
use crate::claimed::Claimed;
use crate::clock;
use crate::scripts::Moved;

/// The result of a call.
struct Called {
    call: Call,
    batch: Vec<Entry<PendingSettlement>>,
    result: Result<Answer, Error>,
}

/// The loop's state.
pub struct Driver {
    shared: Arc<Shared>,
    executor: Executor,
    batch: Arc<Batch>,
    tasks: TaskTracker,
    concurrency: watch::Receiver<usize>,
    closing: CancellationToken,
    arriving: mpsc::UnboundedReceiver<PendingSettlement>,
    /// The common prefix of the tokens of this worker's claims.
    name: String,
    plan: Plan,
    outbox: Outbox<PendingSettlement>,
    calls: FuturesUnordered<BoxFuture<'static, Called>>,
    /// The connection for the marker. `None` while a wait uses it.
    marker: Option<Marker>,
    waiting: Option<BoxFuture<'static, (Marker, Result<(), Error>)>>,
    /// The errors that were already logged since the last answer.
    reported: Option<Reported>,
}

impl Driver {
    /// Creates the loop. It starts with `run`.
    pub fn new(
        executor: Executor,
        batch: Batch,
        marker: Marker,
        tasks: TaskTracker,
        concurrency: watch::Receiver<usize>,
        closing: CancellationToken,
        arriving: mpsc::UnboundedReceiver<PendingSettlement>,
    ) -> Self {
        let name = format!("{:032x}", fastrand::u128(..));
        Self {
            shared: executor.worker.clone(),
            executor,
            batch: Arc::new(batch),
            tasks,
            concurrency,
            closing,
            arriving,
            plan: Plan::new(name.clone()),
            name,
            outbox: Outbox::default(),
            calls: FuturesUnordered::new(),
            marker: Some(marker),
            waiting: None,
            reported: None,
        }
    }

    /// Works until the worker closes and its last job has ended.
    pub async fn run(mut self) {
        let shared = self.shared.clone();
        let closing = self.closing.clone();
        self.connect_marker();
        loop {
            let Some(until) = self.act() else { return };
            tokio::select! {
                // Disabled while no call can be made: otherwise each ended job would wake this loop for nothing.
                Some(ended) = self.arriving.recv(), if self.plan.has_room_for_call() => self.take(ended),
                Some(called) = self.calls.next() => self.called(called),
                (marker, waited) = waited(&mut self.waiting) => self.waited(marker, waited),
                () = shared.slots.freed() => {}
                Ok(()) = self.concurrency.changed() => {}
                () = closing.cancelled(), if !closing.is_cancelled() => {}
                () = sleep_until(until) => {}
            }
            if shared.slots.take_unclaimed() {
                self.plan.place_freed();
            }
        }
    }

    /// Performs actions until none is left. Returns the time of the next check if no event comes before it. `None` ends
    /// the loop.
    fn act(&mut self) -> Option<Option<Instant>> {
        // All decisions use the same instant. The loop sleeps until anything that is not due yet.
        let instant = Instant::now();
        if self.closing.is_cancelled() {
            // Dropping the future closes the connection, which ends the wait.
            self.waiting = None;
        }
        loop {
            while let Ok(ended) = self.arriving.try_recv() {
                self.take(ended);
            }
            match self.plan.next(&self.now(instant)) {
                Action::Call(call) => self.call(call),
                Action::Listen(longest) => self.listen(longest),
                Action::Idle(until) => return Some(until),
                Action::Stop => return None,
            }
        }
    }

    fn now(&self, instant: Instant) -> Now {
        Now {
            instant,
            unix_ms: clock::now(),
            concurrency: *self.concurrency.borrow(),
            busy: self.shared.slots.busy(),
            ended: self.outbox.batch_len(MOST_JOBS),
            is_closing: self.closing.is_cancelled(),
        }
    }

    fn take(&mut self, ended: PendingSettlement) {
        let bytes = ended.settlement.size();
        self.outbox.push(ended, bytes);
    }

    fn call(&mut self, call: Call) {
        let sender = self.batch.clone();
        let called = match &call.kind {
            CallKind::Batch { ended, claim } => {
                let (batch, token, jobs) = (self.outbox.take(*ended), claim.token.clone(), claim.jobs);
                async move {
                    let settlements: Vec<_> = batch.iter().map(|entry| &entry.item.settlement).collect();
                    let result = sender.call(&token, &settlements, jobs).await;
                    Called { call, batch, result }
                }
                .boxed()
            }
            CallKind::Regain(claims) => {
                let tokens: Vec<_> = claims.iter().map(|claim| claim.token.clone()).collect();
                let name = self.name.clone();
                async move {
                    let result = sender.regain(&name, tokens.iter().map(String::as_str)).await;
                    Called { call, batch: Vec::new(), result }
                }
                .boxed()
            }
        };
        self.calls.push(called);
    }

    /// Connects before the first wait. Otherwise a worker that is always busy would be missing in the list of the
    /// queue's workers.
    fn connect_marker(&mut self) {
        let connecting = |mut marker: Marker| {
            async move {
                let connected = marker.open().await;
                (marker, connected)
            }
            .boxed()
        };
        self.waiting = self.marker.take().map(connecting);
    }

    fn listen(&mut self, longest: Duration) {
        let waiting = |mut marker: Marker| {
            async move {
                let waited = marker.wait(longest).await;
                (marker, waited)
            }
            .boxed()
        };
        self.waiting = self.marker.take().map(waiting);
    }

    fn waited(&mut self, marker: Marker, waited: Result<(), Error>) {
        (self.marker, self.waiting) = (Some(marker), None);
        match waited {
            Ok(()) => self.plan.marker_came(),
            Err(error) => {
                self.log_error(&error);
                self.plan.marker_failed(Instant::now());
            }
        }
    }

    fn called(&mut self, Called { call, batch, result }: Called) {
        match result {
            Ok(answer) => self.answered(&call, batch, answer),
            Err(error) => self.failed(call, batch, &error),
        }
    }

    fn answered(&mut self, call: &Call, batch: Vec<Entry<PendingSettlement>>, answer: Answer) {
        let seen = Seen {
            has_more: answer.more,
            rate_limited: answer.limited,
            is_full: answer.full,
            next_delayed: answer.next,
        };
        self.plan.answered(call, &seen, &self.now(Instant::now()));
        self.outbox.succeeded();
        if let Some(Reported::Own) = self.reported.take() {
            tracing::info!(queue = self.shared.name.as_str(), "claiming and settling jobs works again");
        }
        for (Entry { item, .. }, moved) in batch.into_iter().zip(answer.moved) {
            self.ended(item, moved);
        }
        self.start(answer.jobs);
        for Unusable { id: job_id, reason } in answer.unusable {
            let (queue, job_id) = (self.shared.name.as_str(), job_id.as_str());
            tracing::warn!(queue, job_id, reason, "removed an unreadable job from the queue without running it");
        }
    }

    fn ended(&self, PendingSettlement { settlement, slot, mut completer }: PendingSettlement, moved: Moved) {
        match moved {
            Moved::Done => return slot.leave_claimed(),
            // The job keeps its slot while its completer continues.
            Moved::Linked | Moved::PendingChildren | Moved::FailedChildren => completer.slot = Some(slot),
            Moved::Missing | Moved::Lost => slot.leave_claimed(),
        }
        self.tasks.spawn(completer.continue_after(moved, settlement.result));
    }

    fn failed(&mut self, call: Call, batch: Vec<Entry<PendingSettlement>>, error: &Error) {
        let now = Instant::now();
        self.log_error(error);
        self.plan.failed(call, now);
        if is_temporary(error) {
            return self.outbox.put_back(batch);
        }
        for PendingSettlement { settlement, .. } in self.outbox.refused(batch, now, RETRY_LIMIT) {
            let (queue, job_id) = (self.shared.name.as_str(), settlement.job.id.as_str());
            tracing::error!(queue, job_id, %error, "outcome not written, the job runs again after its lock expires");
        }
    }

    fn log_error(&mut self, error: &Error) {
        self.shared.service.outage.report(&mut self.reported, error, || {
            tracing::warn!(queue = self.shared.name.as_str(), %error, "claiming or settling jobs failed, retrying");
        });
    }

    /// Starts the attempts of claimed jobs on the runtime of the pens.
    ///
    /// Exception: a single job of an idle queue whose last attempt was short is polled once on this thread. Such an
    /// attempt usually ends before a thread of the pens would have woken up, and no other job of this queue waits
    /// meanwhile.
    fn start(&self, jobs: Vec<Claimed>) {
        if jobs.is_empty() {
            return;
        }
        let shared = &self.shared;
        let (executor, tasks, home) = (self.executor.clone(), self.tasks.clone(), shared.runner.home());
        let is_alone = jobs.len() == 1 && shared.slots.busy() == 0;
        let jobs: Vec<_> = jobs.into_iter().map(|job| (Arc::new(job), shared.slots.take())).collect();
        match home {
            Some(home) if is_alone && shared.last_was_short.load(Ordering::Relaxed) => {
                for (job, slot) in jobs {
                    self.tasks.spawn(poll_once_then_move(executor.clone().process(job, slot), home.clone()));
                }
            }
            home => {
                // Switches to the other runtime once for all jobs.
                let starting = async move {
                    for (job, slot) in jobs {
                        tasks.spawn(executor.clone().process(job, slot));
                    }
                };
                match home {
                    Some(home) => self.tasks.spawn_on(starting, &home),
                    None => self.tasks.spawn(starting),
                };
            }
        }
    }
}

/// Polls a job once on this thread. If it is still pending, it continues on `home`.
async fn poll_once_then_move(job: impl Future<Output = ()> + Send + 'static, home: Handle) {
    let mut job = Box::pin(job);
    if futures::poll!(&mut job).is_pending() {
        // The job handles its own panics. An error here means that its runtime has ended.
        let _ended = home.spawn(job).await;
    }
}

async fn waited<T>(waiting: &mut Option<BoxFuture<'static, T>>) -> T {
    match waiting {
        Some(waiting) => waiting.await,
        None => pending().await,
    }
}

async fn sleep_until(when: Option<Instant>) {
    match when {
        Some(when) => tokio::time::sleep_until(when.into()).await,
        None => pending().await,
    }
}
