//! Syncs one repository: its own description, then all listings.

mod dates;
mod find;
mod finish;
mod listing;
mod outcome;
mod parents;
mod part;
mod repository;
mod windows;

use std::collections::BTreeMap;
use std::time::SystemTime;

use toril_plugin::kv::{self, Store};
use toril_plugin::{Failure, Job, log};

use crate::api::Api;
use crate::fields::Selection;
use crate::pace::Pace;
use crate::payload::Sync;
use crate::resource::{Order, Resource};
use crate::result::{Counts, Synced};
use crate::settings::Settings;
use crate::stored::Lease;
use crate::version::version;

use listing::Listing;
use outcome::Listed;
use parents::Parents;
use repository::Repo;
use windows::Windows;

/// The context shared by all steps of a repository's sync.
struct Work<'a> {
    settings: &'a Settings,
    store: &'a Store,
    pace: &'a Pace,
    /// Identifies the job among all present and past jobs.
    job: &'a str,
    data: &'a Sync,
    selection: &'a Selection,
}

/// Syncs the repository of a job.
pub fn run(job: &Job<Sync>, repo: &str, settings: &Settings) -> Result<Synced, Failure> {
    let selection = Selection::read(job.data.fields.as_ref())?;
    let store = kv::open()?;
    let added = job.added_at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis();
    let name = format!("{}/{}/{added}", job.queue, job.id);
    let pace = Pace::start(settings.request_timeout);
    let work = Work { settings, store: &store, pace: &pace, job: &name, data: &job.data, selection: &selection };
    let owner = repo.split('/').next().unwrap_or(repo);
    let mut api = Api::new(settings, &pace, &store, owner);

    let (repo, lease) = repository::read(&work, &mut api, repo)?;
    match listings(&work, &mut api, &repo, &lease) {
        Ok(listings) => Ok(synced(repo, listings)),
        Err(failure) => {
            if matches!(failure, Failure::Defer(_)) {
                lease.extend();
            }
            Err(failure)
        }
    }
}

/// The results of a repository's resources.
struct Listings {
    complete: BTreeMap<String, Counts>,
    /// Resources that the token may not read, with the reason.
    refused: BTreeMap<String, String>,
}

fn listings(work: &Work<'_>, api: &mut Api<'_>, repo: &Repo, lease: &Lease<'_>) -> Result<Listings, Failure> {
    let mut complete = BTreeMap::from([(Resource::Repository.to_string(), repo.counts.clone())]);
    let mut refused = BTreeMap::new();
    for resource in work.data.listings() {
        let unbounded = resource.unbounded().filter(|_| work.settings.keeps_all);
        let listed = match (unbounded, resource.order()) {
            (Some(unbounded), _) => Windows::open(work, repo, resource, unbounded)?.sync(api, lease)?,
            (None, Order::PerParent) => Parents::open(work, repo, resource)?.sync(api, lease)?,
            (None, _) => Listing::open(work, repo, resource)?.sync(api, lease)?,
        };
        let counts = match listed {
            Listed::Complete(counts) => counts,
            Listed::Refused(reason) => {
                log::warn(&reason);
                refused.insert(resource.to_string(), reason);
                continue;
            }
        };
        log::info(format_args!(
            "{resource}: {} fetched, {} created, {} updated, {} deleted, {} requests, {} of them not modified",
            counts.fetched, counts.created, counts.updated, counts.deleted, counts.requests, counts.not_modified
        ));
        complete.insert(resource.to_string(), counts);
    }
    // Only the repository itself was read. If the token may read nothing else, the job has not achieved its purpose.
    if let Some(reason) = refused.values().next()
        && complete.len() == 1
    {
        return Err(Failure::fatal(format!("GitHub refuses access to every resource of the job. {reason}")));
    }
    Ok(Listings { complete, refused })
}

fn synced(repo: Repo, listings: Listings) -> Synced {
    let mut counts = Counts::default();
    listings.complete.values().for_each(|resource| counts += resource);
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
        resources: listings.complete,
        refused: listings.refused,
        version: version(),
    }
}

/// The current time in GitHub's format.
fn now() -> String {
    humantime::format_rfc3339_seconds(toril_plugin::clock::now()).to_string()
}
