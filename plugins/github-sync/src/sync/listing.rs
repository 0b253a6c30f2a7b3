//! Syncs one resource of a repository. Each page is stored in one step together with the progress of the sync.

use toril_plugin::{Failure, log};

use super::dates::{earlier, earliest};
use super::repository::Repo;
use super::{Work, windows};
use crate::answer::{Subject, missing};
use crate::api::{Api, Content, Found, Known};
use crate::fields::Fields;
use crate::items::{self, Entry};
use crate::link::with_page;
use crate::resource::{Order, Resource};
use crate::stored::{Cut, Index, Lease, Page, Phase, Run, State, Writes, document, keys};

/// Maximum number of pages of a listing. No more items than that can be stored, and a server that always names a next
/// page would never end.
const MOST_PAGES: u32 = 10_000;

/// The sync of one resource.
pub struct Listing<'a> {
    pub(super) work: &'a Work<'a>,
    pub(super) id: u64,
    pub(super) resource: Resource,
    repo: &'a str,
    pub(super) fields: Fields,
    pub(super) state: State,
    pub(super) index: Index,
    pub(super) run: Run,
    /// Why GitHub does not let the token read the resource.
    pub(super) refused: Option<String>,
}

impl<'a> Listing<'a> {
    /// Continues this job's own sync if an earlier attempt has started one. Otherwise it starts a new one.
    pub fn open(work: &'a Work<'a>, repo: &'a Repo, resource: Resource) -> Result<Self, Failure> {
        let id = repo.described.id;
        if resource.unbounded().is_some() {
            windows::to_bounded(work, id, resource)?;
        }
        let read = work.store.get_many(&[keys::state(id, resource), keys::index(id, resource)])?;
        let document_at = |n: usize| read.get(n).and_then(Option::as_ref);
        let index: Option<Index> = document(document_at(1));
        // A state without an index is useless, so it starts over.
        let mut state: State = index.as_ref().and_then(|_| document(document_at(0))).unwrap_or_default();
        let index = index.unwrap_or_default();
        let fields = work.selection.of(resource);
        let run = match state.run.take() {
            Some(run) if run.job == work.job => run,
            other => {
                let follows_complete = other.is_some_and(|run| run.phase == Phase::Done && run.settled);
                // The dates of a chain do not show which items exceed the limit.
                let is_over_full = resource.order() == Order::Chain && index.items.len() > work.settings.keep;
                let is_whole = resource.order() == Order::Whole;
                let has_other_fields = state.fields != fields.mark();
                let full =
                    work.data.full || is_whole || is_over_full || has_other_fields || reads_further(&state, work);
                Run::new(work.job, full, follows_complete && !is_over_full)
            }
        };
        Ok(Self { work, id, resource, repo: &repo.described.full_name, fields, state, index, run, refused: None })
    }

