//! `wit/since-0.1`, translated to the newest version. The difference: in 0.1, `cancelled` returned only a reason, not
//! the kind of cancellation.

mod generated {
    wasmtime::component::bindgen!({
        path: "../../../wit/since-0.1",
        world: "processor",
        imports: { default: async | trappable },
        exports: { default: async },
        // These types are identical in both versions.
        with: { "toril:plugin/types@0.1.0": super::super::since_0_2::toril::plugin::types },
    });
}

pub use generated::{Processor, ProcessorPre};

use generated::toril::plugin::{job_context as old, jobs as old_jobs};

use super::since_0_2::toril::plugin::{job_context as new, jobs as new_jobs};
use crate::state::PenState;

/// The reason that `cancelled` returns when the host shuts down.
const SHUTDOWN: &str = "the host is shutting down";

type Answer<T> = wasmtime::Result<Result<T, old::Error>>;

impl old::Host for PenState {
    async fn log(&mut self, level: old::Level, message: String) -> wasmtime::Result<()> {
        new::Host::log(self, level.into(), message).await
    }

    async fn set_progress(&mut self, progress: String) -> Answer<()> {
        Ok(new::Host::set_progress(self, progress).await?.map_err(Into::into))
    }

    async fn set_data(&mut self, data: String) -> Answer<()> {
        Ok(new::Host::set_data(self, data).await?.map_err(Into::into))
    }

    async fn children_values(&mut self) -> Answer<Vec<old::ChildValue>> {
        let value = |new::ChildValue { child, value }| old::ChildValue { child, value };
        let values = new::Host::children_values(self).await?;
        Ok(values.map(|values| values.into_iter().map(value).collect()).map_err(Into::into))
    }

    async fn ignored_failures(&mut self) -> Answer<Vec<old::ChildFailure>> {
        let failure = |new::ChildFailure { child, reason }| old::ChildFailure { child, reason };
        let failures = new::Host::ignored_failures(self).await?;
        Ok(failures.map(|failures| failures.into_iter().map(failure).collect()).map_err(Into::into))
    }

    async fn dependencies(&mut self) -> Answer<old::DependencyCounts> {
        let counts = |new::DependencyCounts { processed, unprocessed, ignored, failed }| old::DependencyCounts {
            processed,
            unprocessed,
            ignored,
            failed,
        };
        Ok(new::Host::dependencies(self).await?.map(counts).map_err(Into::into))
    }

    async fn remaining(&mut self) -> wasmtime::Result<u64> {
        new::Host::remaining(self).await
    }

    async fn cancelled(&mut self) -> wasmtime::Result<Option<String>> {
        Ok(new::Host::cancelled(self).await?.map(|why| match why {
            new::Cancellation::Requested(reason) => reason,
            new::Cancellation::Shutdown => SHUTDOWN.to_owned(),
        }))
    }
}

impl From<old::Level> for new::Level {
    fn from(level: old::Level) -> Self {
        match level {
            old::Level::Debug => Self::Debug,
            old::Level::Info => Self::Info,
            old::Level::Warn => Self::Warn,
            old::Level::Error => Self::Error,
        }
    }
}

impl From<new::Error> for old::Error {
    fn from(error: new::Error) -> Self {
        match error {
            new::Error::Invalid(reason) => Self::Invalid(reason),
            new::Error::Unavailable(reason) => Self::Unavailable(reason),
        }
    }
}

type Added = wasmtime::Result<Result<String, old_jobs::Error>>;

impl old_jobs::Host for PenState {
    async fn add(&mut self, queue: String, name: String, data: String, options: old_jobs::AddOptions) -> Added {
        Ok(new_jobs::Host::add(self, queue, name, data, options.into()).await?.map_err(Into::into))
    }

    async fn add_child(
        &mut self,
        queue: String,
        name: String,
        data: String,
        options: old_jobs::AddOptions,
        on_failure: old_jobs::OnFailure,
    ) -> Added {
        let added = new_jobs::Host::add_child(self, queue, name, data, options.into(), on_failure.into()).await?;
        Ok(added.map_err(Into::into))
    }
}

impl From<old_jobs::AddOptions> for new_jobs::AddOptions {
    fn from(options: old_jobs::AddOptions) -> Self {
        let old_jobs::AddOptions { id, delay, priority, attempts, backoff, deduplication } = options;
        Self {
            id,
            delay,
            priority,
            attempts,
            backoff: backoff.map(Into::into),
            deduplication: deduplication.map(Into::into),
        }
    }
}

impl From<old_jobs::Backoff> for new_jobs::Backoff {
    fn from(backoff: old_jobs::Backoff) -> Self {
        let kind = match backoff.kind {
            old_jobs::BackoffKind::Fixed => new_jobs::BackoffKind::Fixed,
            old_jobs::BackoffKind::Exponential => new_jobs::BackoffKind::Exponential,
        };
        Self { kind, delay: backoff.delay, jitter: backoff.jitter }
    }
}

impl From<old_jobs::Deduplication> for new_jobs::Deduplication {
    fn from(deduplication: old_jobs::Deduplication) -> Self {
        let old_jobs::Deduplication { id, ttl, extend, replace, keep_last_if_active } = deduplication;
        Self { id, ttl, extend, replace, keep_last_if_active }
    }
}

impl From<old_jobs::OnFailure> for new_jobs::OnFailure {
    fn from(on_failure: old_jobs::OnFailure) -> Self {
        match on_failure {
            old_jobs::OnFailure::FailParent => Self::FailParent,
            old_jobs::OnFailure::ContinueParent => Self::ContinueParent,
            old_jobs::OnFailure::Ignore => Self::Ignore,
            old_jobs::OnFailure::Remove => Self::Remove,
            old_jobs::OnFailure::Wait => Self::Wait,
        }
    }
}

impl From<new_jobs::Error> for old_jobs::Error {
    fn from(error: new_jobs::Error) -> Self {
        match error {
            new_jobs::Error::Denied(reason) => Self::Denied(reason),
            new_jobs::Error::Invalid(reason) => Self::Invalid(reason),
            new_jobs::Error::Unavailable(reason) => Self::Unavailable(reason),
        }
    }
}
