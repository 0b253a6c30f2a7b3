//! What jobs see of each other that run in one instance.

use std::mem::ManuallyDrop;
use std::sync::atomic::{AtomicU32, Ordering};

use serde::Deserialize;
use serde_json::json;
use toril_plugin::http::Request;
use toril_plugin::{Failure, Job, Json, kv, log};

use crate::host;

/// The jobs that this instance has begun.
static SERVED: AtomicU32 = AtomicU32::new(0);

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Served {
    /// Waits until the job is cancelled.
    wait: bool,
    /// Bytes of memory that are never given back.
    hoard: usize,
    /// Lines of the job's log.
    lines: usize,
    /// An address that is asked, whatever comes of it.
    fetch: Option<String>,
    /// How many resources of the host are left open.
    open: usize,
    /// Computes until it is interrupted.
    spin: bool,
}

/// Returns which job of its instance this is, and which was the last when it ended.
pub fn served(job: Job<Served>) -> Result<Json, Failure> {
    let Served { wait, hoard, lines, fetch, open, spin } = job.data;
    let served = SERVED.fetch_add(1, Ordering::Relaxed) + 1;
    std::mem::forget(std::hint::black_box(vec![1_u8; hoard]));
    for line in 0..lines {
        log::info(format!("line {line} of job {served}"));
    }
    if let Some(url) = fetch {
        // What was refused is told by the host.
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
