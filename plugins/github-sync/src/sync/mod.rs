//! One repository, from its own description to the last page of the last listing.

mod finish;
mod listing;
mod repository;

use std::collections::BTreeMap;
use std::time::SystemTime;

use toril_plugin::kv::{self, Store};
use toril_plugin::{Failure, Job, log};

use crate::api::Api;
use crate::kept::Lease;
use crate::pace::Pace;
use crate::payload::Sync;
use crate::resource::Resource;
use crate::result::{Counts, Synced};
use crate::settings::Settings;
use crate::version::version;

use listing::Listing;
use repository::Repo;

/// What the whole sync of a repository works with.
struct Work<'a> {
    settings: &'a Settings,
    store: &'a Store,
    pace: &'a Pace,
    /// The job, told from every other that there is or was.
    job: &'a str,
    data: &'a Sync,
}

/// Syncs the repository of a job.
pub fn run(job: &Job<Sync>, repo: &str, settings: &Settings) -> Result<Synced, Failure> {
    let store = kv::open()?;
    let added = job.added_at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis();
    let name = format!("{}/{}/{added}", job.queue, job.id);
    let pace = Pace::start(settings.request_timeout);
    let work = Work { settings, store: &store, pace: &pace, job: &name, data: &job.data };
    let mut api = Api::new(settings, &pace);

    let (repo, lease) = repository::read(&work, &mut api, repo)?;
    match listings(&work, &mut api, &repo, &lease) {
        Ok(resources) => Ok(synced(repo, resources)),
        Err(failure) => {
            if matches!(failure, Failure::Defer(_)) {
                lease.keep();
            }
            Err(failure)
        }
    }
}

fn listings(
    work: &Work<'_>,
    api: &mut Api<'_>,
    repo: &Repo,
    lease: &Lease<'_>,
) -> Result<BTreeMap<String, Counts>, Failure> {
    let mut resources = BTreeMap::from([(Resource::Repository.to_string(), repo.counts.clone())]);
    for resource in work.data.listings() {
        let counts = Listing::open(work, repo, resource)?.sync(api, lease)?;
        log::info(format_args!(
            "{resource}: {} fetched, {} created, {} updated, {} deleted, {} requests, {} of them not modified",
            counts.fetched, counts.created, counts.updated, counts.deleted, counts.requests, counts.not_modified
        ));
        resources.insert(resource.to_string(), counts);
    }
    Ok(resources)
}

fn synced(repo: Repo, resources: BTreeMap<String, Counts>) -> Synced {
    let mut counts = Counts::default();
    resources.values().for_each(|resource| counts += resource);
    let described = repo.described;
    Synced {
        repo: described.full_name,
        id: described.id,
        default_branch: described.default_branch,
        description: described.description,
        stars: described.stargazers_count,
        forks: described.forks_count,
        open_issues: described.open_issues_count,
        pushed_at: described.pushed_at,
        counts,
        resources,
        version: version(),
    }
}

/// The time as GitHub writes it.
fn now() -> String {
    humantime::format_rfc3339_seconds(toril_plugin::clock::now()).to_string()
}
