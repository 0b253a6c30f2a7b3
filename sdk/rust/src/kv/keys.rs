//! Iterates over a store's keys, page by page.

use std::vec;

use super::KvError;

/// Some of a store's keys, and the cursor of the next page. Without a cursor, this is the last page.
pub(super) struct Page {
    pub(super) keys: Vec<String>,
    pub(super) cursor: Option<u64>,
}

/// The position of the next page.
enum Next {
    At(Option<u64>),
    Nowhere,
}

type Fetch<'a> = Box<dyn FnMut(Option<u64>) -> Result<Page, KvError> + 'a>;

/// The keys of a [`Store`](super::Store), in no particular order. Ends after an error.
pub struct Keys<'a> {
    fetch: Fetch<'a>,
    page: vec::IntoIter<String>,
    next: Next,
}

impl<'a> Keys<'a> {
    pub(super) fn new(fetch: impl FnMut(Option<u64>) -> Result<Page, KvError> + 'a) -> Self {
        Self { fetch: Box::new(fetch), page: Vec::new().into_iter(), next: Next::At(None) }
    }
}

impl Iterator for Keys<'_> {
    type Item = Result<String, KvError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(key) = self.page.next() {
                return Some(Ok(key));
            }
            let Next::At(cursor) = self.next else { return None };
            self.next = Next::Nowhere;
            match (self.fetch)(cursor) {
                // A page can be empty without being the last.
                Ok(page) => {
                    self.page = page.keys.into_iter();
                    self.next = page.cursor.map_or(Next::Nowhere, |cursor| Next::At(Some(cursor)));
                }
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(keys: &[&str], cursor: Option<u64>) -> Result<Page, KvError> {
        Ok(Page { keys: keys.iter().map(|key| (*key).to_owned()).collect(), cursor })
    }

    #[test]
    fn every_page_is_fetched_once_even_after_an_empty_one() {
        let mut asked = Vec::new();
        let keys = Keys::new(|cursor| {
            asked.push(cursor);
            match cursor {
                None => page(&["a", "b"], Some(7)),
                Some(7) => page(&[], Some(0)),
                _ => page(&["c"], None),
            }
        });
        let keys: Result<Vec<_>, _> = keys.collect();
        assert_eq!(keys, Ok(vec!["a".into(), "b".into(), "c".into()]));
        assert_eq!(asked, [None, Some(7), Some(0)]);
    }

    #[test]
    fn an_error_is_the_last_item() {
        let mut keys = Keys::new(|cursor| match cursor {
            None => page(&["a"], Some(1)),
            Some(_) => Err(KvError::Unavailable("Redis is away".into())),
        });
        assert_eq!(keys.next(), Some(Ok("a".into())));
        assert!(matches!(keys.next(), Some(Err(KvError::Unavailable(_)))));
        assert_eq!(keys.next(), None);
    }
}
