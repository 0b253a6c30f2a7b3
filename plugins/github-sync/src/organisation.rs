//! Syncs all repositories of an owner: adds a child job for each, and sums up their results.

use std::time::SystemTime;

use serde::Deserialize;
use toril_plugin::jobs::{Add, OnFailure};
use toril_plugin::{Failure, Job, checkpoint, children, kv, log};

use crate::answer::{Subject, missing};
use crate::api::{Api, Found};
use crate::fields::Selection;
use crate::filter::{Candidate, Checked};
use crate::pace::Pace;
use crate::payload::{OwnerListing, Sync};
use crate::result::{Counts, FailedRepository, RefusedResource, Synced, SyncedOwner};
use crate::settings::Settings;
use crate::stored::{MOST_KEYS, keys};
use crate::version::version;

/// Maximum number of pages of an owner's repositories, in case a server's list never ends.
const MOST_PAGES: u32 = 10_000;

/// A repository in the owner's list.
#[derive(Deserialize)]
struct Listed {
    id: u64,
    full_name: String,
    #[serde(default)]
    archived: bool,
    #[serde(default)]
    fork: bool,
}

impl Listed {
    fn candidate(&self) -> Candidate<'_> {
        Candidate { full_name: &self.full_name, archived: self.archived, fork: self.fork }
    }
}

/// Adds the children. Once they have ended, it sums up their results.
pub fn run(job: &Job<Sync>, owner: &str, settings: &Settings) -> Result<SyncedOwner, Failure> {
    let mut left_out = job.data.left_out.unwrap_or_default();
    if job.data.children.is_none() {
        let listed = fan_out(job, owner, settings)?;
        let added = listed.added;
        left_out = listed.left_out;
        // Stored in the job's data, so that it lives as long as the job. It records that the list was read completely.
        checkpoint::save(&Sync {
            children: Some(added),
            left_out: Some(left_out).filter(|left_out| *left_out > 0),
            listing: None,
            ..job.data.clone()
        })?;
        log::info(format_args!("{added} repositories to sync, {left_out} left out by the filter"));
        if added > 0 {
            return Err(Failure::AwaitChildren);
        }
    }
    if children::counts()?.unprocessed > 0 {
        return Err(Failure::AwaitChildren);
    }
    sum(owner, left_out)
}

/// Adds one child job per repository. A child's id is the same in every attempt, so none is added twice. The progress
/// is stored in the job's data, so a long list may take several attempts.
fn fan_out(job: &Job<Sync>, owner: &str, settings: &Settings) -> Result<OwnerListing, Failure> {
    let filter = Checked::new(job.data.filter.as_ref())?;
    // Checked here, because each child would fail for an unknown field.
    Selection::read(job.data.fields.as_ref())?;
    let pace = Pace::start(settings.request_timeout);
    let store = kv::open()?;
    let mut api = Api::new(settings, &pace, &store, owner);
    let subject = Subject::Owner(owner);
    let list = |of: &str| format!("/{of}/{owner}/repos?per_page={}", settings.page_size);
    let begin = || OwnerListing { next: api.url(&list("orgs")), pages: 0, added: 0, left_out: 0 };
    let mut at = job.data.listing.clone().unwrap_or_else(begin);
    // The job's data comes from a producer, so the URL must be checked.
    api.check(&at.next, subject)?;
    let mut is_user = at.pages > 0;
    loop {
        pace.before_page()?;
        if at.pages >= MOST_PAGES {
            return Err(Failure::fatal(format!("GitHub's list of {subject} does not end after {MOST_PAGES} pages")));
        }
        let content = match api.get(&at.next, None, subject)? {
            Found::Content(content) => content,
            // Organisations and users have different lists.
            Found::Missing(404) if !is_user => {
                is_user = true;
                at.next = api.url(&list("users"));
                continue;
            }
            Found::Missing(status) => return Err(Failure::fatal(missing(subject, status))),
            Found::Forbidden(reason) => return Err(Failure::fatal(reason)),
            Found::TooLarge(limit) => {
                return Err(Failure::fatal(format!(
                    "a page of {subject} is larger than {limit} bytes: set `page-size` in the plugin's `config` to a \
                     smaller number"
                )));
            }
            Found::Nothing | Found::NotModified { .. } => return Ok(at),
        };
        let repositories = content.answer.json::<Vec<Listed>>()?;
        let listed = repositories.len();
        let (taken, left_out): (Vec<_>, Vec<_>) =
            repositories.into_iter().partition(|found| filter.takes(&found.candidate()));
        at.left_out = at.left_out.saturating_add(u32::try_from(left_out.len()).unwrap_or(u32::MAX));
        at.added = at.added.saturating_add(add_children(job, &store, taken)?);
        at.pages = at.pages.saturating_add(1);
        match content.following.next_page(&content.url, at.pages, listed, settings.page_size) {
            Some(next) => at.next = next,
            None => return Ok(at),
        }
        checkpoint::save(&Sync { listing: Some(at.clone()), ..job.data.clone() })?;
        pace.after_page_of_repositories(at.pages, at.added);
    }
}

/// Stores the names of repositories, and adds a child job for each. Returns how many it added.
fn add_children(job: &Job<Sync>, store: &kv::Store, repositories: Vec<Listed>) -> Result<u32, Failure> {
    let added_at = job.added_at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis();
    let names: Vec<_> =
        repositories.iter().map(|found| (keys::listed(found.id), found.full_name.clone().into_bytes())).collect();
    store.set_many(&names)?;
    let mut added = 0;
    for repository in repositories {
        let id = format!("{}-{added_at}-{}", job.id, repository.id);
        let data =
            Sync { repo: Some(repository.full_name), org: None, filter: None, listing: None, ..job.data.clone() };
        Add::new(&job.queue, &job.name, &data).id(id).send_child(OnFailure::Ignore)?;
        added += 1;
    }
    Ok(added)
}

fn sum(owner: &str, left_out: u32) -> Result<SyncedOwner, Failure> {
    let synced = children::values::<Synced>()?;
    let mut counts = Counts::default();
    let mut refused = Vec::new();
    for child in &synced {
        counts += &child.value.counts;
        refused.extend(child.value.refused.iter().map(|(resource, reason)| RefusedResource {
            repo: child.value.repo.clone(),
            resource: resource.clone(),
            reason: reason.clone(),
        }));
    }
    Ok(SyncedOwner {
        org: owner.to_owned(),
        repos: synced.len() as u64,
        left_out,
        failed: failed()?,
        refused,
        counts,
        version: version(),
    })
}

/// The repositories whose children failed, with their names at the time of listing.
fn failed() -> Result<Vec<FailedRepository>, Failure> {
    let failures = children::ignored_failures()?;
    let store = kv::open()?;
    let mut failed = Vec::with_capacity(failures.len());
    for failures in failures.chunks(MOST_KEYS) {
        let ids = failures.iter().map(|failure| repository_of(&failure.child.id));
        let keys: Vec<_> = ids.map(|id| keys::listed(id.unwrap_or_default())).collect();
        for (failure, name) in failures.iter().zip(store.get_many(&keys)?) {
            failed.push(FailedRepository {
                repo: name.and_then(|name| String::from_utf8(name).ok()),
                job: failure.child.id.clone(),
                reason: failure.reason.clone(),
            });
        }
    }
    Ok(failed)
}

/// GitHub's id of a child's repository. The child's job id ends with it.
fn repository_of(child: &str) -> Option<u64> {
    child.rsplit_once('-').and_then(|(_, id)| id.parse().ok())
}
