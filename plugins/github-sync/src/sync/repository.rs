//! Syncs the repository itself: finds which repository a name refers to now, and reads its description.

use toril_plugin::Failure;

use super::{Work, now};
use crate::answer::{Subject, missing};
use crate::api::{Api, Content, Found, Known};
use crate::items::Repository;
use crate::resource::Resource;
use crate::result::Counts;
use crate::stored::{Lease, Name, Page, Phase, Run, State, Writes, document, keys};

const RESOURCE: Resource = Resource::Repository;

/// A repository that was read.
pub struct Repo {
    pub described: Repository,
    pub counts: Counts,
}

/// The stored data of a repository.
struct Stored<'a> {
    lease: Lease<'a>,
    /// The stored bytes of its description.
    bytes: Option<Vec<u8>>,
    described: Option<Repository>,
    state: State,
    page: Page,
}

impl<'a> Stored<'a> {
    fn load(work: &Work<'a>, id: u64) -> Result<Self, Failure> {
        let lease = Lease::take(work.store, id, work.job)?;
        let keys = [keys::repository(id), keys::state(id, RESOURCE), keys::page(id, RESOURCE, 1)];
        let mut read = work.store.get_many(&keys)?.into_iter();
        let mut next = || read.next().flatten();
        let (bytes, state, page) = (next(), next(), next());
        Ok(Self {
            described: document(bytes.as_ref()),
            bytes,
            lease,
            state: document(state.as_ref()).unwrap_or_default(),
            page: document(page.as_ref()).unwrap_or_default(),
        })
    }

    fn known(&self) -> Option<Known<'_>> {
        self.described.as_ref()?;
        Some(Known { url: &self.page.url, etag: self.page.etag.as_deref()? })
    }
}

/// Finds the repository with this name and takes its lease.
pub fn read<'a>(work: &Work<'a>, api: &mut Api<'_>, name: &str) -> Result<(Repo, Lease<'a>), Failure> {
    let pointer: Option<Name> = document(work.store.get(&keys::name(name))?.as_ref());
    let mut stored = pointer.map(|pointer| Stored::load(work, pointer.id)).transpose()?;

    // An earlier attempt of this job has already read it.
    if let Some(Stored { described: Some(described), state: State { run: Some(run), .. }, .. }) = &stored
        && run.job == work.job
        && run.phase == Phase::Done
    {
        let repo = Repo { described: described.clone(), counts: run.counts.clone() };
        return stored
            .map(|stored| (repo, stored.lease))
            .ok_or_else(|| Failure::retry("the repository is no longer stored"));
    }

    work.pace.before_page()?;
    let subject = Subject::Repository(name);
    let url = api.url(&format!("/repos/{name}"));
    let found = api.get(&url, stored.as_ref().and_then(Stored::known), subject)?;
    let mut counts = api.take_counts();
    let (described, content) = match found {
        Found::Content(content) => (described(&content, name)?, Some(content)),
        Found::NotModified { .. } => {
            let described = stored.as_ref().and_then(|stored| stored.described.clone());
            (described.ok_or_else(|| Failure::retry(format!("{subject} is no longer stored")))?, None)
        }
        Found::Nothing => return Err(Failure::fatal(missing(subject, 410))),
        Found::Missing(status) => return Err(Failure::fatal(missing(subject, status))),
        Found::Forbidden(reason) => return Err(Failure::fatal(reason)),
        Found::TooLarge(limit) => {
            return Err(Failure::fatal(format!("GitHub's description of {subject} is larger than {limit} bytes")));
        }
    };

    // The name may now belong to another repository.
    let id = described.id;
    let mut stored = match stored.take() {
        Some(stored) if stored.described.as_ref().is_some_and(|known| known.id == id) => stored,
        other => {
            drop(other);
            Stored::load(work, id)?
        }
    };
    write(work, name, &mut stored, &described, content, &mut counts)?;
    work.pace.after_page(RESOURCE, 1, 1);
    Ok((Repo { described, counts }, stored.lease))
}

fn write(
    work: &Work<'_>,
    name: &str,
    stored: &mut Stored<'_>,
    described: &Repository,
    content: Option<Content>,
    counts: &mut Counts,
) -> Result<(), Failure> {
    let id = described.id;
    stored.lease.check(work.store.get(&stored.lease.fence())?.as_ref())?;
    let mut writes = Writes::default();
    if let Some(content) = content {
        let document = serde_json::to_vec(described)?;
        counts.fetched = 1;
        match &stored.bytes {
            None => counts.created = 1,
            Some(bytes) if *bytes == document => counts.unchanged = 1,
            Some(_) => counts.updated = 1,
        }
        let page = Page { url: content.url, etag: content.etag, ..Page::default() };
        writes.bytes(keys::repository(id), document);
        writes.json(keys::page(id, RESOURCE, 1), &page)?;
    }
    // The requested name keeps leading to the repository, as it does at GitHub.
    let pointer = Name { id, repo: described.full_name.clone() };
    for known in [name, &described.full_name] {
        writes.json(keys::name(known), &pointer)?;
    }
    let run = Run { phase: Phase::Done, counts: counts.clone(), ..Run::new(work.job, true, true) };
    let state = &mut stored.state;
    (state.synced_at, state.full_at) = (Some(now()), Some(now()));
    (state.count, state.pages, state.run) = (1, 1, Some(run));
    writes.json(keys::state(id, RESOURCE), &state)?;
    writes.send(work.store)
}

fn described(content: &Content, name: &str) -> Result<Repository, Failure> {
    Repository::read(&content.answer).map_err(|error| {
        Failure::retry(format!("GitHub's response for `{name}` is not the description of a repository: {error}"))
    })
}
