//! Finds the parents, which are the pull requests and commits whose items are read.

use serde::Deserialize;
use toril_plugin::{Failure, log};

use super::Work;
use crate::answer::{Subject, missing};
use crate::api::{Api, Content, Found, Known};
use crate::resource::Resource;
use crate::stored::{Page, document, keys};

/// Maximum number of pages per list of parents. The pages of several lists are stored one after the other, so this is
/// also the distance between their page numbers.
const PAGES: u32 = 1_000;

/// Finds parents.
pub struct Finder<'a> {
    pub work: &'a Work<'a>,
    pub id: u64,
    pub resource: Resource,
    pub repo: &'a str,
}

/// The parents that were found.
#[derive(Default)]
pub struct Parents {
    pub parents: Vec<String>,
    /// The newest change of a pull request.
    pub newest: Option<String>,
}

impl Parents {
    /// Takes at most `most` parents of a page, without those that are older than `bound`. Returns how many it took.
    fn take(&mut self, page: &Page, bound: Option<&String>, most: usize) -> usize {
        let is_older = |date: &str| !date.is_empty() && bound.is_some_and(|bound| date < bound.as_str());
        let listed = page.keys.iter().map(|listed| listed.split_once(' ').unwrap_or((listed, "")));
        let mut taken = 0;
        for (parent, date) in listed.filter(|(_, date)| !is_older(date)).take(most) {
            taken += 1;
            if !self.parents.iter().any(|known| known == parent) {
                self.parents.push(parent.to_owned());
            }
            self.newest = self.newest.take().max(Some(date.to_owned()).filter(|date| !date.is_empty()));
        }
        taken
    }
}

/// A list of parents, newest first.
struct Source {
    /// The listed resource.
    listed: Resource,
    path: &'static str,
    /// Maximum number of parents to take from it.
    most: usize,
    name: fn(Listed) -> Option<String>,
}

/// A pull request or a commit in a list.
#[derive(Deserialize)]
struct Listed {
    number: Option<u64>,
    sha: Option<String>,
    head: Option<Head>,
    updated_at: Option<String>,
}

#[derive(Deserialize)]
struct Head {
    sha: String,
}

impl Finder<'_> {
    /// Finds the parents that changed at `bound` or later, if they have a date. The inner error explains why GitHub
    /// does not let the token read a list.
    pub fn find(&self, api: &mut Api<'_>, bound: Option<&String>) -> Result<Result<Parents, String>, Failure> {
        let mut found = Parents::default();
        for (n, source) in self.sources().iter().enumerate().filter(|(_, source)| source.most > 0) {
            let bound = if self.resource == Resource::Reviews { bound } else { None };
            let first_page = u32::try_from(n).unwrap_or_default() * PAGES + 1;
            if let Err(reason) = self.read(api, source, first_page, bound, &mut found)? {
                return Ok(Err(reason));
            }
        }
        Ok(Ok(found))
    }

    fn sources(&self) -> Vec<Source> {
        let settings = self.work.settings;
        if self.resource == Resource::Reviews {
            return vec![Source {
                listed: Resource::Pulls,
                path: "/pulls?state=all&sort=updated&direction=desc&",
                most: settings.review_pulls,
                name: |pull| pull.number.map(|number| number.to_string()),
            }];
        }
        vec![
            Source {
                listed: Resource::Commits,
                path: "/commits?",
                most: settings.check_commits,
                name: |commit| commit.sha,
            },
            Source {
                listed: Resource::Pulls,
                path: "/pulls?state=open&sort=updated&direction=desc&",
                most: settings.check_pulls,
                name: |pull| pull.head.map(|head| head.sha),
            },
        ]
    }

    fn read(
        &self,
        api: &mut Api<'_>,
        source: &Source,
        first_page: u32,
        bound: Option<&String>,
        found: &mut Parents,
    ) -> Result<Result<(), String>, Failure> {
        let (mut taken, mut number) = (0, first_page);
        let mut size = self.work.settings.page_size.min(u32::try_from(source.most).unwrap_or(u32::MAX));
        let first = |size: u32| api_path(self.repo, source.path, size);
        let mut next = Some(api.url(&first(size)));
        while let Some(url) = next {
            self.work.pace.before_page()?;
            let key = keys::page(self.id, self.resource, number);
            let stored: Option<Page> =
                document(self.work.store.get(&key)?.as_ref()).filter(|page: &Page| page.url == url);
            let known = stored.as_ref().and_then(|page| Some(Known { url: &page.url, etag: page.etag.as_deref()? }));
            let subject = Subject::Listing(source.listed, self.repo);
            let page = match api.get(&url, known, subject)? {
                Found::Content(content) => {
                    let page = page(content, source.name, size, number - first_page + 1)?;
                    self.work.store.set_json(&key, &page)?;
                    page
                }
                Found::NotModified { next } => {
                    let page =
                        stored.ok_or_else(|| Failure::retry(format!("a page of {subject} is no longer stored")))?;
                    Page { next: next.or_else(|| page.next.clone()), ..page }
                }
                // The repository has no commits.
                Found::Nothing => return Ok(Ok(())),
                Found::Missing(status) => return Ok(Err(missing(subject, status))),
                Found::Forbidden(reason) => return Ok(Err(reason)),
                Found::TooLarge(limit) if size <= 1 => {
                    return Err(Failure::fatal(format!("one item of {subject} is larger than {limit} bytes")));
                }
                Found::TooLarge(_) => {
                    size /= 2;
                    // The list is read again from its beginning.
                    (taken, number) = (0, first_page);
                    next = Some(api.url(&first(size)));
                    continue;
                }
            };
            taken += found.take(&page, bound, source.most - taken);
            // The rest of the list is older, because the latest changes come first.
            let is_far_enough = bound.is_some() && page.oldest.as_ref() < bound && page.oldest.is_some();
            let is_last = taken >= source.most || is_far_enough || number >= first_page + PAGES - 1;
            next = page.next.filter(|_| !is_last);
            number += 1;
        }
        log::debug(format_args!("{taken} of the {} are parents of {}", source.listed, self.resource));
        Ok(Ok(()))
    }
}

fn api_path(repo: &str, path: &str, size: u32) -> String {
    format!("/repos/{repo}{path}per_page={size}")
}

/// A page of parents. Each key consists of a parent's name and its date.
fn page(content: Content, name: fn(Listed) -> Option<String>, size: u32, number: u32) -> Result<Page, Failure> {
    let listed: Vec<Listed> = content.answer.json()?;
    let next = content.following.next_page(&content.url, number, listed.len(), size);
    let oldest = listed.iter().filter_map(|listed| listed.updated_at.clone()).min();
    let named = listed.into_iter().filter_map(|listed| {
        let date = listed.updated_at.clone().unwrap_or_default();
        Some(format!("{} {date}", name(listed)?))
    });
    Ok(Page {
        keys: named.collect(),
        url: content.url,
        etag: content.etag,
        next,
        oldest,
        in_order: true,
        ..Page::default()
    })
}
