//! Syncs resources that GitHub lists per pull request or commit: first it finds the parents, then it reads the items of
//! each. The items of a parent are stored in one step together with the progress of the sync.

use toril_plugin::{Failure, log};

use super::dates::earlier;
use super::find::Finder;
use super::outcome::Listed;
use super::part::{Part, Read};
use super::repository::Repo;
use super::{Work, now};
use crate::answer::Subject;
use crate::api::Api;
use crate::fields::Fields;
use crate::resource::Resource;
use crate::stored::{Index, Lease, MOST_KEYS, Page, ParentsRun, ParentsState, Writes, document, keys};

/// Maximum number of parents whose listings are stored. The items of older parents stay, but are not read again.
const MOST_PARENTS: usize = 1_000;

/// The sync of one such resource.
pub struct Parents<'a> {
    work: &'a Work<'a>,
    id: u64,
    resource: Resource,
    repo: &'a str,
    fields: Fields,
    state: ParentsState,
    index: Index,
    run: ParentsRun,
}

impl<'a> Parents<'a> {
    /// Continues this job's own sync if an earlier attempt has started one. Otherwise it starts a new one.
    pub fn open(work: &'a Work<'a>, repo: &'a Repo, resource: Resource) -> Result<Self, Failure> {
        let id = repo.described.id;
        let read = work.store.get_many(&[keys::state(id, resource), keys::index(id, resource)])?;
        let document_at = |n: usize| read.get(n).and_then(Option::as_ref);
        let index: Option<Index> = document(document_at(1));
        // A state without an index is useless, so it starts over.
        let mut state: ParentsState = index.as_ref().and_then(|_| document(document_at(0))).unwrap_or_default();
        let fields = work.selection.of(resource);
        let run = match state.run.take() {
            Some(run) if run.job == work.job => run,
            _ => {
                let has_other_fields = state.fields != fields.mark();
                let since = work.data.since.as_ref();
                let reads_further = state.since.as_ref().is_some_and(|read| since.is_none_or(|since| since < read));
                let full = work.data.full || state.full_at.is_none() || has_other_fields || reads_further;
                ParentsRun::new(work.job, full)
            }
        };
        let index = index.unwrap_or_default();
        Ok(Self { work, id, resource, repo: &repo.described.full_name, fields, state, index, run })
    }

    /// Reads everything that is left to read.
    pub fn sync(mut self, api: &mut Api<'_>, lease: &Lease<'_>) -> Result<Listed, Failure> {
        if self.run.queue.is_none()
            && let Some(reason) = self.find(api, lease)?
        {
            return Ok(Listed::Refused(reason));
        }
        while let Some(parent) = self.run.next().cloned() {
            self.work.pace.before_page()?;
            if let Some(reason) = self.parent(api, lease, &parent)? {
                return Ok(Listed::Refused(reason));
            }
            self.work.pace.after_page(
                self.resource,
                u32::try_from(self.run.done).unwrap_or(u32::MAX),
                self.index.items.len(),
            );
        }
        if !self.run.is_complete {
            self.finish(lease)?;
        }
        Ok(Listed::Complete(self.run.counts))
    }

    /// Finds the parents whose items are read. Returns the reason if GitHub does not let the token list them.
    fn find(&mut self, api: &mut Api<'_>, lease: &Lease<'_>) -> Result<Option<String>, Failure> {
        let since = self.work.data.since.as_ref();
        let bound = if self.run.full { since } else { earlier(self.state.cursor.as_ref(), since) };
        let finder = Finder { work: self.work, id: self.id, resource: self.resource, repo: self.repo };
        let found = match finder.find(api, bound)? {
            Ok(found) => found,
            Err(reason) => return Ok(Some(reason)),
        };
        self.run.counts += &api.take_counts();
        self.run.newest = found.newest;
        self.run.queue = Some(found.parents);
        self.check(lease)?;
        self.save(Writes::default())?;
        Ok(None)
    }

