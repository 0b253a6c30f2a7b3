//! Syncs a resource without a limit on the number of items. It is read in windows, oldest change first. Each request
//! begins at the date (`since`) where the previous one ended. So no request has a high page number, which GitHub would
//! refuse. An item that changes in the meantime moves to a later window and is not missed.
//!
//! Pull requests cannot be listed by date. A full sync reads all of them in the order of creation, which never changes.
//! Other syncs read the changed ones, newest change first. Their windows are pages.

mod convert;
mod sweep;

use std::collections::{HashMap, HashSet};

use toril_plugin::{Failure, log};

use super::dates::earlier;
use super::outcome::Listed;
use super::repository::Repo;
use super::{Work, now};
use crate::answer::{Subject, missing};
use crate::api::{Api, Content, Found, Known};
use crate::fields::Fields;
use crate::items::{self, Entry};
use crate::resource::{Resource, Unbounded};
use crate::result::Counts;
use crate::stored::{
    Lease, PART, Part, Seen, Window, WindowPhase, WindowRun, WindowState, Writes, digest, document, keys,
};

pub use convert::to_bounded;

/// Maximum number of windows per run, in case a server's list never ends.
const MOST_WINDOWS: u32 = 1_000_000;

/// The sync of one such resource.
pub struct Windows<'a> {
    work: &'a Work<'a>,
    id: u64,
    resource: Resource,
    unbounded: Unbounded,
    repo: &'a str,
    fields: Fields,
    state: WindowState,
    run: WindowRun,
}

impl<'a> Windows<'a> {
    /// Continues this job's own sync if an earlier attempt has started one. Otherwise it starts a new one.
    pub fn open(work: &'a Work<'a>, repo: &'a Repo, resource: Resource, unbounded: Unbounded) -> Result<Self, Failure> {
        let id = repo.described.id;
        let mut state = convert::to_windows(work, id, resource)?;
        let fields = work.selection.of(resource);
        let run = match state.run.take() {
            Some(run) if run.job == work.job => run,
            _ => {
                state.serial += 1;
                begin(work, &state, &fields, unbounded)
            }
        };
        Ok(Self { work, id, resource, unbounded, repo: &repo.described.full_name, fields, state, run })
    }

    /// Reads everything that is left to read.
    pub fn sync(mut self, api: &mut Api<'_>, lease: &Lease<'_>) -> Result<Listed, Failure> {
        while self.run.phase == WindowPhase::Reading {
            self.work.pace.before_page()?;
            if let Some(reason) = self.window(api, lease)? {
                return Ok(Listed::Refused(reason));
            }
        }
        while self.run.phase == WindowPhase::Sweeping {
            if let Some(reason) = self.sweep(api, lease)? {
                return Ok(Listed::Refused(reason));
            }
        }
        Ok(Listed::Complete(self.run.counts))
    }

