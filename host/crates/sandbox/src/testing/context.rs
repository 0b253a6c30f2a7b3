//! A job context and a key-value store without Redis.

use std::sync::{Arc, Mutex};

use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::Value;
use tokio::sync::Semaphore;

use toril_job::{
    ChildPage, ChildState, ContextError, ContextFuture, Dependencies, JobContext, JobDetails, JobId, JobRef, KeyValue,
    LogLevel, NewJob, OnFailure, QueueName, TreeJob, settings,
};

/// Has no answer to any call but `log`.
#[derive(Default)]
pub struct TestContext {
    /// What `log` does.
    pub log: TestLog,
}

/// What the log of a [`TestContext`] does.
#[derive(Default)]
pub enum TestLog {
    /// It drops lines.
    #[default]
    Dropped,
    /// It panics, as a mistake in the host would.
    Panics,
    /// It writes lines slowly.
    Slow(Arc<SlowLog>),
}

/// A log that writes one line per permit and then waits for the next permit.
pub struct SlowLog {
    pub permits: Semaphore,
    lines: Mutex<Vec<String>>,
}

impl SlowLog {
    pub fn new(permits: usize) -> Arc<Self> {
        Arc::new(Self { permits: Semaphore::new(permits), lines: Mutex::default() })
    }

    /// The lines that it has written.
    pub fn lines(&self) -> Vec<String> {
        self.lines.lock().expect("no panic").clone()
    }

    async fn write(&self, message: String) {
        self.permits.acquire().await.expect("it is never closed").forget();
        self.lines.lock().expect("no panic").push(message);
    }
}

fn unavailable<'a, T: Send + 'a>() -> ContextFuture<'a, T> {
    std::future::ready(Err(ContextError::Unavailable("not in this test".to_owned()))).boxed()
}

impl JobContext for TestContext {
    fn log(&self, _: LogLevel, message: String) -> BoxFuture<'_, ()> {
        match &self.log {
            TestLog::Dropped => std::future::ready(()).boxed(),
            TestLog::Panics => panic!("a mistake in the host"),
            TestLog::Slow(log) => log.write(message).boxed(),
        }
    }

    fn set_progress(&self, _: Value) -> ContextFuture<'_, ()> {
        unavailable()
    }

    fn set_data(&self, _: Value) -> ContextFuture<'_, ()> {
        unavailable()
    }

    fn children_values(&self) -> ContextFuture<'_, Vec<(JobRef, Value)>> {
        unavailable()
    }

    fn ignored_failures(&self) -> ContextFuture<'_, Vec<(JobRef, String)>> {
        unavailable()
    }

    fn dependencies(&self) -> ContextFuture<'_, Dependencies> {
        unavailable()
    }

    fn list_children(&self, _: ChildState, _: u64, _: u32) -> ContextFuture<'_, ChildPage> {
        unavailable()
    }

    fn own(&self) -> JobRef {
        JobRef { queue: QueueName::new("mail").expect("a name"), id: "1".into() }
    }

    fn details(&self) -> JobDetails {
        JobDetails::default()
    }

    fn add(&self, _: NewJob, _: Option<OnFailure>) -> ContextFuture<'_, JobId> {
        unavailable()
    }

    fn add_all(&self, _: Vec<TreeJob>) -> ContextFuture<'_, Vec<JobId>> {
        unavailable()
    }
}

impl KeyValue for TestContext {
    fn get<'a>(&'a self, _: &'a str, _: &'a str) -> ContextFuture<'a, Option<Vec<u8>>> {
        unavailable()
    }

    fn set<'a>(&'a self, _: &'a str, _: &'a str, _: Vec<u8>, _: &'a settings::KeyValue) -> ContextFuture<'a, ()> {
        unavailable()
    }

    fn delete<'a>(&'a self, _: &'a str, _: &'a str) -> ContextFuture<'a, ()> {
        unavailable()
    }

    fn exists<'a>(&'a self, _: &'a str, _: &'a str) -> ContextFuture<'a, bool> {
        unavailable()
    }

    fn keys<'a>(&'a self, _: &'a str, _: Option<u64>) -> ContextFuture<'a, (Vec<String>, Option<u64>)> {
        unavailable()
    }

    fn increment<'a>(&'a self, _: &'a str, _: &'a str, _: u64, _: &'a settings::KeyValue) -> ContextFuture<'a, u64> {
        unavailable()
    }

    fn get_many<'a>(&'a self, _: &'a str, _: &'a [String], _: usize) -> ContextFuture<'a, Vec<Option<Vec<u8>>>> {
        unavailable()
    }

    fn set_many<'a>(
        &'a self,
        _: &'a str,
        _: &'a [(String, Vec<u8>)],
        _: &'a settings::KeyValue,
    ) -> ContextFuture<'a, ()> {
        unavailable()
    }

    fn delete_many<'a>(&'a self, _: &'a str, _: &'a [String]) -> ContextFuture<'a, ()> {
        unavailable()
    }
}
