//! Reads a listing in as many passes as needed. Stored items that it then does not contain are deleted at GitHub, or
//! only too old to be stored.

use std::collections::BTreeSet;

use toril_plugin::{Failure, log};

use super::dates::earliest;
use super::listing::Listing;
use super::now;
use super::outcome::Listed;
use crate::api::Api;
use crate::resource::Order;
use crate::stored::{Cut, Lease, MOST_KEYS, Page, Phase, Writes, document, keys};

/// Number of stored pages per read. It limits memory: pages are small, but there can be many.
const PAGES_AT_ONCE: usize = 500;

/// How often a listing that keeps changing is read again.
const MOST_PASSES: u32 = 3;

/// Stored items that a full listing did not contain.
#[derive(Debug, Default, PartialEq, Eq)]
struct Absent {
    /// The listing should have contained them.
    missing: Vec<String>,
    /// They are older than the range that is stored.
    outside: Vec<String>,
}

impl Listing<'_> {
    /// Reads everything that is left to read.
    pub fn sync(mut self, api: &mut Api<'_>, lease: &Lease<'_>) -> Result<Listed, Failure> {
        while self.run.phase != Phase::Done {
            while !self.run.ended {
                self.work.pace.before_page()?;
                self.page(api, lease)?;
                if let Some(reason) = self.refused {
                    return Ok(Listed::Refused(reason));
                }
            }
            finish(&mut self, lease)?;
        }
        Ok(Listed::Complete(self.run.counts))
    }
}

/// Completes a run whose pages have been read, or returns it to its first page.
///
/// Items move between pages while a listing is read, so an existing item can be missed. For example, a deletion on a
/// page that was already read moves the first item of the next page to that page. A run is complete once all its pages
/// contained the same items when they were read again. Unchanged pages do not count against the rate limit. Only after
/// that do missing items count as deleted.
fn finish(listing: &mut Listing<'_>, lease: &Lease<'_>) -> Result<(), Failure> {
    lease.check(listing.work.store.get(&lease.fence())?.as_ref())?;
    let absent = if listing.run.full { absent(listing)? } else { Absent::default() };
    // A single page is a consistent snapshot.
    let pages = listing.run.page - 1;
    let settled = listing.run.moved == 0 || pages <= 1;
    let is_first_pass = listing.run.phase == Phase::Listing;
    if is_first_pass && (!settled || !absent.missing.is_empty()) {
        listing.run.look_again(absent.missing);
        return listing.save(Writes::default());
    }
    if !settled && listing.run.passes < MOST_PASSES {
        let candidates = std::mem::take(&mut listing.run.candidates);
        listing.run.look_again(candidates);
        return listing.save(Writes::default());
    }
    listing.run.settled = settled;
    let gone = if settled { gone(listing, absent) } else { Vec::new() };
    if !settled {
        let (resource, passes) = (listing.resource, listing.run.passes + 1);
        log::warn(format_args!(
            "the {resource} changed during each of {passes} reads: nothing is deleted, and the next sync reads them again"
        ));
    }
    remove(listing, &gone)?;
    complete(listing)
}

/// Counts the items to remove and returns them.
fn gone(listing: &mut Listing<'_>, absent: Absent) -> Vec<String> {
    if !listing.run.full {
        let too_old = listing.index.too_old(listing.work.settings.keep);
        listing.run.counts.dropped += too_old.len() as u64;
        if !too_old.is_empty() {
            listing.state.cut = Some(Cut::Keep(listing.work.settings.keep));
        }
        return too_old;
    }
    let mut gone = missing_still(std::mem::take(&mut listing.run.candidates), &absent.missing);
    listing.run.counts.deleted += gone.len() as u64;
    listing.run.counts.dropped += absent.outside.len() as u64;
    gone.extend(absent.outside);
    gone
}

/// The items that were missing in every pass, including the last one. If the last pass ended earlier than the first,
/// items beyond its end are not missing.
fn missing_still(candidates: Vec<String>, missing: &[String]) -> Vec<String> {
    let missing: BTreeSet<_> = missing.iter().collect();
    candidates.into_iter().filter(|key| missing.contains(key)).collect()
}

/// The stored items that are not on the pages of this run.
fn absent(listing: &Listing<'_>) -> Result<Absent, Failure> {
    let numbers: Vec<u32> = (1..listing.run.page).collect();
    let mut listed = BTreeSet::new();
    for numbers in numbers.chunks(PAGES_AT_ONCE) {
        let keys: Vec<_> = numbers.iter().map(|number| keys::page(listing.id, listing.resource, *number)).collect();
        for page in listing.work.store.get_many(&keys)? {
            let page: Page = document(page.as_ref())
                .ok_or_else(|| Failure::retry(format!("a page of the {} is no longer stored", listing.resource)))?;
            listed.extend(page.keys);
        }
    }
    // In a listing that was not read to its end, dates show which items are missing only if they are in order.
    let by_date = listing.resource.order() == Order::ByUpdate && listing.run.in_order;
    let mut absent = Absent::default();
    for (key, mark) in listing.index.items.iter().filter(|(key, _)| !listed.contains(*key)) {
        let is_within = by_date && listing.run.oldest.as_deref().is_some_and(|oldest| mark.date() > oldest);
        match listing.run.cut {
            None => absent.missing.push(key.clone()),
            Some(_) if is_within => absent.missing.push(key.clone()),
            Some(Cut::Keep(_)) => absent.outside.push(key.clone()),
            Some(Cut::Since(_)) => {}
        }
    }
    Ok(absent)
}

/// Removes items, and pages that the listing no longer has. The index is written afterwards. After a crash the removal
/// is repeated and counted only once.
fn remove(listing: &mut Listing<'_>, gone: &[String]) -> Result<(), Failure> {
    let (id, resource) = (listing.id, listing.resource);
    let mut keys: Vec<_> = gone.iter().map(|key| keys::item(id, resource, key)).collect();
    if listing.run.full && listing.run.settled {
        keys.extend((listing.run.page..=listing.state.pages).map(|number| keys::page(id, resource, number)));
    }
    for keys in keys.chunks(MOST_KEYS) {
        listing.work.store.delete_many(keys)?;
    }
    for key in gone {
        listing.index.items.remove(key);
    }
    Ok(())
}

fn complete(listing: &mut Listing<'_>) -> Result<(), Failure> {
    let (state, run) = (&mut listing.state, &mut listing.run);
    state.synced_at = Some(now());
    // A listing that has not settled is read again by the next sync, so the cursor and the date of the last full sync
    // stay unchanged.
    if run.settled {
        state.cursor = earliest(run.newest.clone(), run.unfinished.clone()).or_else(|| state.cursor.take());
    }
    if run.full && run.settled {
        state.full_at = state.synced_at.clone();
        state.cut = run.cut.clone();
        state.pages = run.page.saturating_sub(1);
        state.fields = listing.fields.mark();
    }
    run.phase = Phase::Done;
    listing.save(Writes::default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_beyond_the_end_of_the_last_pass_is_not_deleted() {
        let keys = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>();
        assert_eq!(missing_still(keys(&["deleted", "beyond"]), &keys(&["deleted", "new"])), keys(&["deleted"]));
    }
}