    /// Reads and stores the items of one parent. Returns the reason if GitHub does not let the token read them.
    fn parent(&mut self, api: &mut Api<'_>, lease: &Lease<'_>, parent: &str) -> Result<Option<String>, Failure> {
        let key = keys::parent(self.id, self.resource, parent);
        let stored: Option<Page> = document(self.work.store.get(&key)?.as_ref());
        let part = Part { work: self.work, resource: self.resource, repo: self.repo, parent, fields: &self.fields };
        let known = stored.as_ref().filter(|page| {
            page.fields == self.fields.mark() && page.keys.iter().all(|key| self.index.items.contains_key(key))
        });
        let first = part.read(api, known)?;
        let mut writes = Writes::default();
        match first {
            Read::Refused(reason) => return Ok(Some(reason)),
            // The stored items stay.
            Read::Unchanged | Read::Gone => {}
            Read::Items(read) => {
                let before = stored.map(|page| page.keys).unwrap_or_default();
                let mut missing: Vec<_> = before.into_iter().filter(|key| !read.keys.contains(key)).collect();
                let mut is_certain = read.is_whole;
                // Several pages are not a consistent snapshot: an item can have moved to a page that was already read.
                if is_certain && read.pages > 1 && !missing.is_empty() {
                    is_certain = matches!(
                        part.read(api, None)?,
                        Read::Items(again) if again.is_whole && again.keys == read.keys
                    );
                }
                let mut page = Page {
                    url: read.url,
                    etag: read.etag.filter(|_| read.pages == 1 && read.is_whole),
                    fields: self.fields.mark(),
                    keys: read.keys,
                    in_order: true,
                    ..Page::default()
                };
                let name = |key: &str| keys::item(self.id, self.resource, key);
                self.index.take(read.entries, name, &mut writes, &mut self.run.counts);
                if is_certain {
                    self.check(lease)?;
                    missing.retain(|key| self.index.items.contains_key(key));
                    self.run.counts.deleted += missing.len() as u64;
                    self.remove(&missing)?;
                } else {
                    // The next sync looks for them again.
                    page.keys.append(&mut missing);
                    page.etag = None;
                }
                writes.json(key, &page)?;
                self.remember(parent);
            }
        }
        self.run.counts += &api.take_counts();
        self.run.done += 1;
        self.check(lease)?;
        self.save(writes)?;
        self.trim()?;
        Ok(None)
    }

    /// Drops the oldest items beyond `keep`.
    fn trim(&mut self) -> Result<(), Failure> {
        let too_many = self.index.too_old(self.work.settings.keep);
        if too_many.is_empty() {
            return Ok(());
        }
        self.remove(&too_many)?;
        self.run.counts.dropped += too_many.len() as u64;
        self.save(Writes::default())
    }

    /// Moves a parent to the front of the stored ones.
    fn remember(&mut self, parent: &str) {
        self.state.parents.retain(|known| known != parent);
        self.state.parents.insert(0, parent.to_owned());
    }

    fn finish(&mut self, lease: &Lease<'_>) -> Result<(), Failure> {
        self.check(lease)?;
        self.trim()?;
        match self.resource {
            // Only the check runs of commits that are currently listed will be read again.
            Resource::CheckRuns => {
                let queue = self.run.queue.clone().unwrap_or_default();
                let left: Vec<_> = self.state.parents.iter().filter(|sha| !queue.contains(sha)).cloned().collect();
                for sha in &left {
                    self.drop_items_of(sha)?;
                }
                // The index must no longer have these items before the documents that list them are removed.
                self.save(Writes::default())?;
                self.forget(&left)?;
            }
            _ => {
                let old: Vec<_> = self.state.parents.iter().skip(MOST_PARENTS).cloned().collect();
                self.forget(&old)?;
            }
        }
        let (state, run) = (&mut self.state, &mut self.run);
        state.synced_at = Some(now());
        state.cursor = run.newest.clone().or_else(|| state.cursor.take());
        if run.full {
            state.full_at = state.synced_at.clone();
            state.since = self.work.data.since.clone();
            state.fields = self.fields.mark();
        }
        run.is_complete = true;
        self.save(Writes::default())
    }

    fn drop_items_of(&mut self, parent: &str) -> Result<(), Failure> {
        let page: Option<Page> = document(self.work.store.get(&keys::parent(self.id, self.resource, parent))?.as_ref());
        let mut items = page.map(|page| page.keys).unwrap_or_default();
        items.retain(|key| self.index.items.contains_key(key));
        self.run.counts.dropped += items.len() as u64;
        self.remove(&items)
    }

    fn forget(&mut self, parents: &[String]) -> Result<(), Failure> {
        let documents: Vec<_> = parents.iter().map(|parent| keys::parent(self.id, self.resource, parent)).collect();
        for documents in documents.chunks(MOST_KEYS) {
            self.work.store.delete_many(documents)?;
        }
        self.state.parents.retain(|known| !parents.contains(known));
        Ok(())
    }

    /// Removes items. The index is written afterwards. After a crash the removal is repeated and counted only once.
    fn remove(&mut self, items: &[String]) -> Result<(), Failure> {
        let keys: Vec<_> = items.iter().map(|key| keys::item(self.id, self.resource, key)).collect();
        for keys in keys.chunks(MOST_KEYS) {
            self.work.store.delete_many(keys)?;
        }
        for key in items {
            self.index.items.remove(key);
        }
        Ok(())
    }

    fn check(&self, lease: &Lease<'_>) -> Result<(), Failure> {
        lease.check(self.work.store.get(&lease.fence())?.as_ref())
    }

    /// Writes index and state together with `writes`.
    fn save(&mut self, mut writes: Writes) -> Result<(), Failure> {
        self.state.count = self.index.items.len();
        self.state.run = Some(self.run.clone());
        let subject = Subject::Listing(self.resource, self.repo);
        writes.bytes(keys::index(self.id, self.resource), self.index.written(subject)?);
        writes.json(keys::state(self.id, self.resource), &self.state)?;
        log::debug(format_args!("{subject}: {} parents read", self.run.done));
        writes.send(self.work.store)
    }
}
