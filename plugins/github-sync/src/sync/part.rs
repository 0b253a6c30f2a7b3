//! Reads the items of one parent, which is a pull request or a commit.

use toril_plugin::{Failure, log};

use super::Work;
use crate::answer::{Subject, missing};
use crate::api::{Api, Found, Known};
use crate::fields::Fields;
use crate::items::{self, Entry};
use crate::resource::Resource;
use crate::stored::Page;

/// Maximum number of pages per parent. They are written in one step together with the documents beside them, of at most
/// 1,000 keys.
const MOST_PAGES: u32 = 9;

/// Maximum size of the items of one parent, in bytes, for the same reason.
const MOST_BYTES: usize = 6 * 1024 * 1024;

/// One parent of one resource.
pub struct Part<'a> {
    pub work: &'a Work<'a>,
    pub resource: Resource,
    pub repo: &'a str,
    pub parent: &'a str,
    pub fields: &'a Fields,
}

/// What GitHub returned for it.
pub enum Read {
    Items(Items),
    /// Nothing has changed.
    Unchanged,
    /// The parent does not exist, or no longer.
    Gone,
    /// The token may not read it, for this reason.
    Refused(String),
}

/// All items of a parent.
#[derive(Default)]
pub struct Items {
    /// The URL of the first page.
    pub url: String,
    pub etag: Option<String>,
    pub keys: Vec<String>,
    pub entries: Vec<Entry>,
    pub pages: u32,
    /// Whether the list is certainly complete.
    pub is_whole: bool,
}

impl Part<'_> {
    /// Reads all items. `known` is the page that was stored before.
    pub fn read(&self, api: &mut Api<'_>, known: Option<&Page>) -> Result<Read, Failure> {
        let mut size = self.work.settings.page_size;
        loop {
            match self.read_with(api, known, size)? {
                Some(read) => return Ok(read),
                None if size > 1 => size /= 2,
                None => return Err(Failure::fatal(format!("one item of {} is too large to be read", self.subject()))),
            }
        }
    }

    fn subject(&self) -> Subject<'_> {
        Subject::Part { resource: self.resource, of: self.parent, repo: self.repo }
    }

    fn first(&self, api: &Api<'_>, size: u32) -> String {
        let (repo, parent, listing) = (self.repo, self.parent, self.resource.listing());
        let kind = if self.resource == Resource::Reviews { "pulls" } else { "commits" };
        api.url(&format!("/repos/{repo}/{kind}/{parent}{listing}per_page={size}"))
    }

    /// Returns `None` if a page of this size is too large.
    fn read_with(&self, api: &mut Api<'_>, known: Option<&Page>, size: u32) -> Result<Option<Read>, Failure> {
        let mut items = Items { url: self.first(api, size), ..Items::default() };
        let mut next = Some(items.url.clone());
        let mut bytes = 0;
        while let Some(url) = next {
            let known = known.filter(|page| page.url == url);
            let known = known.and_then(|page| Some(Known { url: &page.url, etag: page.etag.as_deref()? }));
            let content = match api.get(&url, known, self.subject())? {
                Found::Content(content) => content,
                Found::NotModified { .. } => return Ok(Some(Read::Unchanged)),
                Found::Nothing => return Ok(Some(Read::Gone)),
                Found::Missing(status) => {
                    log::info(missing(self.subject(), status));
                    return Ok(Some(Read::Gone));
                }
                Found::Forbidden(reason) => return Ok(Some(Read::Refused(reason))),
                Found::TooLarge(_) => return Ok(None),
            };
            let entries = items::entries(self.resource, &content.answer, self.fields)?;
            next = content.following.next_page(&content.url, items.pages + 1, entries.len(), size);
            bytes += entries.iter().map(|entry| entry.document.len()).sum::<usize>();
            if bytes > MOST_BYTES {
                break;
            }
            items.keys.extend(entries.iter().map(|entry| entry.key.clone()));
            items.entries.extend(entries);
            items.etag = content.etag;
            items.pages += 1;
            if items.pages >= MOST_PAGES {
                break;
            }
        }
        items.is_whole = next.is_none() && bytes <= MOST_BYTES;
        if !items.is_whole {
            log::warn(format_args!("too many {}: only the first {} are stored", self.subject(), items.keys.len()));
        }
        Ok(Some(Read::Items(items)))
    }
}
