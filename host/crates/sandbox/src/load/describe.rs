//! Calls a plugin's `describe`, once for each version.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::task::AbortOnDropHandle;
use wasmtime::Store;

use crate::current_job::CurrentJob;
use crate::engine::Engine;
use crate::interface::{Processor, types};
use crate::pen::{GuestPre, PenState, UNLIMITED_FUEL, failed_to_start, guest_failure, new_store};
use crate::pool::Pool;
use crate::settings::Settings;
use toril_job::{Failure, FailureKind};
use toril_schema::{JobDescription, Manifest};

/// Timeout of `describe`.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Why `describe` failed.
#[derive(Debug)]
pub enum DescribeError {
    /// The types of the plugin's exports differ from this host's interface. The text explains how.
    OtherTypes(String),
    /// The call failed.
    Failed(Failure),
}

impl From<Failure> for DescribeError {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// Calls the plugin's `describe`. No guest outlives the caller that waits for it.
pub async fn describe(
    engine: &Engine,
    pool: &Pool,
    pre: GuestPre,
    settings: Arc<Settings>,
) -> Result<Manifest, DescribeError> {
    let (Some(runtime), Some(place)) = (engine.pens(), pool.place().await) else {
        return Err(Failure::new(FailureKind::Host, "the host is shutting down").into());
    };
    let task = runtime.spawn(async move {
        let _place = place;
        describe_here(&pre, &settings).await
    });
    AbortOnDropHandle::new(task).await.unwrap_or_else(|error| {
        Err(Failure::new(FailureKind::Host, format!("the call failed in the host: {error}")).into())
    })
}

async fn describe_here(pre: &GuestPre, settings: &Arc<Settings>) -> Result<Manifest, DescribeError> {
    let deadline = Instant::now() + TIMEOUT;
    let state = PenState::new(settings, CurrentJob::none(settings.plugin.clone(), deadline));
    let mut store = new_store(pre, state, settings).map_err(|error| failed_to_start(&error))?;
    // The plugin's fuel limit applies to attempts. `describe` is limited by time and memory only.
    store.set_fuel(UNLIMITED_FUEL).map_err(|error| failed_to_start(&error))?;
    let late = format!("`describe` did not return within {}", humantime::format_duration(TIMEOUT));
    match tokio::time::timeout_at(deadline.into(), call(pre, &mut store)).await {
        Ok(Ok(described)) => described.map(plain).map_err(DescribeError::OtherTypes),
        Ok(Err(error)) => Err(guest_failure(&error, &store.data().limits, settings, &late).into()),
        Err(_) => Err(Failure::new(FailureKind::Timeout, late).into()),
    }
}

/// Instantiates the plugin and calls its `describe`. The inner error explains how the types of its exports differ from
/// those of the interface.
async fn call(pre: &GuestPre, store: &mut Store<PenState>) -> wasmtime::Result<Result<types::Manifest, String>> {
    let instance = pre.instance_pre().instantiate_async(&mut *store).await?;
    match Processor::new(&mut *store, &instance) {
        Ok(guest) => guest.toril_plugin_handler().call_describe(store).await.map(Ok),
        Err(error) => Ok(Err(error.root_cause().to_string())),
    }
}

/// Converts a manifest from the generated types.
fn plain(manifest: types::Manifest) -> Manifest {
    let job = |job: types::JobType| JobDescription {
        name: job.name,
        description: job.description,
        data_schema: job.data_schema,
        result_schema: job.result_schema,
    };
    Manifest { description: manifest.description, jobs: manifest.jobs.into_iter().map(job).collect() }
}
