//! The loop of one queue: knows how many places are free, claims as many jobs, starts their attempts, and ends the jobs
//! whose attempts have ended in the same calls.

use std::collections::VecDeque;
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

use super::Shared;
use super::batch::{Answer, Batch, Ending, Unusable};
use super::marker::{IDLE, Marker};
use super::settle::Settling;
use super::slots::Slot;
use crate::claimed::Claimed;
use crate::clock;
use crate::outage::Said;
use crate::patience::{PATIENCE, Pauses, is_passing};
use crate::scripts::Moved;

/// The most jobs that one call ends or claims, so that no other client of Redis waits long.
const MOST: usize = 64;
/// About how many bytes one call takes along.
const BYTES: usize = 1 << 20;
/// The most calls at once. One is run by Redis while the next is made.
const CALLS: usize = 2;
/// The longest wait while a rate limit or the queue's own concurrency is used up. No marker tells that a client has lifted
/// such a limit, or that a job has left whose worker claims no other.
const LIMITED: Duration = Duration::from_millis(500);

/// A job on its way to its end.
pub struct Ended {
    /// The job and its end.
    pub ending: Ending,
    /// Its place, which is free as soon as it has ended.
    pub slot: Slot,
    /// What goes on with it where it cannot be ended here.
    pub settling: Settling,
    /// Since when it alone cannot be written.
    pub refused: Option<Instant>,
}

struct Called {
    ended: Vec<Ended>,
    claims: Vec<Claim>,
    /// Whether it looked for jobs of calls before.
    regains: bool,
    wakes: u64,
    result: Result<Answer, Error>,
}

/// The right to claim so many jobs under this token.
struct Claim {
    token: String,
    most: usize,
}

impl Called {
    fn claim(&self) -> usize {
        self.claims.iter().map(|claim| claim.most).sum()
    }
}

/// Redis does not take what it should.
struct Trouble {
    pauses: Pauses,
    again: Instant,
    said: Option<Said>,
}

/// The loop.
pub struct Driver {
    shared: Arc<Shared>,
    batch: Arc<Batch>,
    tasks: TaskTracker,
    concurrency: watch::Receiver<usize>,
    closing: CancellationToken,
    arriving: mpsc::UnboundedReceiver<Ended>,
    queued: VecDeque<Ended>,
    calls: FuturesUnordered<BoxFuture<'static, Called>>,
    /// Jobs that running calls end, and that they may claim.
    settling: usize,
    reserved: usize,
    marker: Option<Marker>,
    /// The wait for new jobs. It holds a place, so that a marker that it takes is followed by a claim.
    waiting: Option<BoxFuture<'static, (Marker, Result<(), Error>)>>,
    /// Whether there may be jobs to claim, and how often something said so from outside.
    hungry: bool,
    wakes: u64,
    /// While the queue is rate limited: when to look again.
    limited: Option<Instant>,
    /// Whether the queue's own concurrency is used up.
    full: bool,
    /// When the next delayed job is due, in milliseconds since the Unix epoch.
    due: Option<u64>,
    trouble: Option<Trouble>,
    /// Claims without an answer: there may be jobs that Redis has given to them. Their places stay reserved.
    lost: Vec<Claim>,
    /// Jobs are ended one by one, since one of them is refused.
    singly: bool,
    /// What the tokens of this worker begin with, and how many calls there were.
    name: String,
    called: u64,
}

impl Driver {
    /// A loop that begins when it is run.
    pub fn new(
        shared: Arc<Shared>,
        batch: Batch,
        marker: Marker,
        tasks: TaskTracker,
        concurrency: watch::Receiver<usize>,
        closing: CancellationToken,
        arriving: mpsc::UnboundedReceiver<Ended>,
    ) -> Self {
        Self {
            shared,
            batch: Arc::new(batch),
            tasks,
            concurrency,
            closing,
            arriving,
            queued: VecDeque::new(),
            calls: FuturesUnordered::new(),
            settling: 0,
            reserved: 0,
            marker: Some(marker),
            waiting: None,
            hungry: true,
            wakes: 0,
            limited: None,
            full: false,
            due: None,
            trouble: None,
            lost: Vec::new(),
            singly: false,
            name: format!("{:032x}", fastrand::u128(..)),
            called: 0,
        }
    }

