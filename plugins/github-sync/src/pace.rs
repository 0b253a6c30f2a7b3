//! When an attempt should not begin another page.

use std::cell::Cell;
use std::time::Duration;

use serde_json::json;
use toril_plugin::context::{self, Cancelled};
use toril_plugin::{Failure, log, progress};

use crate::resource::Resource;

/// The share of what is left of an attempt that a request may take: the rest is for saying that it was GitHub that was slow.
const FOR_A_REQUEST: f64 = 0.8;

/// The time of one attempt.
pub struct Pace {
    whole: Duration,
    /// How long a request may take, as the settings say.
    request_timeout: Duration,
    pages: Cell<u32>,
}

impl Pace {
    pub fn start(request_timeout: Duration) -> Self {
        Self { whole: context::remaining(), request_timeout, pages: Cell::new(0) }
    }

    /// How long the next request may take: never more than half of an attempt.
    pub fn for_a_request(&self) -> Duration {
        self.request_timeout.min(self.whole / 2).min(left())
    }

    /// Whether another page can be begun. A long listing takes several attempts, of which none is counted as a failed one:
    /// each page is checkpointed.
    pub fn before_page(&self) -> Result<(), Failure> {
        if let Some(why) = context::cancelled() {
            return Err(match why {
                Cancelled::Shutdown => Failure::defer(Duration::ZERO),
                Cancelled::Requested(reason) => Failure::fatal(format!("the job was cancelled: {reason}")),
            });
        }
        let is_late = left() < self.request_timeout.min(self.whole / 4);
        // One that has done nothing yet would not get further the next time.
        if is_late && self.pages.get() > 0 { Err(Failure::defer(Duration::ZERO)) } else { Ok(()) }
    }

    /// A page is done.
    pub fn after_page(&self, resource: Resource, page: u32, items: usize) {
        self.page_done(&json!({ "resource": resource, "page": page, "items": items }));
    }

    /// A page of a list of repositories is done.
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

/// Progress is for whoever watches: without it the job is as good.
fn publish(value: &serde_json::Value) {
    if let Err(error) = progress::set(value) {
        log::debug(error);
    }
}
