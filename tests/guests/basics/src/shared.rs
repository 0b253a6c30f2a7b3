//! Behaviours about jobs that run in the same instance.

use std::mem::ManuallyDrop;
use std::sync::atomic::{AtomicU32, Ordering};

use serde::Deserialize;
use serde_json::json;
use toril_plugin::http::Request;
use toril_plugin::{Failure, Job, Json, kv, log};

use crate::host;

/// The number of jobs that this instance has started.
static SERVED: AtomicU32 = AtomicU32::new(0);

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Served {
    /// Waits until the job is cancelled.
    wait: bool,
    /// Bytes of memory that are never freed.
    hoard: usize,
    /// Lines of the job's log.
    lines: usize,
    /// A URL to request. The result is ignored.
    fetch: Option<String>,
    /// The number of host resources that are left open.
    open: usize,
    /// Computes until it is interrupted.
    spin: bool,
}

/// Returns the number of this job in its instance, and the number of the last one when it ended.
pub fn served(job: Job<Served>) -> Result<Json, Failure> {
    let Served { wait, hoard, lines, fetch, open, spin } = job.data;
    let served = SERVED.fetch_add(1, Ordering::Relaxed) + 1;
    std::mem::forget(std::hint::black_box(vec![1_u8; hoard]));
    for line in 0..lines {
        log::info(format!("line {line} of job {served}"));
    }
    if let Some(url) = fetch {
        // The host reports a refused request.
        let _ = Request::get(&url).send();
    }
    for _ in 0..open {
        let _left_open = ManuallyDrop::new(kv::open()?);
    }
    if spin {
        loop {
            std::hint::black_box(served);
        }
    }
    if wait {
        host::sleep_until_cancelled()?;
    }
    let last = SERVED.load(Ordering::Relaxed);
    Ok(Json::from(json!({ "served": served, "last": last })))
}
