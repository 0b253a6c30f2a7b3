//! Converts the stored data when `keep` changes from a number to `"all"` or back. No item is read from GitHub again.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use toril_plugin::Failure;

use super::super::Work;
use crate::resource::Resource;
use crate::stored::{Index, MOST_KEYS, Mark, PART, Part, Seen, WindowState, Writes, document, keys};

/// The state of a resource without a limit. If the resource has an index from a time with a limit, the index becomes
/// marks and parts.
pub fn to_windows(work: &Work<'_>, id: u64, resource: Resource) -> Result<WindowState, Failure> {
    let read = work.store.get_many(&[keys::state(id, resource), keys::index(id, resource)])?;
    let index: Option<Index> = document(read.get(1).and_then(Option::as_ref));
    let Some(index) = index else {
        return Ok(document(read.first().and_then(Option::as_ref)).unwrap_or_default());
    };
    let mut state = WindowState { count: index.items.len(), ..WindowState::default() };
    let items: Vec<_> = index.items.into_iter().collect();
    // A part is written in one step with its marks. The part itself takes one of the keys, so a chunk has one item
    // less.
    for items in items.chunks(PART - 1) {
        state.parts += 1;
        let mut writes = Writes::default();
        for (key, Mark(date, digest)) in items {
            writes.json(keys::mark(id, resource, key), &Seen(date.clone(), digest.clone(), state.parts, 0))?;
        }
        let part = Part { keys: items.iter().map(|(key, _)| key.clone()).collect() };
        writes.json(keys::part(id, resource, state.parts), &part)?;
        writes.send(work.store)?;
    }
    let mut writes = Writes::default();
    writes.json(keys::state(id, resource), &state)?;
    writes.send(work.store)?;
    // As long as the index exists, a crash repeats the whole conversion.
    work.store.delete(&keys::index(id, resource))?;
    Ok(state)
}

/// Creates an index of the newest items of a resource that had no limit. The other items exceed the limit and are
/// removed.
pub fn to_bounded(work: &Work<'_>, id: u64, resource: Resource) -> Result<(), Failure> {
    let state: Option<WindowState> = document(work.store.get(&keys::state(id, resource))?.as_ref());
    let Some(WindowState { parts, .. }) = state else { return Ok(()) };
    let index: Index = match document(work.store.get(&keys::index(id, resource))?.as_ref()) {
        Some(index) => index,
        None => {
            let index = newest(work, id, resource, parts)?;
            work.store.set_json(&keys::index(id, resource), &index)?;
            index
        }
    };
    for number in 1..=parts {
        let part: Part = document(work.store.get(&keys::part(id, resource, number))?.as_ref()).unwrap_or_default();
        let too_old = part.keys.iter().filter(|key| !index.items.contains_key(*key));
        let mut removed: Vec<_> = too_old.map(|key| keys::item(id, resource, key)).collect();
        removed.extend(part.keys.iter().map(|key| keys::mark(id, resource, key)));
        for removed in removed.chunks(MOST_KEYS) {
            work.store.delete_many(removed)?;
        }
        work.store.delete(&keys::part(id, resource, number))?;
    }
    Ok(work.store.delete(&keys::state(id, resource))?)
}

/// The newest items, up to the limit.
fn newest(work: &Work<'_>, id: u64, resource: Resource, parts: u32) -> Result<Index, Failure> {
    let mut newest = BinaryHeap::new();
    for number in 1..=parts {
        let part: Part = document(work.store.get(&keys::part(id, resource, number))?.as_ref()).unwrap_or_default();
        let marks: Vec<_> = part.keys.iter().map(|key| keys::mark(id, resource, key)).collect();
        for (key, bytes) in part.keys.into_iter().zip(work.store.get_many(&marks)?) {
            if let Some(Seen(date, digest, ..)) = document(bytes.as_ref()) {
                newest.push(Reverse((date, key, digest)));
            }
            if newest.len() > work.settings.keep {
                newest.pop();
            }
        }
    }
    let items = newest.into_iter().map(|Reverse((date, key, digest))| (key, Mark(date, digest))).collect();
    Ok(Index { items })
}
