//! What the worker of a queue does next: a state machine without I/O. [`Driver`](super::driver::Driver) asks
//! [`Plan::next`] for one action after the other, performs them, and reports what came of them.
//!
//! One call to Redis both ends jobs and claims new ones (see [`Batch`](super::batch::Batch)). The plan decides how many
//! jobs each call may claim, when the worker waits for the queue's marker instead, and when it retries after an error.

use std::time::{Duration, Instant};

use super::marker::IDLE;
use crate::patience::Pauses;

/// The most jobs that one call ends or claims, so that no other client of Redis waits long.
pub const MOST_JOBS: usize = 64;
/// The most calls at once: Redis runs one while the worker prepares the next.
const MOST_CALLS: usize = 2;
/// The longest pause while a rate limit or the queue's global concurrency is used up. No marker announces that a client
/// has lifted such a limit, or that another worker has ended a job and claims no other.
const LIMITED: Duration = Duration::from_millis(500);

/// What the driver knows at the moment of a decision.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// The monotonic time.
    pub instant: Instant,
    /// The time of day as Redis has it, in milliseconds since the Unix epoch.
    pub unix_ms: u64,
    /// How many jobs the worker may run at once.
    pub concurrency: usize,
    /// How many places are taken, by running jobs and by jobs whose end is not written yet.
    pub busy: usize,
    /// How many ended jobs fit into the next call.
    pub ended: usize,
    /// Whether the worker is closing: it claims nothing more and ends what it has.
    pub is_closing: bool,
}

/// The next step of the driver.
#[derive(Debug)]
pub enum Action {
    /// Make this call, and report it with [`Plan::answered`] or [`Plan::failed`].
    Call(Call),
    /// Wait for the queue's marker for at most this time, and report it with [`Plan::marker_came`] or
    /// [`Plan::marker_failed`].
    Listen(Duration),
    /// Nothing to do before an event, or before this time.
    Idle(Option<Instant>),
    /// Every job has ended, and the worker is closing.
    Stop,
}

/// One call to Redis that is under way.
#[derive(Debug)]
pub struct Call {
    /// What it does.
    pub kind: CallKind,
    /// How many wake-ups there were when it was made.
    wakeups: u64,
}

/// What a call does.
#[derive(Debug)]
pub enum CallKind {
    /// Ends `ended` jobs, and claims as many as `claim` allows.
    Batch {
        /// How many of the ended jobs it takes along.
        ended: usize,
        /// What it may claim.
        claim: Claim,
    },
    /// Looks for the jobs that calls without an answer have claimed.
    Regain(Vec<Claim>),
}

/// The right to claim jobs.
#[derive(Debug)]
pub struct Claim {
    /// The locks of the claimed jobs begin with it.
    pub token: String,
    /// How many jobs, at the most. They hold as many places until the answer is there.
    pub jobs: usize,
}

/// What the answer to a call says of the queue.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seen {
    /// There may be more jobs to claim at once.
    pub has_more: bool,
    /// No job may be claimed for this time.
    pub rate_limited: Option<Duration>,
    /// The queue's global concurrency is used up.
    pub is_full: bool,
    /// When the next delayed job is due, in milliseconds since the Unix epoch.
    pub next_delayed: Option<u64>,
}

/// The state machine.
#[derive(Debug)]
pub struct Plan {
    /// What the tokens of this worker begin with.
    name: String,
    /// How many batches there were, for their tokens.
    batches: u64,
    /// How many calls are under way, and how many jobs they end.
    calls: usize,
    ending: usize,
    /// Places that are held for the jobs of claims without an answer yet.
    reserved: usize,
    /// Claims whose calls failed: Redis may have claimed jobs for them. Their places stay reserved.
    lost: Vec<Claim>,
    /// Whether the driver waits for the marker. The wait holds a place: the marker that it takes must be followed by a
    /// claim.
    is_listening: bool,
    /// Whether there may be jobs to claim, and how often an event said so.
    may_have_jobs: bool,
    wakeups: u64,
    /// The end of a rate limit.
    limited_until: Option<Instant>,
    /// What the last answer said of global concurrency and delayed jobs.
    is_full: bool,
    next_delayed: Option<u64>,
    /// Set from an error until the next answer.
    backoff: Option<Backoff>,
}

#[derive(Debug)]
struct Backoff {
    pauses: Pauses,
    retry_at: Instant,
}

impl Plan {
    /// The plan of a worker whose tokens begin with `name`. The driver is connecting for the marker already.
    pub fn new(name: String) -> Self {
        Self {
            name,
            batches: 0,
            calls: 0,
            ending: 0,
            reserved: 0,
            lost: Vec::new(),
            is_listening: true,
            may_have_jobs: true,
            wakeups: 0,
            limited_until: None,
            is_full: false,
            next_delayed: None,
            backoff: None,
        }
    }

    /// Decides the next step.
    pub fn next(&mut self, now: &Now) -> Action {
        if self.limited_until.is_some_and(|until| until <= now.instant) {
            self.limited_until = None;
            self.may_have_jobs = true;
        }
        if let Some(call) = self.next_call(now) {
            return Action::Call(call);
        }
        if now.is_closing {
            // The driver has given up the wait.
            self.is_listening = false;
            let is_done = now.busy == 0 && self.calls == 0 && self.lost.is_empty();
            return if is_done { Action::Stop } else { self.idle(now) };
        }
        if self.should_listen(now) {
            self.is_listening = true;
            return Action::Listen(self.until_delayed(now.unix_ms).min(if self.is_full { LIMITED } else { IDLE }));
        }
        self.idle(now)
    }

