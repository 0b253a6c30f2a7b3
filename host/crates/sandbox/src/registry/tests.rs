//! Replacing, refusing and removing versions.

use super::*;
use crate::testing::{Answer, LONG, TestPlugins, attempt, returning};
use toril_job::{Outcome, Signals};

/// The plugins of a host with one in use, whose jobs return this.
async fn with(result: &str) -> TestPlugins {
    let test = TestPlugins::new();
    test.install("work", &returning(&Answer::Result(result)), &Plugin::default()).await;
    test
}

async fn result(test: &TestPlugins, handle: &Handle) -> String {
    match test.plugins.run(handle, attempt(Signals::default()), LONG).await.outcome {
        Outcome::Completed(result) => result.text().to_owned(),
        other => panic!("not completed: {other:?}"),
    }
}

#[tokio::test]
async fn a_new_file_replaces_the_version_of_later_attempts() {
    let test = with("1").await;
    let handle = test.plugins.handle("work").expect("in use");
    let old = test.plugins.version("work").expect("in use").id.clone();
    assert_eq!(result(&test, &handle).await, "1");

    test.write("work", &returning(&Answer::Result("2")));
    let reload = test.plugins.reload("work").await;

    let status = test.plugins.status().pop().expect("one plugin");
    let Reload::Replaced { old: replaced, new } = reload else { panic!("{reload:?}") };
    assert_eq!((replaced, &new), (old, &status.version));
    assert_eq!(status.reloads[0].result, Ok(new));
    assert_eq!(result(&test, &handle).await, "2");
}

#[tokio::test]
async fn the_same_file_changes_nothing() {
    let test = with("1").await;

    assert!(matches!(test.plugins.reload("work").await, Reload::Unchanged));

    assert_eq!(test.plugins.status()[0].reloads.len(), 1);
    assert!(matches!(test.plugins.reload("other").await, Reload::Unchanged));
}

#[tokio::test]
async fn a_file_that_cannot_be_used_is_refused_until_a_usable_one_replaces_it() {
    let test = with("1").await;
    let handle = test.plugins.handle("work").expect("in use");

    test.write("work", b"no component");
    let reload = test.plugins.reload("work").await;

    assert!(matches!(&reload, Reload::Refused(LoadError::NoComponent(_))), "{reload:?}");
    let refused = test.plugins.status()[0].refused.clone();
    assert!(refused.is_some_and(|reason| reason.contains("is not a WebAssembly component")));
    assert_eq!(result(&test, &handle).await, "1");

    test.write("work", &returning(&Answer::Result("1")));
    assert!(matches!(test.plugins.reload("work").await, Reload::Unchanged));
    assert_eq!(test.plugins.status()[0].refused, None);
}

#[tokio::test]
async fn a_reload_that_read_an_older_file_changes_nothing() {
    let test = with("1").await;
    let handle = test.plugins.handle("work").expect("in use");
    let Handle(slot) = &handle;
    let (first, second) = (slot.start_reload(), slot.start_reload());

    slot.finish_reload(second, Ok(None));
    let (late, replaced) = slot.finish_reload(first, Err(LoadError::NoComponent("work.wasm".into())));

    assert!(matches!(late, Reload::Unchanged) && replaced.is_none());
    assert_eq!(test.plugins.status()[0].refused, None);
}

#[tokio::test]
async fn a_plugin_that_was_removed_runs_the_attempts_of_existing_handles() {
    let test = with("1").await;
    let handle = test.plugins.handle("work").expect("in use");

    test.plugins.remove("work");

    assert!(!test.plugins.has("work") && test.plugins.handle("work").is_none());
    assert!(test.plugins.status().is_empty());
    assert_eq!(result(&test, &handle).await, "1");
}

#[tokio::test]
async fn new_settings_apply_to_the_next_attempt() {
    let test = with("123").await;
    let handle = test.plugins.handle("work").expect("in use");

    test.plugins.configure("work", &Plugin { max_result: 2, ..Plugin::default() });

    let outcome = test.plugins.run(&handle, attempt(Signals::default()), LONG).await.outcome;
    assert!(matches!(outcome, Outcome::Retry(_)), "{outcome:?}");
}