    fn subject(&self) -> Subject<'a> {
        Subject::Listing(self.resource, self.repo)
    }

    fn page_size(&self) -> u32 {
        let size = self.work.settings.page_size;
        self.state.page_size.map_or(size, |smaller| smaller.min(size))
    }

    fn address(&self, api: &Api<'_>) -> String {
        let (run, size) = (&self.run, self.page_size());
        let (listing, since) = match self.unbounded.changed {
            Some(changed) if !run.full || run.page == 0 => (changed, None),
            Some(_) => (self.unbounded.all, None),
            None => (self.unbounded.all, run.since.as_ref()),
        };
        let since = since.map_or_else(String::new, |since| format!("since={since}&"));
        let page = if run.page > 1 { format!("&page={}", run.page) } else { String::new() };
        api.url(&format!("/repos/{}{listing}{since}per_page={size}{page}", self.repo))
    }

    /// Where the next window is stored. The windows of an incremental sync begin at another date each time, so only the
    /// first one is stored: it stays the same until something changes.
    fn window_key(&self, after: u32) -> Option<String> {
        match (self.run.full, self.run.number + after) {
            (true, number) => Some(keys::page(self.id, self.resource, number + 1)),
            (false, 0) => Some(keys::page(self.id, self.resource, 0)),
            (false, _) => None,
        }
    }

    /// Reads and stores one window. Returns the reason if GitHub does not let the token read it.
    fn window(&mut self, api: &mut Api<'_>, lease: &Lease<'_>) -> Result<Option<String>, Failure> {
        if self.run.number >= MOST_WINDOWS {
            let subject = self.subject();
            return Err(Failure::fatal(format!(
                "GitHub's list of {subject} does not end after {MOST_WINDOWS} requests"
            )));
        }
        let key = self.window_key(0);
        let stored: Option<Window> = match &key {
            Some(key) => document(self.work.store.get(key)?.as_ref()),
            None => None,
        };
        let url = self.address(api);
        let stored = stored.filter(|window| window.url == url && window.fields == self.fields.mark());
        let seen = match &stored {
            Some(window) => self.seen(&window.keys)?,
            None => HashMap::new(),
        };
        let stored = stored.filter(|window| window.keys.iter().all(|key| seen.contains_key(key)));
        let known = stored.as_ref().and_then(|window| Some(Known { url: &window.url, etag: window.etag.as_deref()? }));
        let subject = self.subject();
        let (window, entries) = match api.get(&url, known, subject)? {
            Found::Content(content) => self.fresh(content)?,
            Found::NotModified { .. } => {
                let window =
                    stored.ok_or_else(|| Failure::retry(format!("a window of {subject} is no longer stored")))?;
                // A full last window may have a successor now: new items would come after it, and a 304 need not reveal
                // that.
                let is_last = window.is_last && window.keys.len() < self.page_size() as usize;
                (Window { is_last, ..window }, Vec::new())
            }
            // Not an empty resource, because it has a first page.
            Found::Nothing if self.run.number > 0 => {
                return Err(Failure::retry(format!("GitHub's list of {subject} broke off")));
            }
            Found::Nothing => (Window { url, in_order: true, is_last: true, ..Window::default() }, Vec::new()),
            Found::Missing(status) => return Ok(Some(missing(subject, status))),
            Found::Forbidden(reason) => return Ok(Some(reason)),
            Found::TooLarge(limit) => {
                self.ask_for_less(limit)?;
                return Ok(None);
            }
        };
        self.run.counts += &api.take_counts();
        self.check(lease)?;
        self.keep(key, window, entries)?;
        self.work.pace.after_page(self.resource, self.run.number, self.run.listed);
        Ok(None)
    }

    fn ask_for_less(&mut self, limit: usize) -> Result<(), Failure> {
        let (subject, size) = (self.subject(), self.page_size());
        if size <= 1 {
            return Err(Failure::fatal(format!("one item of {subject} is larger than {limit} bytes")));
        }
        log::info(format_args!("a page of {size} of {subject} is larger than {limit} bytes: requesting half as many"));
        self.state.page_size = Some(size / 2);
        // Pages of another size begin at other items.
        self.run.page = self.run.page.min(1);
        self.save(Writes::default())
    }

    fn fresh(&self, content: Content) -> Result<(Window, Vec<Entry>), Failure> {
        let entries = items::entries(self.resource, &content.answer, &self.fields)?;
        let dates = || entries.iter().map(|entry| &entry.date);
        let window = Window {
            since: self.run.since.clone(),
            fields: self.fields.mark(),
            keys: entries.iter().map(|entry| entry.key.clone()).collect(),
            newest: dates().max().cloned(),
            oldest: dates().min().cloned(),
            in_order: match self.unbounded.changed {
                Some(_) => dates().is_sorted_by(|earlier, later| earlier >= later),
                None => dates().is_sorted(),
            },
            is_last: content.following.is_end(entries.len(), self.page_size()),
            url: content.url,
            etag: content.etag,
        };
        Ok((window, entries))
    }

    /// Writes items, marks, parts, the window and the progress of the sync in one step.
    fn keep(&mut self, key: Option<String>, window: Window, entries: Vec<Entry>) -> Result<(), Failure> {
        let (id, resource, serial) = (self.id, self.resource, self.run.serial);
        let mut writes = Writes::default();
        let mut seen = self.seen(&window.keys)?;
        let mut last = self.last_part()?;
        for Entry { key, date, document, .. } in without_duplicates(entries) {
            let (digest, known) = (digest(&document), seen.remove(&key));
            let counts = &mut self.run.counts;
            counts.fetched += 1;
            let part = match known {
                Some(Seen(of, before, part, _)) => {
                    if of == date && before == digest {
                        counts.unchanged += 1
                    } else {
                        counts.updated += 1
                    }
                    part
                }
                None => {
                    counts.created += 1;
                    self.state.count += 1;
                    if self.state.parts == 0 || last.keys.len() >= PART {
                        if self.state.parts > 0 {
                            writes.json(keys::part(id, resource, self.state.parts), &last)?;
                        }
                        self.state.parts += 1;
                        last = Part::default();
                    }
                    last.keys.push(key.clone());
                    self.state.parts
                }
            };
            writes.json(keys::mark(id, resource, &key), &Seen(date, digest, part, serial))?;
            writes.bytes(keys::item(id, resource, &key), document);
        }
        // The items of an unchanged window.
        for (key, Seen(date, digest, part, _)) in seen {
            writes.json(keys::mark(id, resource, &key), &Seen(date, digest, part, serial))?;
        }
        if self.state.parts > 0 {
            writes.json(keys::part(id, resource, self.state.parts), &last)?;
        }
        self.go_on(&window)?;
        if let Some(key) = key {
            writes.json(key, &window)?;
        }
        self.save(writes)
    }

    /// Determines where the next window begins, or that this was the last one.
    fn go_on(&mut self, window: &Window) -> Result<(), Failure> {
        let next = self.remembered_beginning()?;
        let run = &mut self.run;
        run.number += 1;
        run.listed += window.keys.len();
        if self.unbounded.changed.is_some() {
            let is_first = run.number == 1;
            // The next sync finds later changes. The other pages are either not ordered by change or go further back.
            if is_first {
                run.newest = window.newest.clone();
            }
            let reached =
                window.in_order && run.since.is_some() && window.oldest < run.since && window.oldest.is_some();
            let is_last = if run.full { window.is_last && !is_first } else { window.is_last || reached };
            run.page += 1;
            if is_last {
                self.read_to_the_end();
            }
            return Ok(());
        }
        run.newest = run.newest.take().max(window.newest.clone());
        if window.is_last {
            self.read_to_the_end();
            return Ok(());
        }
        match beginning(run.since.as_ref(), window, next) {
            Some(since) => (run.since, run.page) = (Some(since), 1),
            // All changes of the window are in one second.
            None => run.page += 1,
        }
        Ok(())
    }

    /// Where the next window began in the last full sync. It begins there again if that skips no item: then its URL and
    /// therefore its ETag stay the same.
    fn remembered_beginning(&self) -> Result<Option<String>, Failure> {
        let Some(key) = self.window_key(1) else { return Ok(None) };
        let window: Option<Window> = document(self.work.store.get(&key)?.as_ref());
        Ok(window.and_then(|window| window.since))
    }

    fn read_to_the_end(&mut self) {
        self.run.phase = if self.run.full { WindowPhase::Sweeping } else { WindowPhase::Done };
        if self.run.phase == WindowPhase::Done {
            self.complete();
        }
    }

    fn complete(&mut self) {
        let (state, run) = (&mut self.state, &mut self.run);
        state.synced_at = Some(now());
        state.cursor = run.newest.clone().or_else(|| state.cursor.take());
        if run.full {
            state.full_at = state.synced_at.clone();
            state.since = self.work.data.since.clone();
            state.fields = self.fields.mark();
            state.pages = run.number;
        }
        run.phase = WindowPhase::Done;
    }

    fn last_part(&self) -> Result<Part, Failure> {
        if self.state.parts == 0 {
            return Ok(Part::default());
        }
        self.part(self.state.parts)
    }

    fn part(&self, number: u32) -> Result<Part, Failure> {
        let part = document(self.work.store.get(&keys::part(self.id, self.resource, number))?.as_ref());
        part.ok_or_else(|| {
            let subject = self.subject();
            Failure::fatal(format!(
                "part {number} of the index of {subject} is missing: delete its state, and sync again"
            ))
        })
    }

    /// The marks of items.
    fn seen(&self, items: &[String]) -> Result<HashMap<String, Seen>, Failure> {
        let marks: Vec<_> = items.iter().map(|key| keys::mark(self.id, self.resource, key)).collect();
        let read = self.work.store.get_many(&marks)?;
        let known = items.iter().zip(&read).filter_map(|(key, bytes)| Some((key.clone(), document(bytes.as_ref())?)));
        Ok(known.collect())
    }

    fn check(&self, lease: &Lease<'_>) -> Result<(), Failure> {
        lease.check(self.work.store.get(&lease.fence())?.as_ref())
    }

    /// Writes the state together with `writes`.
    fn save(&mut self, mut writes: Writes) -> Result<(), Failure> {
        self.state.run = Some(self.run.clone());
        writes.json(keys::state(self.id, self.resource), &self.state)?;
        writes.send(self.work.store)
    }
}

