//! Decides when an attempt should not start another page.

use std::cell::Cell;
use std::time::Duration;

use serde_json::json;
use toril_plugin::context::{self, Cancelled};
use toril_plugin::{Failure, log, progress};

use crate::resource::Resource;

/// The share of an attempt's remaining time that a request may use. The rest is needed to report that GitHub was too
/// slow.
const FOR_A_REQUEST: f64 = 0.8;

/// The time of one attempt.
pub struct Pace {
    whole: Duration,
    /// The configured timeout of a request.
    request_timeout: Duration,
    pages: Cell<u32>,
}

impl Pace {
    pub fn start(request_timeout: Duration) -> Self {
        Self { whole: context::remaining(), request_timeout, pages: Cell::new(0) }
    }

    /// Timeout of the next request: at most half of an attempt.
    pub fn for_a_request(&self) -> Duration {
        self.request_timeout.min(self.whole / 2).min(left())
    }

    /// Checks whether another page can be started. A long listing takes several attempts. None of them counts as
    /// failed, because each page is checkpointed.
    pub fn before_page(&self) -> Result<(), Failure> {
        if let Some(why) = context::cancelled() {
            return Err(match why {
                Cancelled::Shutdown => Failure::defer(Duration::ZERO),
                Cancelled::Requested(reason) => Failure::fatal(format!("the job was cancelled: {reason}")),
            });
        }
        let is_late = left() < self.request_timeout.min(self.whole / 4);
        // An attempt that has done nothing yet continues: the next one would not get further.
        if is_late && self.pages.get() > 0 { Err(Failure::defer(Duration::ZERO)) } else { Ok(()) }
    }

    /// Counts a finished page and publishes the progress.
    pub fn after_page(&self, resource: Resource, page: u32, items: usize) {
        self.page_done(&json!({ "resource": resource, "page": page, "items": items }));
    }

    /// Counts a finished page of a list of repositories and publishes the progress.
    pub fn after_page_of_repositories(&self, page: u32, items: u32) {
        self.page_done(&json!({ "resource": "repositories", "page": page, "items": items }));
    }

    fn page_done(&self, progress: &serde_json::Value) {
        self.pages.set(self.pages.get() + 1);
        publish(progress);
    }
}

fn left() -> Duration {
    context::remaining().mul_f64(FOR_A_REQUEST)
}

/// Progress is only informative, so an error does not fail the job.
fn publish(value: &serde_json::Value) {
    if let Err(error) = progress::set(value) {
        log::debug(error);
    }
}
