//! The outcome of each way in which an attempt can end.

use std::num::{NonZeroU32, NonZeroU64};
use std::sync::Arc;
use std::time::Duration;

use wasm_encoder::{BlockType, InstructionSink, MemArg};

use crate::testing::{Answer, COUNTER, LOG, LONG, TEXT, TestContext, TestLog, TestPlugins, attempt, plugin, returning};
use toril_config::{Isolation, Plugin};
use toril_job::{Attempt, Failure, FailureKind, Finished, Outcome, Signals};

/// Runs one attempt of this component.
async fn run(component: &[u8], entry: &Plugin, attempt: Attempt, timeout: Duration) -> Finished {
    let test = TestPlugins::new();
    test.install("work", component, entry).await;
    test.run("work", attempt, timeout).await
}

async fn outcome(component: &[u8], entry: &Plugin) -> Outcome {
    run(component, entry, attempt(Signals::default()), LONG).await.outcome
}

fn endless(code: &mut InstructionSink<'_>) {
    code.loop_(BlockType::Empty).br(0).end();
}

/// The failure of an attempt that is retried.
fn retried(outcome: Outcome) -> Failure {
    match outcome {
        Outcome::Retry(failure) => failure,
        other => panic!("not retried: {other:?}"),
    }
}

#[tokio::test]
async fn a_result_completes_the_job() {
    let finished = run(&returning(&Answer::Result("[1]")), &Plugin::default(), attempt(Signals::default()), LONG).await;

    assert!(matches!(&finished.outcome, Outcome::Completed(result) if result.text() == "[1]"), "{finished:?}");
    assert!(finished.usage.is_some_and(|usage| usage.memory > 0 && usage.fuel.is_some_and(|fuel| fuel > 0)));
}

#[tokio::test]
async fn a_result_that_is_not_json_or_too_large_fails_the_attempt() {
    let failure = retried(outcome(&returning(&Answer::Result("{")), &Plugin::default()).await);
    assert_eq!(failure.kind, FailureKind::InvalidResult);

    let entry = Plugin { max_result: 2, ..Plugin::default() };
    let failure = retried(outcome(&returning(&Answer::Result("123")), &entry).await);
    assert_eq!(failure.kind, FailureKind::InvalidResult);
    assert!(failure.message.contains("`max_result`"), "{}", failure.message);
}

#[tokio::test]
async fn each_failure_that_a_plugin_returns_has_its_outcome() {
    let entry = Plugin::default();
    let retry = retried(outcome(&returning(&Answer::Retry("again")), &entry).await);
    assert_eq!((retry.kind, retry.message.as_str()), (FailureKind::Plugin, "again"));

    let fatal = outcome(&returning(&Answer::Fatal("no")), &entry).await;
    assert!(matches!(&fatal, Outcome::Failed(failure) if failure.message == "no"), "{fatal:?}");

    let deferred = outcome(&returning(&Answer::Defer(1500)), &entry).await;
    assert!(matches!(deferred, Outcome::Deferred(wait) if wait.as_millis() == 1500), "{deferred:?}");

    let limited = outcome(&returning(&Answer::RateLimited(1500)), &entry).await;
    assert!(matches!(limited, Outcome::RateLimited(wait) if wait.as_millis() == 1500), "{limited:?}");

    let requeued = outcome(&returning(&Answer::Requeue), &entry).await;
    assert!(matches!(requeued, Outcome::Requeued), "{requeued:?}");

    let waiting = outcome(&returning(&Answer::AwaitChildren), &entry).await;
    assert!(matches!(waiting, Outcome::AwaitChildren), "{waiting:?}");
}

#[tokio::test]
async fn a_failure_has_the_stack_that_the_plugin_returned() {
    let plain = retried(outcome(&returning(&Answer::Retry("no")), &Plugin::default()).await);
    let with_stack = retried(outcome(&returning(&Answer::RetryWithStack("no")), &Plugin::default()).await);
    assert_eq!((plain.stack, with_stack.stack.as_deref()), (None, Some("no")));
}

#[tokio::test]
async fn a_trap_fails_the_attempt() {
    let component = plugin(&Answer::Result("1"), |code| {
        code.unreachable();
    });

    let failure = retried(outcome(&component, &Plugin::default()).await);

    assert_eq!(failure.kind, FailureKind::Trap);
    assert!(failure.message.starts_with("the plugin trapped: "), "{}", failure.message);
}

#[tokio::test]
async fn a_guest_that_uses_up_its_fuel_fails_and_the_fuel_is_counted() {
    let entry = Plugin { fuel: NonZeroU64::new(10_000), ..Plugin::default() };

    let finished = run(&plugin(&Answer::Result("1"), endless), &entry, attempt(Signals::default()), LONG).await;

    assert_eq!(finished.usage.and_then(|usage| usage.fuel), Some(10_000));
    let failure = retried(finished.outcome);
    assert_eq!(failure.kind, FailureKind::Fuel);
    assert!(failure.message.contains("`fuel = 10000` under [plugins.work]"), "{}", failure.message);
}