    /// Whether another call may be made while those under way have no answer.
    pub fn has_room_for_call(&self) -> bool {
        self.calls < MOST_CALLS
    }

    fn next_call(&mut self, now: &Now) -> Option<Call> {
        let most_calls = if self.backoff.is_some() { 1 } else { MOST_CALLS };
        let is_pausing = self.backoff.as_ref().is_some_and(|backoff| backoff.retry_at > now.instant);
        if is_pausing || self.calls >= most_calls {
            return None;
        }
        let kind = if now.ended == 0 && !self.lost.is_empty() {
            // Before anything else is claimed: else these jobs would wait until their locks expire.
            CallKind::Regain(std::mem::take(&mut self.lost))
        } else {
            let jobs = if self.may_claim(now) { self.room(now, now.ended).min(MOST_JOBS) } else { 0 };
            if now.ended == 0 && jobs == 0 {
                return None;
            }
            self.ending += now.ended;
            self.reserved += jobs;
            self.batches += 1;
            let token = format!("{}:{}", self.name, self.batches);
            CallKind::Batch { ended: now.ended, claim: Claim { token, jobs } }
        };
        self.calls += 1;
        Some(Call { kind, wakeups: self.wakeups })
    }

    /// A call that ends jobs claims on the way, even if nothing announced a job. After an error it does not: the first
    /// call only finds out whether Redis takes anything.
    fn may_claim(&self, now: &Now) -> bool {
        let is_worth_it = match now.ended {
            0 => self.may_have_jobs && self.limited_until.is_none(),
            _ => self.backoff.is_none(),
        };
        is_worth_it && !now.is_closing
    }

    /// How many jobs may be claimed. The places of jobs that calls end are free by the time of the answer.
    fn room(&self, now: &Now, ending: usize) -> usize {
        let places = now.concurrency + self.ending + ending;
        places.saturating_sub(now.busy + self.reserved + usize::from(self.is_listening))
    }

    fn should_listen(&self, now: &Now) -> bool {
        !self.is_listening
            && !self.may_have_jobs
            && self.limited_until.is_none()
            && self.backoff.is_none()
            && self.room(now, 0) > 0
    }

    fn idle(&self, now: &Now) -> Action {
        // While a call is under way, its answer is the event to wait for.
        let retry_at = self.backoff.as_ref().filter(|_| self.calls == 0).map(|backoff| backoff.retry_at);
        // A time that is over was considered above: only an event can change the decision.
        let retry_at = retry_at.filter(|at| *at > now.instant);
        Action::Idle([retry_at, self.limited_until].into_iter().flatten().min())
    }

    /// How long no delayed job is due.
    fn until_delayed(&self, unix_ms: u64) -> Duration {
        self.next_delayed.map_or(Duration::MAX, |due| Duration::from_millis(due.saturating_sub(unix_ms).max(1)))
    }

    /// A job has left its place without a call that claims the next one. In a queue with global concurrency no marker
    /// announces that another job may start now.
    pub fn place_freed(&mut self) {
        self.wake();
    }

    /// The wait for the marker is over, because the marker was there or because the time was.
    pub fn marker_came(&mut self) {
        self.is_listening = false;
        self.wake();
    }

    /// The wait for the marker failed.
    pub fn marker_failed(&mut self, now: Instant) {
        self.marker_came();
        self.back_off(now);
    }

    /// A call was answered.
    pub fn answered(&mut self, call: &Call, seen: &Seen, now: &Now) {
        let claimed = self.leave(call);
        self.reserved -= claimed;
        self.backoff = None;
        if claimed == 0 || matches!(call.kind, CallKind::Regain(_)) {
            // Such a call does not look at the queue.
            return;
        }
        if seen.has_more {
            self.may_have_jobs = true;
        } else if call.wakeups == self.wakeups {
            // Otherwise jobs may have been added after the call had looked.
            self.may_have_jobs = false;
        }
        (self.next_delayed, self.is_full) = (seen.next_delayed, seen.is_full);
        let until_delayed = self.until_delayed(now.unix_ms);
        self.limited_until = seen.rate_limited.map(|left| now.instant + left.min(LIMITED).min(until_delayed));
    }

    /// A call failed. Redis may have done what it asked for.
    pub fn failed(&mut self, call: Call, now: Instant) {
        self.leave(&call);
        match call.kind {
            CallKind::Batch { claim, .. } => self.lost.extend(Some(claim).filter(|claim| claim.jobs > 0)),
            CallKind::Regain(claims) => self.lost.extend(claims),
        }
        self.back_off(now);
    }

    /// Counts a call out. Returns how many places it has reserved.
    fn leave(&mut self, call: &Call) -> usize {
        self.calls -= 1;
        match &call.kind {
            CallKind::Batch { ended, claim } => {
                self.ending -= ended;
                claim.jobs
            }
            CallKind::Regain(claims) => claims.iter().map(|claim| claim.jobs).sum(),
        }
    }

    fn wake(&mut self) {
        self.may_have_jobs = true;
        self.wakeups += 1;
    }

    fn back_off(&mut self, now: Instant) {
        let backoff = self.backoff.get_or_insert_with(|| Backoff { pauses: Pauses::default(), retry_at: now });
        backoff.retry_at = now + backoff.pauses.next();
        self.may_have_jobs = true;
    }
}

#[cfg(test)]
mod tests;