    /// Works until the worker closes and its last job has ended.
    pub async fn run(mut self) {
        let shared = self.shared.clone();
        let closing = self.closing.clone();
        self.open();
        loop {
            // One time for both: what is not sent for it is waited for.
            let now = Instant::now();
            while self.send(now) {}
            if closing.is_cancelled() {
                // Gives up the connection, and with it the wait.
                self.waiting = None;
                if shared.slots.busy() == 0 && self.calls.is_empty() && self.lost.is_empty() {
                    return;
                }
            } else {
                self.listen();
            }
            let timer = self.timer(now);
            tokio::select! {
                // Not while nothing can be sent: each of them would wake this loop for nothing.
                Some(ended) = self.arriving.recv(), if self.calls.len() < CALLS => self.queued.push_back(ended),
                Some(called) = self.calls.next() => self.take_in(called),
                (marker, waited) = waited(&mut self.waiting) => self.wake(marker, waited),
                () = shared.slots.freed() => {}
                Ok(()) = self.concurrency.changed() => {}
                () = closing.cancelled(), if !closing.is_cancelled() => {}
                () = sleep_until(timer) => {}
            }
            if self.limited.is_some_and(|until| until <= Instant::now()) {
                self.limited = None;
                self.hungry = true;
            }
            if shared.slots.take_unclaimed() {
                self.hungry = true;
                self.wakes += 1;
            }
        }
    }

    /// Starts a call, if there is something to end or room to claim. Whether it did.
    fn send(&mut self, now: Instant) -> bool {
        let troubled = self.trouble.as_ref().is_some_and(|trouble| trouble.again > now);
        let most = if self.trouble.is_some() { 1 } else { CALLS };
        if troubled || self.calls.len() >= most {
            return false;
        }
        let ended = self.next_ended();
        if ended.is_empty() && !self.lost.is_empty() {
            self.regain();
            return true;
        }
        self.settling += ended.len();
        let claims = match (ended.is_empty(), self.trouble.is_some()) {
            (true, _) => self.hungry && self.limited.is_none(),
            // First that it takes anything.
            (false, true) => false,
            (false, false) => true,
        };
        let claim = if claims && !self.closing.is_cancelled() { self.room().min(MOST) } else { 0 };
        if ended.is_empty() && claim == 0 {
            return false;
        }
        self.reserved += claim;
        self.called += 1;
        let (batch, wakes, token) = (self.batch.clone(), self.wakes, format!("{}:{}", self.name, self.called));
        self.calls.push(
            async move {
                let endings: Vec<_> = ended.iter().map(|ended| &ended.ending).collect();
                let result = batch.call(&token, &endings, claim).await;
                Called { ended, claims: vec![Claim { token, most: claim }], regains: false, wakes, result }
            }
            .boxed(),
        );
        true
    }

    /// Looks for what calls without an answer have claimed, before anything else is: else those jobs would lie until
    /// their locks run out.
    fn regain(&mut self) {
        let (batch, wakes, name) = (self.batch.clone(), self.wakes, self.name.clone());
        let claims = std::mem::take(&mut self.lost);
        self.calls.push(
            async move {
                let result = batch.regain(&name, claims.iter().map(|claim| claim.token.as_str())).await;
                Called { ended: Vec::new(), claims, regains: true, wakes, result }
            }
            .boxed(),
        );
    }

    fn next_ended(&mut self) -> Vec<Ended> {
        while let Ok(ended) = self.arriving.try_recv() {
            self.queued.push_back(ended);
        }
        let most = if self.singly { 1 } else { MOST };
        let mut bytes = 0;
        let mut ended = Vec::new();
        while let Some(next) = self.queued.front() {
            bytes += next.ending.size();
            if ended.len() >= most || (bytes > BYTES && !ended.is_empty()) {
                break;
            }
            ended.extend(self.queued.pop_front());
        }
        ended
    }

    /// How many jobs may be claimed now: the places of those that are being ended are free by then.
    fn room(&self) -> usize {
        let places = *self.concurrency.borrow() + self.settling;
        places.saturating_sub(self.shared.slots.busy() + self.reserved + usize::from(self.waiting.is_some()))
    }

    /// Makes the connection for waiting, so that a worker that is always busy is listed among the queue's workers, too.
    fn open(&mut self) {
        let opening = |mut marker: Marker| {
            async move {
                let opened = marker.open().await;
                (marker, opened)
            }
            .boxed()
        };
        self.waiting = self.marker.take().map(opening);
    }

    /// Waits for new jobs, if there is room for one.
    fn listen(&mut self) {
        if self.hungry || self.limited.is_some() || self.trouble.is_some() || self.room() == 0 {
            return;
        }
        let Some(mut marker) = self.marker.take() else { return };
        let longest = self.until_due().min(if self.full { LIMITED } else { IDLE });
        self.waiting = Some(
            async move {
                let waited = marker.wait(longest).await;
                (marker, waited)
            }
            .boxed(),
        );
    }

    /// For how long no delayed job is due.
    fn until_due(&self) -> Duration {
        self.due.map_or(Duration::MAX, |due| Duration::from_millis(due.saturating_sub(clock::now()).max(1)))
    }

    fn wake(&mut self, marker: Marker, waited: Result<(), Error>) {
        (self.marker, self.waiting) = (Some(marker), None);
        self.hungry = true;
        self.wakes += 1;
        if let Err(error) = waited {
            self.stumble(&error);
        }
    }