/// Lists can contain an item twice. Counted twice, it would also be twice in the index.
fn without_duplicates(entries: Vec<Entry>) -> Vec<Entry> {
    let mut keys = HashSet::new();
    entries.into_iter().filter(|entry| keys.insert(entry.key.clone())).collect()
}

/// Starts a new run.
fn begin(work: &Work<'_>, state: &WindowState, fields: &Fields, unbounded: Unbounded) -> WindowRun {
    let since = work.data.since.as_ref();
    let reads_further = state.since.as_ref().is_some_and(|read| since.is_none_or(|since| since < read));
    let has_other_fields = state.fields != fields.mark();
    let full = work.data.full || state.full_at.is_none() || has_other_fields || reads_further;
    let from = if full { since.cloned() } else { earlier(state.cursor.as_ref(), since).map(|date| before(date)) };
    WindowRun {
        job: work.job.to_owned(),
        full,
        serial: state.serial,
        phase: WindowPhase::Reading,
        since: from,
        // If the complete listing is not ordered by change, the page of the latest changes is read first, to get the
        // next cursor.
        page: u32::from(!full || unbounded.changed.is_none()),
        number: 0,
        listed: 0,
        newest: None,
        part: 1,
        counts: Counts::default(),
    }
}

/// The date where the window after this one begins. `None` if that is not later than this window's beginning.
/// `remembered` is where it began the last time.
fn beginning(since: Option<&String>, window: &Window, remembered: Option<String>) -> Option<String> {
    if !window.in_order {
        return None;
    }
    let next = before(window.newest.as_ref()?);
    let is_later = |date: &String| since.is_none_or(|since| date > since);
    remembered.filter(|date| *date <= next && is_later(date)).or(Some(next)).filter(is_later)
}