    /// The listing, for messages.
    fn subject(&self) -> Subject<'a> {
        Subject::Listing(self.resource, self.repo)
    }

    pub(super) fn page(&mut self, api: &mut Api<'_>, lease: &Lease<'_>) -> Result<(), Failure> {
        let number = self.run.page;
        if number > MOST_PAGES {
            let subject = self.subject();
            return Err(Failure::fatal(format!("GitHub's list of {subject} does not end after {MOST_PAGES} pages")));
        }
        let read = self.work.store.get_many(&[keys::page(self.id, self.resource, number), lease.fence()])?;
        lease.check(read.get(1).and_then(Option::as_ref))?;
        let url = self.run.next.clone().unwrap_or_else(|| self.first(api));
        let allowed = self.work.settings.keep.saturating_sub(self.run.listed);
        let stored: Option<Page> = document(read.first().and_then(Option::as_ref));
        let keys_before = stored.as_ref().map(|page| page.keys.clone());
        let page = stored.filter(|page| self.is_usable(page, &url, allowed));
        let known = page.as_ref().and_then(|page| Some(Known { url: &page.url, etag: page.etag.as_deref()? }));

        let subject = self.subject();
        let found = api.get(&url, known, subject)?;
        self.run.counts += &api.take_counts();
        let (page, entries) = match found {
            Found::Content(content) => self.fresh(content, allowed)?,
            Found::NotModified { next } => {
                let page = page.ok_or_else(|| Failure::retry(format!("a page of {subject} is no longer stored")))?;
                self.stop_a_chain();
                let next = next.or_else(|| page.next.clone()).or_else(|| self.beyond(&page));
                (shortened(Page { next, ..page }, allowed), Vec::new())
            }
            // Not an empty resource, because it has a first page.
            Found::Nothing if number > 1 => {
                return Err(Failure::retry(format!("GitHub's list of {subject} broke off")));
            }
            Found::Nothing => (Page { url, in_order: true, ..Page::default() }, Vec::new()),
            Found::Missing(status) => {
                self.refused = Some(missing(subject, status));
                return Ok(());
            }
            Found::Forbidden(reason) => {
                self.refused = Some(reason);
                return Ok(());
            }
            Found::TooLarge(limit) => return self.smaller_pages(limit),
        };
        if keys_before.is_none_or(|keys| keys != page.keys) {
            self.run.moved += 1;
        }
        self.go_on(&page);
        self.write(number, &page, entries)?;
        self.work.pace.after_page(self.resource, number, self.run.listed);
        Ok(())
    }

    fn first(&self, api: &Api<'_>) -> String {
        let (listing, size) = (self.resource.listing(), self.page_size());
        api.url(&format!("/repos/{}{listing}per_page={size}", self.repo))
    }

    /// Number of items per request.
    fn page_size(&self) -> u32 {
        let size = self.work.settings.page_size;
        self.state.page_size.map_or(size, |smaller| smaller.min(size))
    }

    /// Restarts the pass with half as many items per page. Later syncs keep that size.
    fn smaller_pages(&mut self, limit: usize) -> Result<(), Failure> {
        let (subject, size) = (self.subject(), self.page_size());
        if size <= 1 {
            return Err(Failure::fatal(format!("one item of {subject} is larger than {limit} bytes")));
        }
        log::info(format_args!("a page of {size} of {subject} is larger than {limit} bytes: requesting half as many"));
        self.state.page_size = Some(size / 2);
        self.run.first_page();
        self.save(Writes::default())
    }

    /// A stored page is usable only if all of its items are stored too. Otherwise a 304 would hide missing items.
    fn is_usable(&self, page: &Page, url: &str, allowed: usize) -> bool {
        let has_all = page.keys.iter().all(|key| self.index.items.contains_key(key));
        let is_long_enough = !page.left_out || page.keys.len() >= allowed;
        page.url == url && has_all && is_long_enough && page.fields == self.fields.mark()
    }

    fn fresh(&mut self, content: Content, allowed: usize) -> Result<(Page, Vec<Entry>), Failure> {
        let mut entries = items::entries(self.resource, &content.answer, &self.fields)?;
        let next = content.following.next_page(&content.url, self.run.page, entries.len(), self.page_size());
        let left_out = entries.len() > allowed;
        entries.truncate(allowed);
        let dates = || entries.iter().map(|entry| &entry.date).filter(|date| !date.is_empty());
        let page = Page {
            keys: entries.iter().map(|entry| entry.key.clone()).collect(),
            left_out,
            oldest: dates().min().cloned(),
            newest: dates().max().cloned(),
            unfinished: entries.iter().filter(|entry| entry.will_change).map(|entry| entry.date.clone()).min(),
            in_order: dates().is_sorted_by(|earlier, later| earlier >= later),
            url: content.url,
            etag: content.etag,
            fields: self.fields.mark(),
            next,
        };
        // A chain whose beginning has changed is read completely.
        self.run.full |= self.resource.order() == Order::Chain;
        Ok((page, entries))
    }

    /// The page after an unchanged full page that was the last one. New items would be on it, and a 304 need not reveal
    /// that. In the other orders, new items would be on the first page.
    fn beyond(&self, page: &Page) -> Option<String> {
        let is_full = page.keys.len() >= self.page_size() as usize && !page.left_out;
        (self.resource.order() == Order::Whole && is_full).then(|| with_page(&page.url, self.run.page + 1))
    }

    /// A chain whose beginning is unchanged is unchanged as a whole, if it was read to its end before.
    fn stop_a_chain(&mut self) {
        let is_first = self.run.page == 1 && self.run.phase == Phase::Listing;
        let is_chain = self.resource.order() == Order::Chain;
        self.run.ended = is_chain && is_first && !self.run.full && self.run.follows_complete;
        self.run.full |= is_chain && !self.run.ended;
    }

    /// Records a page in the run and decides whether it is the last one.
    fn go_on(&mut self, page: &Page) {
        let run = &mut self.run;
        run.page += 1;
        run.next = page.next.clone();
        run.listed += page.keys.len();
        run.candidates.retain(|key| !page.keys.contains(key));
        run.newest = run.newest.take().max(page.newest.clone());
        let follows = page.newest.is_none() || run.oldest.is_none() || page.newest <= run.oldest;
        run.in_order &= page.in_order && follows;
        run.oldest = earliest(run.oldest.take(), page.oldest.clone());
        run.unfinished = earliest(run.unfinished.take(), page.unfinished.clone());

        let keep = self.work.settings.keep;
        let since = self.work.data.since.as_ref();
        let reached = |run: &Run, bound: Option<&String>| {
            // All items further back are older than this date.
            let date = match self.resource.order() {
                Order::ByUpdate => page.oldest.as_ref().filter(|_| run.in_order),
                // The dates of commits are not in order. A page on which all dates are older is far enough back.
                Order::Chain => page.newest.as_ref(),
                Order::Whole | Order::PerParent => None,
            };
            bound.is_some_and(|bound| date.is_some_and(|date| date < bound))
        };
        if page.left_out || (page.next.is_some() && run.listed >= keep) {
            (run.ended, run.cut) = (true, Some(Cut::Keep(keep)));
        } else if run.full && reached(run, since) && page.next.is_some() {
            (run.ended, run.cut) = (true, since.cloned().map(Cut::Since));
        } else if !run.full && reached(run, earlier(self.state.cursor.as_ref(), since)) {
            run.ended = true;
        }
        run.ended |= page.next.is_none();
    }

    /// Writes items, page, index and progress in one step, so that a crash leaves all of it or nothing.
    fn write(&mut self, number: u32, page: &Page, entries: Vec<Entry>) -> Result<(), Failure> {
        let mut writes = Writes::default();
        let key = |key: &str| keys::item(self.id, self.resource, key);
        self.index.take(entries, key, &mut writes, &mut self.run.counts);
        self.state.pages = self.state.pages.max(number);
        writes.json(keys::page(self.id, self.resource, number), page)?;
        self.save(writes)
    }

    /// Writes index and state together with `writes`.
    pub(super) fn save(&mut self, mut writes: Writes) -> Result<(), Failure> {
        self.state.count = self.index.items.len();
        self.state.run = Some(self.run.clone());
        writes.bytes(keys::index(self.id, self.resource), self.index.written(self.subject())?);
        writes.json(keys::state(self.id, self.resource), &self.state)?;
        writes.send(self.work.store)
    }
}

/// Whether this job must read further back than the last sync.
fn reads_further(state: &State, work: &Work<'_>) -> bool {
    match &state.cut {
        _ if state.full_at.is_none() => true,
        None => false,
        Some(Cut::Keep(kept)) => work.settings.keep > *kept,
        Some(Cut::Since(read)) => work.data.since.as_ref().is_none_or(|since| since < read),
    }
}

fn shortened(mut page: Page, allowed: usize) -> Page {
    page.left_out |= page.keys.len() > allowed;
    page.keys.truncate(allowed);
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sync_goes_back_to_the_cursor_and_further_if_the_job_asks_for_it() {
        let (early, late) = ("2024".to_owned(), "2025".to_owned());
        assert_eq!(earlier(Some(&late), Some(&early)), Some(&early));
        assert_eq!(earlier(Some(&early), Some(&late)), Some(&early));
        assert_eq!(earlier(None, Some(&late)), None);
    }
}