    fn take_in(&mut self, called: Called) {
        let claim = called.claim();
        let Called { ended, claims, regains, wakes, result } = called;
        self.settling -= ended.len();
        let answer = match result {
            Ok(answer) => answer,
            Err(error) => {
                self.lost.extend(claims.into_iter().filter(|claim| claim.most > 0));
                return self.put_back(ended, &error);
            }
        };
        self.reserved -= claim;
        self.recover();
        for (ended, moved) in ended.into_iter().zip(answer.moved) {
            let Ended { ending, slot, mut settling, .. } = ended;
            match moved {
                Moved::Done => {
                    slot.leave_claimed();
                    continue;
                }
                // It needs its place still.
                Moved::Linked | Moved::PendingChildren | Moved::FailedChildren => settling.slot = Some(slot),
                Moved::Missing | Moved::Lost => slot.leave_claimed(),
            }
            self.tasks.spawn(settling.go_on(moved, ending.how));
        }
        self.start(answer.jobs);
        for Unusable { id: job_id, reason } in answer.unusable {
            let queue = &self.shared.name;
            tracing::warn!(
                queue,
                job_id,
                reason,
                "the job was taken out of the queue and is not run: it cannot be read"
            );
        }
        if claim == 0 || regains {
            return;
        }
        if answer.more {
            self.hungry = true;
        } else if wakes == self.wakes {
            // Else new jobs were told of after this call had looked.
            self.hungry = false;
        }
        (self.due, self.full) = (answer.next, answer.full);
        self.limited = answer.limited.map(|left| Instant::now() + left.min(LIMITED).min(self.until_due()));
    }

    /// Starts the attempts of these jobs where attempts run, with one step over there for all of them.
    fn start(&self, jobs: Vec<Claimed>) {
        if jobs.is_empty() {
            return;
        }
        let (shared, tasks, home) = (self.shared.clone(), self.tasks.clone(), self.shared.runner.home());
        let is_alone = jobs.len() == 1 && shared.slots.busy() == 0;
        let jobs: Vec<_> = jobs.into_iter().map(|job| (Arc::new(job), shared.slots.take())).collect();
        match home {
            // It is over before a thread of the pens had woken up, mostly, and nothing of this queue waits meanwhile.
            Some(home) if is_alone && shared.is_brisk.load(Ordering::Relaxed) => {
                for (job, slot) in jobs {
                    self.tasks.spawn(begin_here(shared.clone().process(job, slot, true), home.clone()));
                }
            }
            home => {
                let starting = async move {
                    for (job, slot) in jobs {
                        tasks.spawn(shared.clone().process(job, slot, false));
                    }
                };
                match home {
                    Some(home) => self.tasks.spawn_on(starting, &home),
                    None => self.tasks.spawn(starting),
                };
            }
        }
    }

    fn put_back(&mut self, ended: Vec<Ended>, error: &Error) {
        self.stumble(error);
        if is_passing(error) {
            ended.into_iter().rev().for_each(|ended| self.queued.push_front(ended));
            return;
        }
        self.singly = true;
        let alone = ended.len() == 1;
        for mut ended in ended {
            let since = *ended.refused.get_or_insert_with(Instant::now);
            if alone && since.elapsed() > PATIENCE {
                let (queue, job_id) = (&self.shared.name, &ended.ending.job.id);
                tracing::error!(queue, job_id, %error, "outcome not written; the job is run again once its lock is gone");
                continue;
            }
            if !alone {
                ended.refused = None;
            }
            self.queued.push_back(ended);
        }
    }

    fn stumble(&mut self, error: &Error) {
        let begin = || Trouble { pauses: Pauses::default(), again: Instant::now(), said: None };
        let trouble = self.trouble.get_or_insert_with(begin);
        self.shared.service.outage.tell(&mut trouble.said, error, || {
            tracing::warn!(queue = self.shared.name, %error, "the queue cannot be worked, trying again until it can");
        });
        trouble.again = Instant::now() + trouble.pauses.next();
        self.hungry = true;
    }

    fn recover(&mut self) {
        if self.queued.is_empty() {
            self.singly = false;
        }
        if let Some(Trouble { said: Some(Said::Own), .. }) = self.trouble.take() {
            tracing::info!(queue = self.shared.name, "the queue is worked again");
        }
    }

    /// When there is something to do though nothing has happened.
    fn timer(&self, now: Instant) -> Option<Instant> {
        let again = self.trouble.as_ref().filter(|_| self.calls.is_empty()).map(|trouble| trouble.again);
        // What is past has been looked at: there is nothing to send until something happens.
        let again = again.filter(|again| *again > now);
        [again, self.limited].into_iter().flatten().min()
    }
}

/// Runs a job here as far as it goes in one turn, which is all there is to most, and from there on at home.
async fn begin_here(job: impl Future<Output = ()> + Send + 'static, home: Handle) {
    let mut job = Box::pin(job);
    if futures::poll!(&mut job).is_pending() {
        // It takes care of its panics, and ends with its runtime.
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
