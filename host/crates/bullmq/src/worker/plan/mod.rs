//! Decides what the worker of a queue does next: a state machine without I/O. [`Driver`](super::driver::Driver) asks
//! [`Plan::next`] for one action at a time, performs it, and reports the result.
//!
//! One call to Redis both ends jobs and claims new ones (see [`Batch`](super::batch::Batch)). The plan decides how many
//! jobs each call may claim, when the worker waits for the queue's marker instead, and when it retries after an error.

use std::time::{Duration, Instant};

use super::marker::IDLE;
use crate::access::health::backoff::ReconnectBackoff;

/// The most jobs that one call ends or claims. The limit keeps the script short, so that other clients of Redis do not
/// wait long.
pub const MOST_JOBS: usize = 64;
/// The most concurrent calls. Redis runs one while the worker prepares the next.
const MOST_CALLS: usize = 2;
/// The longest pause while a rate limit or the queue's global concurrency is used up. BullMQ writes no marker when a
/// client lifts such a limit, or when another worker ends a job and claims no other.
const LIMITED: Duration = Duration::from_millis(500);

/// The driver's state at the moment of a decision.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// The monotonic time.
    pub instant: Instant,
    /// The time by Redis' clock, in milliseconds since the Unix epoch.
    pub unix_ms: u64,
    /// How many jobs the worker may run at once.
    pub concurrency: usize,
    /// The number of taken slots: running jobs, and jobs whose end is not written yet.
    pub busy: usize,
    /// How many ended jobs fit into the next call.
    pub ended: usize,
    /// Whether the worker is closing. It then claims nothing more and ends the jobs that it has.
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
    /// Do nothing before the next event or this time.
    Idle(Option<Instant>),
    /// Every job has ended, and the worker is closing.
    Stop,
}

/// One pending call to Redis.
#[derive(Debug)]
pub struct Call {
    /// What the call does.
    pub kind: CallKind,
    /// The value of `wakeups` when the call was made.
    wakeups: u64,
}

/// What a call does.
#[derive(Debug)]
pub enum CallKind {
    /// Ends `ended` jobs, and claims as many as `claim` allows.
    Batch {
        /// The number of ended jobs that this call includes.
        ended: usize,
        /// What the call may claim.
        claim: Claim,
    },
    /// Finds the jobs that calls without an answer have claimed.
    Regain(Vec<Claim>),
}

/// The permission to claim jobs.
#[derive(Debug)]
pub struct Claim {
    /// The prefix of the lock tokens of the claimed jobs.
    pub token: String,
    /// The most jobs to claim. The same number of slots is reserved until the answer arrives.
    pub jobs: usize,
}

/// The queue's state in the answer to a call.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seen {
    /// Whether there may be more jobs to claim immediately.
    pub has_more: bool,
    /// How long a rate limit forbids to claim jobs.
    pub rate_limited: Option<Duration>,
    /// Whether the queue's global concurrency is used up.
    pub is_full: bool,
    /// When the next delayed job is due, in milliseconds since the Unix epoch.
    pub next_delayed: Option<u64>,
}

/// The state machine.
#[derive(Debug)]
pub struct Plan {
    /// The common prefix of this worker's tokens.
    name: String,
    /// The number of batches so far. Each token contains it.
    batches: u64,
    /// The number of pending calls, and the number of jobs that they end.
    calls: usize,
    ending: usize,
    /// The slots that are reserved for claims without an answer yet.
    reserved: usize,
    /// Claims whose calls failed. Redis may have claimed jobs for them, so their slots stay reserved.
    lost: Vec<Claim>,
    /// Whether the driver waits for the marker. The wait reserves a slot, because the worker must claim after it has
    /// taken the marker.
    is_listening: bool,
    /// Whether there may be jobs to claim, and how many events announced jobs so far.
    may_have_jobs: bool,
    wakeups: u64,
    /// The end of a rate limit.
    limited_until: Option<Instant>,
    /// What the last answer said about global concurrency and delayed jobs.
    is_full: bool,
    next_delayed: Option<u64>,
    /// Set from an error until the next answer.
    backoff: Option<Backoff>,
}

#[derive(Debug)]
struct Backoff {
    delays: ReconnectBackoff,
    retry_at: Instant,
}

impl Plan {
    /// Creates the plan of a worker whose tokens begin with `name`. The driver already connects for the marker at this
    /// time.
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
            // The driver has cancelled the wait.
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

    /// Whether another call may be made while others are pending.
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
            // This comes before any other claim. Otherwise these jobs would wait until their locks expire.
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

    /// A call that ends jobs also claims some, even if no event announced a job. After an error it does not: the first
    /// call only finds out whether Redis accepts writes again.
    fn may_claim(&self, now: &Now) -> bool {
        let is_worth_it = match now.ended {
            0 => self.may_have_jobs && self.limited_until.is_none(),
            _ => self.backoff.is_none(),
        };
        is_worth_it && !now.is_closing
    }

    /// How many jobs may be claimed. Slots of jobs that pending calls end count as free, because they are free when the
    /// answer arrives.
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
        // While a call is pending, its answer is the event to wait for.
        let retry_at = self.backoff.as_ref().filter(|_| self.calls == 0).map(|backoff| backoff.retry_at);
        // A time in the past was considered above. Only an event can change the decision.
        let retry_at = retry_at.filter(|at| *at > now.instant);
        Action::Idle([retry_at, self.limited_until].into_iter().flatten().min())
    }

    /// The time until the next delayed job is due.
    fn until_delayed(&self, unix_ms: u64) -> Duration {
        self.next_delayed.map_or(Duration::MAX, |due| Duration::from_millis(due.saturating_sub(unix_ms).max(1)))
    }

    /// Reports that a slot became free without a call that claims the next job. With global concurrency, BullMQ writes
    /// no marker to announce that another job may start.
    pub fn place_freed(&mut self) {
        self.wake();
    }

    /// Reports that the wait for the marker ended, because the marker came or the time ran out.
    pub fn marker_came(&mut self) {
        self.is_listening = false;
        self.wake();
    }

    /// Reports that the wait for the marker failed.
    pub fn marker_failed(&mut self, now: Instant) {
        self.marker_came();
        self.back_off(now);
    }

    /// Reports the answer to a call.
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

    /// Reports that a call failed. Redis may still have executed it.
    pub fn failed(&mut self, call: Call, now: Instant) {
        self.leave(&call);
        match call.kind {
            CallKind::Batch { claim, .. } => self.lost.extend(Some(claim).filter(|claim| claim.jobs > 0)),
            CallKind::Regain(claims) => self.lost.extend(claims),
        }
        self.back_off(now);
    }

    /// Removes a call from the counters. Returns how many slots it has reserved.
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
        let backoff =
            self.backoff.get_or_insert_with(|| Backoff { delays: ReconnectBackoff::default(), retry_at: now });
        backoff.retry_at = now + backoff.delays.next();
        self.may_have_jobs = true;
    }
}

#[cfg(test)]
mod tests;
