//! A Toril plugin that reads a repository from GitHub's REST API. README.md is its manual.
//!
//! `data` has what goes in and out, `answer` what each kind of answer means for the job, `api` the requests.

mod answer;
mod api;
mod data;
mod version;

use toril_plugin::{Failure, Job, Jobs, Plugin, log, progress};

use data::{Sync, Synced};

struct GithubSync;

impl Plugin for GithubSync {
    const DESCRIPTION: &'static str = "Reads repositories from GitHub.";

    fn jobs() -> Jobs {
        Jobs::new().on("sync", "Reads what GitHub says about one repository.", sync)
    }
}

fn sync(job: Job<Sync>) -> Result<Synced, Failure> {
    let repo = job.data.checked_repo()?;
    let api = api::Api::from_config()?;
    publish(10);
    let (repository, requests) = api.repository(repo)?;
    publish(90);
    log::info(format_args!("read the repository with {requests} request(s)"));
    Ok(repository.synced(repo, requests))
}

/// Progress is for whoever watches: without it the job is as good.
fn publish(percent: u8) {
    if let Err(error) = progress::set(percent) {
        log::debug(error);
    }
}

toril_plugin::export!(GithubSync);
