//! Tests of the plan's decisions, in order.

use super::*;

const UNIX_MS: u64 = 1_000_000;

fn now() -> Now {
    Now { instant: Instant::now(), unix_ms: UNIX_MS, concurrency: 4, busy: 0, ended: 0, is_closing: false }
}

/// A plan that has connected for the marker and has looked at an empty queue.
fn idle(now: &Now) -> Plan {
    let mut plan = Plan::new("t".into());
    plan.marker_came();
    let call = call(plan.next(now));
    plan.answered(&call, &Seen::default(), now);
    plan
}

fn call(action: Action) -> Call {
    match action {
        Action::Call(call) => call,
        other => panic!("a call instead of {other:?}"),
    }
}

/// How many jobs a batch ends, and how many it may claim.
fn batch(call: &Call) -> (usize, usize) {
    match &call.kind {
        CallKind::Batch { ended, claim } => (*ended, claim.jobs),
        CallKind::Regain(claims) => panic!("a batch instead of {claims:?}"),
    }
}

fn listened(action: Action) -> Duration {
    match action {
        Action::Listen(longest) => longest,
        other => panic!("a wait instead of {other:?}"),
    }
}

#[test]
fn a_worker_claims_as_many_jobs_as_it_has_places() {
    let now = now();
    let mut plan = Plan::new("t".into());
    plan.marker_came();
    assert_eq!(batch(&call(plan.next(&now))), (0, 4));
}

#[test]
fn the_wait_for_the_marker_holds_a_place() {
    let now = now();
    let mut plan = Plan::new("t".into());
    assert_eq!(batch(&call(plan.next(&now))), (0, 3));
}

#[test]
fn a_worker_that_found_nothing_waits_for_the_marker() {
    let now = now();
    let mut plan = idle(&now);
    assert_eq!(listened(plan.next(&now)), IDLE);
    assert!(matches!(plan.next(&now), Action::Idle(None)));
    plan.marker_came();
    assert_eq!(batch(&call(plan.next(&now))), (0, 4));
}

#[test]
fn the_wait_ends_when_the_next_delayed_job_is_due() {
    let now = now();
    let mut plan = idle(&now);
    plan.marker_came();
    let made = call(plan.next(&now));
    plan.answered(&made, &Seen { next_delayed: Some(UNIX_MS + 250), ..Seen::default() }, &now);
    assert_eq!(listened(plan.next(&now)), Duration::from_millis(250));
}

#[test]
fn a_queue_whose_global_concurrency_is_used_up_is_looked_at_twice_a_second() {
    let now = now();
    let mut plan = idle(&now);
    plan.marker_came();
    let made = call(plan.next(&now));
    plan.answered(&made, &Seen { is_full: true, ..Seen::default() }, &now);
    assert_eq!(listened(plan.next(&now)), LIMITED);
}

#[test]
fn a_call_that_ends_jobs_claims_as_many_again() {
    let now = now();
    let mut plan = idle(&now);
    let full = Now { busy: 4, ended: 2, ..now };
    assert_eq!(batch(&call(plan.next(&full))), (2, 2));
}

#[test]
fn places_that_a_call_under_way_may_fill_are_not_claimed_twice() {
    let now = now();
    let mut plan = Plan::new("t".into());
    plan.marker_came();
    let first = call(plan.next(&Now { concurrency: 100, ..now }));
    let second = call(plan.next(&Now { concurrency: 100, ..now }));
    assert_eq!((batch(&first), batch(&second)), ((0, 64), (0, 36)));
    assert!(matches!(plan.next(&Now { concurrency: 1000, ..now }), Action::Idle(None)));
}

#[test]
fn a_wake_up_during_a_call_is_not_forgotten() {
    let now = now();
    let mut plan = Plan::new("t".into());
    plan.marker_came();
    let made = call(plan.next(&now));
    plan.place_freed();
    plan.answered(&made, &Seen::default(), &now);
    assert_eq!(batch(&call(plan.next(&now))), (0, 4));
}

#[test]
fn nothing_is_claimed_before_a_rate_limit_is_over() {
    let now = now();
    let mut plan = idle(&now);
    plan.marker_came();
    let made = call(plan.next(&now));
    let seen = Seen { rate_limited: Some(Duration::from_millis(300)), has_more: true, ..Seen::default() };
    plan.answered(&made, &seen, &now);
    let until = now.instant + Duration::from_millis(300);
    assert!(matches!(plan.next(&now), Action::Idle(Some(at)) if at == until));
    assert_eq!(batch(&call(plan.next(&Now { instant: until, ..now }))), (0, 4));
}

#[test]
fn after_an_error_one_call_ends_jobs_without_claiming_and_the_lost_claim_is_regained() {
    let now = now();
    let mut plan = idle(&now);
    plan.marker_came();
    let made = call(plan.next(&now));
    plan.failed(made, now.instant);
    let Action::Idle(Some(retry_at)) = plan.next(&now) else { panic!("a pause") };
    assert!(retry_at > now.instant);

    let later = Now { instant: retry_at, busy: 1, ended: 1, ..now };
    let ending = call(plan.next(&later));
    assert_eq!(batch(&ending), (1, 0));
    assert!(matches!(plan.next(&later), Action::Idle(None)), "one call at a time");
    plan.answered(&ending, &Seen::default(), &later);

    let CallKind::Regain(claims) = call(plan.next(&Now { busy: 0, ended: 0, ..later })).kind else { panic!("regain") };
    assert_eq!(claims.iter().map(|claim| claim.jobs).sum::<usize>(), 4);
}

#[test]
fn places_of_a_lost_claim_stay_reserved_until_it_is_regained() {
    let now = now();
    let mut plan = idle(&now);
    plan.marker_came();
    let made = call(plan.next(&now));
    plan.failed(made, now.instant);
    let later = Now { instant: now.instant + Duration::from_secs(5), ..now };
    let regain = call(plan.next(&later));
    assert!(matches!(plan.next(&later), Action::Idle(None)));
    plan.answered(&regain, &Seen::default(), &later);
    assert_eq!(batch(&call(plan.next(&later))), (0, 4));
}

#[test]
fn a_closing_worker_ends_its_jobs_claims_none_and_stops() {
    let now = now();
    let mut plan = idle(&now);
    let closing = Now { is_closing: true, busy: 2, ..now };
    assert!(matches!(plan.next(&closing), Action::Idle(None)));
    let ending = call(plan.next(&Now { ended: 2, ..closing }));
    assert_eq!(batch(&ending), (2, 0));
    plan.answered(&ending, &Seen::default(), &closing);
    assert!(matches!(plan.next(&Now { busy: 0, ..closing }), Action::Stop));
}

#[test]
fn a_closing_worker_looks_for_lost_claims_before_it_stops() {
    let now = now();
    let mut plan = Plan::new("t".into());
    plan.marker_came();
    let made = call(plan.next(&now));
    plan.failed(made, now.instant);
    let closing = Now { is_closing: true, instant: now.instant + Duration::from_secs(5), ..now };
    let regain = call(plan.next(&closing));
    assert!(matches!(regain.kind, CallKind::Regain(_)));
    assert!(matches!(plan.next(&closing), Action::Idle(None)));
    plan.answered(&regain, &Seen::default(), &closing);
    assert!(matches!(plan.next(&closing), Action::Stop));
}
