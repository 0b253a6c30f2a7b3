//! A job context and a key-value store without Redis.

use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::Value;

use toril_job::{
    ContextError, ContextFuture, Dependencies, JobContext, JobId, JobRef, KeyValue, LogLevel, NewJob, OnFailure,
    settings,
};

/// Drops log lines, and has no answer to other calls.
#[derive(Default)]
pub struct TestContext {
    /// Whether `log` panics, as a mistake in the host would.
    pub panics: bool,
}

fn unavailable<'a, T: Send + 'a>() -> ContextFuture<'a, T> {
    std::future::ready(Err(ContextError::Unavailable("not in this test".to_owned()))).boxed()
}

impl JobContext for TestContext {
    fn log(&self, _: LogLevel, _: String) -> BoxFuture<'_, ()> {
        assert!(!self.panics, "a mistake in the host");
        std::future::ready(()).boxed()
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

    fn add(&self, _: NewJob, _: Option<OnFailure>) -> ContextFuture<'_, JobId> {
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