/// The second before a date, because GitHub does not say whether `since` includes its own second. A date in an unknown
/// format is returned unchanged.
fn before(date: &str) -> String {
    let time = humantime::parse_rfc3339(date).ok();
    let second = time.and_then(|time| time.checked_sub(std::time::Duration::from_secs(1)));
    second.map_or_else(|| date.to_owned(), |time| humantime::format_rfc3339_seconds(time).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(newest: &str) -> Window {
        Window { newest: Some(newest.into()), in_order: true, ..Window::default() }
    }

    const EARLY: &str = "2025-01-01T00:00:00Z";
    const LATE: &str = "2025-01-01T00:00:09Z";

    #[test]
    fn an_item_that_a_list_contains_twice_counts_once() {
        let entry = |key: &str| Entry { key: key.into(), date: EARLY.into(), will_change: false, document: Vec::new() };
        let keys: Vec<_> =
            without_duplicates(vec![entry("1"), entry("2"), entry("1")]).into_iter().map(|e| e.key).collect();
        assert_eq!(keys, ["1", "2"]);
    }

    #[test]
    fn the_next_window_begins_a_second_before_the_end_of_this_one() {
        assert_eq!(beginning(None, &window(LATE), None).as_deref(), Some("2025-01-01T00:00:08Z"));
        assert_eq!(before("no date"), "no date");
    }

    #[test]
    fn a_window_begins_where_it_did_before_unless_that_leaves_something_out() {
        let next = |remembered: &str| beginning(Some(&EARLY.to_owned()), &window(LATE), Some(remembered.to_owned()));
        assert_eq!(next("2025-01-01T00:00:05Z").as_deref(), Some("2025-01-01T00:00:05Z"));
        assert_eq!(next("2025-01-01T00:00:09Z").as_deref(), Some("2025-01-01T00:00:08Z"), "later than this one's end");
        assert_eq!(next(EARLY).as_deref(), Some("2025-01-01T00:00:08Z"), "not later than this one");
    }

    #[test]
    fn a_window_of_one_second_or_in_no_order_has_another_page() {
        assert_eq!(beginning(Some(&"2025-01-01T00:00:08Z".to_owned()), &window(LATE), None), None);
        assert_eq!(beginning(None, &Window { in_order: false, ..window(LATE) }, None), None);
    }
}
