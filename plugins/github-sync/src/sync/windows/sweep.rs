//! Checks the items that no window of a full sync contained. Each is requested individually before it counts as
//! deleted, because a list of many pages is not a consistent snapshot.

use toril_plugin::{Failure, log};

use super::Windows;
use crate::answer::{Subject, missing};
use crate::api::{Api, Found};
use crate::stored::{Lease, MOST_KEYS, Part, Seen, Writes, keys};

/// Number of deleted items that are removed in one step.
const BATCH: usize = 50;

/// What GitHub returned for an item that was not listed.
enum Fate {
    Gone,
    /// The item exists, or its deletion is not certain.
    Stays,
}

impl Windows<'_> {
    /// Checks one part. After the last part it completes the run. Returns the reason if GitHub no longer lets the token
    /// read the resource.
    pub(super) fn sweep(&mut self, api: &mut Api<'_>, lease: &Lease<'_>) -> Result<Option<String>, Failure> {
        if self.run.part > self.state.parts {
            self.check(lease)?;
            self.forget_windows()?;
            self.complete();
            self.save(Writes::default())?;
            return Ok(None);
        }
        let mut part = self.part(self.run.part)?;
        let mut gone = Vec::new();
        for (key, seen) in self.missing(&part)? {
            if let Err(late) = self.work.pace.before_page() {
                // Otherwise the next attempt would request all of these again.
                self.remove(api, lease, &mut part, &mut gone)?;
                return Err(late);
            }
            let fate = self.fate(api, &key)?;
            self.run.counts += &api.take_counts();
            match fate {
                Fate::Gone => gone.push(key),
                Fate::Stays => self.stays(lease, &key, seen)?,
            }
            if gone.len() >= BATCH
                && let Some(reason) = self.remove(api, lease, &mut part, &mut gone)?
            {
                return Ok(Some(reason));
            }
            self.work.pace.after_page(self.resource, self.run.number, self.run.listed);
        }
        if let Some(reason) = self.remove(api, lease, &mut part, &mut gone)? {
            return Ok(Some(reason));
        }
        self.run.part += 1;
        self.save(Writes::default())?;
        Ok(None)
    }

    /// The items of a part that this run should have seen but has not.
    fn missing(&self, part: &Part) -> Result<Vec<(String, Seen)>, Failure> {
        let known = self.seen(&part.keys)?;
        let since = self.work.data.since.as_ref();
        let is_missing =
            |Seen(date, _, _, serial): &Seen| *serial != self.run.serial && since.is_none_or(|since| date >= since);
        let missing = part.keys.iter().filter_map(|key| {
            let seen = known.get(key)?;
            is_missing(seen).then(|| (key.clone(), seen.clone()))
        });
        Ok(missing.collect())
    }

    /// Checks whether an item still exists.
    fn fate(&self, api: &mut Api<'_>, key: &str) -> Result<Fate, Failure> {
        let path = format!("/repos/{}{}/{key}", self.repo, self.unbounded.single);
        let subject = Subject::Part { resource: self.resource, of: key, repo: self.repo };
        Ok(match api.get(&api.url(&path), None, subject)? {
            Found::Missing(404 | 410) => Fate::Gone,
            // The item was transferred: its URL leads to another repository.
            Found::Content(content) if !is_of(&content.url, self.repo, self.id) => Fate::Gone,
            _ => {
                log::debug(format_args!("{subject} was not listed, but exists"));
                Fate::Stays
            }
        })
    }

    fn stays(&mut self, lease: &Lease<'_>, key: &str, seen: Seen) -> Result<(), Failure> {
        let Seen(date, digest, part, _) = seen;
        let mut writes = Writes::default();
        let mark = Seen(date, digest, part, self.run.serial);
        writes.json(keys::mark(self.id, self.resource, key), &mark)?;
        self.check(lease)?;
        self.save(writes)
    }

    /// Removes deleted items, but only if GitHub still lets the token read the others. To a token without access,
    /// everything looks deleted. After a crash the removal is repeated and counted only once.
    fn remove(
        &mut self,
        api: &mut Api<'_>,
        lease: &Lease<'_>,
        part: &mut Part,
        gone: &mut Vec<String>,
    ) -> Result<Option<String>, Failure> {
        if gone.is_empty() {
            return Ok(None);
        }
        if let Some(reason) = self.refusal(api)? {
            return Ok(Some(reason));
        }
        self.check(lease)?;
        let (id, resource) = (self.id, self.resource);
        let items: Vec<_> = gone.iter().map(|key| keys::item(id, resource, key)).collect();
        self.work.store.delete_many(&items)?;
        part.keys.retain(|key| !gone.contains(key));
        self.state.count = self.state.count.saturating_sub(gone.len());
        self.run.counts.deleted += gone.len() as u64;
        let mut writes = Writes::default();
        writes.json(keys::part(id, resource, self.run.part), part)?;
        self.save(writes)?;
        // The marks must stay until the part no longer contains the items' keys.
        let marks: Vec<_> = gone.iter().map(|key| keys::mark(id, resource, key)).collect();
        self.work.store.delete_many(&marks)?;
        gone.clear();
        Ok(None)
    }

    /// Why GitHub does not let the token read the resource. `None` if it does.
    fn refusal(&mut self, api: &mut Api<'_>) -> Result<Option<String>, Failure> {
        let subject = self.subject();
        let url = api.url(&format!("/repos/{}{}per_page=1", self.repo, self.unbounded.all));
        let found = api.get(&url, None, subject)?;
        self.run.counts += &api.take_counts();
        Ok(match found {
            Found::Missing(status) => Some(missing(subject, status)),
            Found::Forbidden(reason) => Some(reason),
            // The repository was renamed during the sync, so a redirect does not show whether an item was transferred.
            Found::Content(content) if !is_of(&content.url, self.repo, self.id) => {
                Some(format!("`{}` has moved while its {} were read: sync it again", self.repo, self.resource))
            }
            // The resource was switched off, as issues can be. Then its items are gone.
            Found::Nothing | Found::Content(_) | Found::NotModified { .. } | Found::TooLarge(_) => None,
        })
    }

    /// Windows that this run did not need any more.
    fn forget_windows(&self) -> Result<(), Failure> {
        let left: Vec<_> =
            (self.run.number + 1..=self.state.pages).map(|number| keys::page(self.id, self.resource, number)).collect();
        for left in left.chunks(MOST_KEYS) {
            self.work.store.delete_many(left)?;
        }
        Ok(())
    }
}

/// Whether a URL is one of this repository: by its name, which is case-insensitive, or by its id.
fn is_of(url: &str, repo: &str, id: u64) -> bool {
    let by_name = format!("/repos/{}/", repo.to_ascii_lowercase());
    let url = url.to_ascii_lowercase();
    url.contains(&by_name) || url.contains(&format!("/repositories/{id}/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_case_of_a_name_does_not_make_another_repository() {
        assert!(is_of("https://a/repos/Octo/Web/issues/1", "octo/web", 7));
        assert!(is_of("https://a/repositories/7/issues/1", "octo/web", 7));
        assert!(!is_of("https://a/repositories/77/issues/1", "octo/web", 7));
        assert!(!is_of("https://a/repos/octo/website/issues/1", "octo/web", 7));
    }
}
