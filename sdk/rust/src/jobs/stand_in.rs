//! Accepts every job and keeps none, so that handlers that add jobs can be unit-tested.

use std::sync::atomic::{AtomicU64, Ordering};

use super::list::Single;
use super::options::Options;
use super::{AddError, OnFailure};

pub(super) fn add(_queue: &str, _name: &str, _data: &str, options: Options) -> Result<String, AddError> {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    Ok(options.id.unwrap_or_else(|| NEXT.fetch_add(1, Ordering::Relaxed).to_string()))
}

pub(super) fn add_child(
    queue: &str,
    name: &str,
    data: &str,
    options: Options,
    _on_failure: OnFailure,
) -> Result<String, AddError> {
    add(queue, name, data, options)
}

pub(super) fn add_all(jobs: Vec<Single>) -> Result<Vec<String>, AddError> {
    jobs.into_iter().map(|job| add(&job.queue, &job.name, job.data.as_str(), job.options)).collect()
}
