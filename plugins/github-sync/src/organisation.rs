//! All repositories of an owner: a child job for each, and the sum of what they return.

use std::time::SystemTime;

use serde::Deserialize;
use serde_json::json;
use toril_plugin::jobs::{Add, OnFailure};
use toril_plugin::{Failure, Job, checkpoint, children, log};

use crate::answer::{Subject, missing};
use crate::api::{Api, Found};
use crate::pace::{self, Pace};
use crate::payload::Sync;
use crate::result::{Counts, FailedRepository, Synced, SyncedOwner};
use crate::settings::Settings;
use crate::version::version;

/// A repository in the list of its owner's.
#[derive(Deserialize)]
struct Listed {
    id: u64,
    full_name: String,
}

/// Adds the children, or sums them up once they have ended.
pub fn run(job: &Job<Sync>, owner: &str, settings: &Settings) -> Result<SyncedOwner, Failure> {
    if job.data.children.is_none() {
        let added = fan_out(job, owner, settings)?;
        // Kept in the job's own data: it goes with the job, and says that the list was read to its end.
        checkpoint::save(&Sync { children: Some(added), ..job.data.clone() })?;
        log::info(format_args!("{added} repositories to sync"));
        if added > 0 {
            return Err(Failure::AwaitChildren);
        }
    }
    if children::counts()?.unprocessed > 0 {
        return Err(Failure::AwaitChildren);
    }
    sum(owner)
}

/// Adds one child for each repository. Its id is the same on every attempt, so that none is added twice.
fn fan_out(job: &Job<Sync>, owner: &str, settings: &Settings) -> Result<u32, Failure> {
    let pace = Pace::start(settings.request_timeout);
    let mut api = Api::new(settings, &pace);
    let subject = Subject::Owner(owner);
    let added_at = job.added_at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis();
    let list = |of: &str| format!("/{of}/{owner}/repos?per_page={}", settings.page_size);
    let mut next = Some(api.url(&list("orgs")));
    let (mut added, mut page, mut is_user) = (0, 0, false);
    while let Some(url) = next.take() {
        pace.before_page()?;
        match api.get(&url, None, subject)? {
            Found::Content(content) => {
                for repository in content.answer.json::<Vec<Listed>>()? {
                    let id = format!("{}-{added_at}-{}", job.id, repository.id);
                    let data = Sync { repo: Some(repository.full_name), org: None, ..job.data.clone() };
                    Add::new(&job.queue, &job.name, &data).id(id).send_child(OnFailure::Ignore)?;
                    added += 1;
                }
                page += 1;
                pace::publish(&json!({ "resource": "repositories", "page": page, "items": added }));
                next = content.next;
            }
            // An organisation has another list than a user.
            Found::Missing(404) if !is_user && page == 0 => {
                is_user = true;
                next = Some(api.url(&list("users")));
            }
            Found::Missing(status) => return Err(missing(subject, status)),
            Found::Nothing | Found::NotModified { .. } => {}
        }
    }
    Ok(added)
}

fn sum(owner: &str) -> Result<SyncedOwner, Failure> {
    let synced = children::values::<Synced>()?;
    let mut counts = Counts::default();
    synced.iter().for_each(|child| counts += &child.value.counts);
    let failure = |failed: children::ChildFailure| FailedRepository { job: failed.child.id, reason: failed.reason };
    Ok(SyncedOwner {
        org: owner.to_owned(),
        repos: synced.len() as u64,
        failed: children::ignored_failures()?.into_iter().map(failure).collect(),
        counts,
        version: version(),
    })
}