#[tokio::test]
async fn a_guest_that_wants_more_memory_than_it_may_have_fails() {
    let component = plugin(&Answer::Result("1"), |code| {
        code.i32_const(2_000).memory_grow(0).drop();
    });

    let failure = retried(outcome(&component, &Plugin::default()).await);

    assert_eq!(failure.kind, FailureKind::Memory);
    assert!(failure.message.contains("`memory` under [plugins.work]"), "{}", failure.message);
}

#[tokio::test]
async fn a_guest_that_computes_until_the_deadline_fails_with_the_timeout_of_its_queue() {
    let component = plugin(&Answer::Result("1"), endless);

    let timeout = Duration::from_millis(100);
    let finished = run(&component, &Plugin::default(), attempt(Signals::default()), timeout).await;

    let failure = retried(finished.outcome);
    assert_eq!(failure.kind, FailureKind::Timeout);
    assert!(failure.message.contains("within 100ms, the `timeout` of queue mail"), "{}", failure.message);
}

#[tokio::test]
async fn a_lost_lock_and_a_shutdown_end_the_attempt() {
    let component = plugin(&Answer::Result("1"), endless);
    let signals = Signals::default();
    signals.lock_lost.cancel();
    let finished = run(&component, &Plugin::default(), attempt(signals), LONG).await;
    assert!(matches!(finished.outcome, Outcome::LockLost), "{finished:?}");
    assert!(finished.usage.is_none());

    let signals = Signals::default();
    signals.give_back.cancel();
    let finished = run(&component, &Plugin::default(), attempt(signals), LONG).await;
    assert!(matches!(finished.outcome, Outcome::GivenBack), "{finished:?}");
}

#[tokio::test]
async fn a_plugin_that_goes_on_after_its_job_was_cancelled_is_interrupted() {
    let signals = Signals::default();
    signals.cancelled.cancel("no longer needed".to_owned());

    let finished = run(&plugin(&Answer::Result("1"), endless), &Plugin::default(), attempt(signals), LONG).await;

    let Outcome::Failed(failure) = finished.outcome else { panic!("{finished:?}") };
    assert_eq!(failure.kind, FailureKind::Cancelled);
    assert!(failure.message.contains("no longer needed"), "{}", failure.message);
}

#[tokio::test]
async fn a_panic_of_the_host_fails_this_attempt_alone() {
    let component = plugin(&Answer::Result("1"), |code| {
        code.i32_const(0).i32_const(TEXT).i32_const(1).call(LOG);
    });
    let test = TestPlugins::new();
    test.install("work", &component, &Plugin::default()).await;
    let panicking = Attempt { context: Arc::new(TestContext { log: TestLog::Panics }), ..attempt(Signals::default()) };

    let failure = retried(test.run("work", panicking, LONG).await.outcome);
    assert_eq!(failure.kind, FailureKind::Host);

    let next = test.run("work", attempt(Signals::default()), LONG).await;
    assert!(matches!(next.outcome, Outcome::Completed(_)), "{next:?}");
}

/// A plugin that returns how many jobs its instance has run, and traps in the third.
fn counting() -> Vec<u8> {
    plugin(&Answer::Result("0"), |code| {
        code.global_get(COUNTER).i32_const(1).i32_add().global_set(COUNTER);
        code.global_get(COUNTER).i32_const(3).i32_eq().if_(BlockType::Empty).unreachable().end();
        let byte = MemArg { offset: 0, align: 0, memory_index: 0 };
        code.i32_const(TEXT).global_get(COUNTER).i32_const(i32::from(b'0')).i32_add().i32_store8(byte);
    })
}

async fn results(entry: &Plugin, jobs: usize) -> Vec<String> {
    let test = TestPlugins::new();
    test.install("work", &counting(), entry).await;
    let mut results = Vec::new();
    for _ in 0..jobs {
        let finished = test.run("work", attempt(Signals::default()), LONG).await;
        results.push(match finished.outcome {
            Outcome::Completed(result) => result.text().to_owned(),
            other => other.label().to_owned(),
        });
    }
    results
}

#[tokio::test]
async fn an_instance_is_new_for_each_job_unless_the_plugin_reuses_it_and_none_survives_a_failure() {
    assert_eq!(results(&Plugin::default(), 3).await, ["1", "1", "1"]);

    let jobs = NonZeroU32::new(10).expect("not 0");
    let entry = Plugin { isolation: Isolation::Reuse { jobs }, ..Plugin::default() };
    assert_eq!(results(&entry, 5).await, ["1", "2", "retry", "1", "2"]);

    let jobs = NonZeroU32::new(2).expect("not 0");
    let entry = Plugin { isolation: Isolation::Reuse { jobs }, ..Plugin::default() };
    assert_eq!(results(&entry, 4).await, ["1", "2", "1", "2"]);
}
