//! The requests to GitHub: one page after the other, within what the rate limit allows.

use std::time::Duration;

use toril_plugin::http::{HttpError, Request, Response};
use toril_plugin::{Failure, clock, log};

use crate::answer::{self, Meaning, Subject};
use crate::link;
use crate::pace::Pace;
use crate::result::Counts;
use crate::settings::Settings;
use crate::version::version;

/// The version of the REST API whose answers this plugin knows.
const API_VERSION: &str = "2022-11-28";

/// How often an answer may lead to another address: a repository that was renamed or moved does so.
const MAX_REDIRECTS: u32 = 3;

/// The most bytes of one answer. A page of items is kept in one step, which the store bounds.
const MAX_BODY: usize = 6 * 1024 * 1024;

/// GitHub's API, or that of a GitHub Enterprise Server.
pub struct Api<'a> {
    settings: &'a Settings,
    pace: &'a Pace,
    /// How long no further request may be sent, as far as the last answer said.
    spent: Option<Duration>,
    requests: u64,
    not_modified: u64,
}

/// What is known of an address: GitHub's mark of what it last sent from there.
pub struct Known<'a> {
    pub url: &'a str,
    pub etag: &'a str,
}

/// What GitHub has at an address.
pub enum Found {
    /// This.
    Content(Content),
    /// What is known. The header may say where the next page is.
    NotModified { next: Option<String> },
    /// Nothing of the kind.
    Nothing,
    /// None that this token may see, with the status that said so.
    Missing(u16),
}

/// An answer with something in it.
pub struct Content {
    /// Where it was found, after redirects.
    pub url: String,
    pub answer: Response,
    pub etag: Option<String>,
    pub next: Option<String>,
}

impl<'a> Api<'a> {
    pub fn new(settings: &'a Settings, pace: &'a Pace) -> Self {
        Self { settings, pace, spent: None, requests: 0, not_modified: 0 }
    }

    /// The address of a path, which begins with a slash.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.settings.api_url)
    }

    /// What is at an address. It is not sent again if it is what is known. Redirects are followed as long as they stay on
    /// this API: the token may only go to the one that it was given for.
    pub fn get(&mut self, url: &str, known: Option<Known<'_>>, subject: Subject<'_>) -> Result<Found, Failure> {
        let mut url = url.to_owned();
        for _ in 0..=MAX_REDIRECTS {
            let etag = known.as_ref().filter(|known| known.url == url).map(|known| known.etag);
            let answer = self.send(&url, etag, subject)?;
            match answer::meaning(&answer, subject, clock::now()) {
                Meaning::Content => {
                    let etag = answer.header("etag").map(str::to_owned);
                    let next = self.next(&answer, subject)?;
                    return Ok(Found::Content(Content { url, etag, next, answer }));
                }
                Meaning::NotModified if etag.is_some() => {
                    self.not_modified += 1;
                    return Ok(Found::NotModified { next: self.next(&answer, subject)? });
                }
                Meaning::NotModified => {
                    return Err(Failure::retry(format!(
                        "GitHub did not send {subject}, which it was not known to have sent"
                    )));
                }
                Meaning::Moved(to) => url = self.followed(&to, subject)?,
                Meaning::Nothing => return Ok(Found::Nothing),
                Meaning::Missing(status) => return Ok(Found::Missing(status)),
                Meaning::Failed(failure) => return Err(failure),
            }
        }
        Err(Failure::fatal(format!("GitHub sends requests for {subject} in a circle")))
    }

    /// What was sent since this was last asked.
    pub fn take_counts(&mut self) -> Counts {
        let (requests, not_modified) = (std::mem::take(&mut self.requests), std::mem::take(&mut self.not_modified));
        Counts { requests, not_modified, ..Counts::default() }
    }

    fn next(&self, answer: &Response, subject: Subject<'_>) -> Result<Option<String>, Failure> {
        let Some(next) = answer.header("link").and_then(link::next) else { return Ok(None) };
        if self.is_mine(next) {
            return Ok(Some(next.into()));
        }
        Err(Failure::fatal(format!("the next page of {subject} is at an API that this plugin was not set up for")))
    }

    fn followed(&self, to: &str, subject: Subject<'_>) -> Result<String, Failure> {
        // An address without scheme and host stays where it is.
        let absolute =
            if to.starts_with('/') && !to.starts_with("//") { format!("{}{to}", self.origin()) } else { to.into() };
        if self.is_mine(&absolute) {
            return Ok(absolute);
        }
        Err(Failure::fatal(format!(
            "GitHub says that {subject} has moved to where this plugin does not follow: to another API"
        )))
    }

    fn origin(&self) -> &str {
        let url = &self.settings.api_url;
        let host = url.find("://").map_or(0, |scheme| scheme + 3);
        let end = url.get(host..).and_then(|rest| rest.find('/')).map_or(url.len(), |path| host + path);
        url.get(..end).unwrap_or(url)
    }

    fn is_mine(&self, url: &str) -> bool {
        url.strip_prefix(&self.settings.api_url).is_some_and(|rest| rest.starts_with('/'))
    }

    fn send(&mut self, url: &str, etag: Option<&str>, subject: Subject<'_>) -> Result<Response, Failure> {
        if let Some(wait) = self.spent {
            return Err(Failure::rate_limited(wait));
        }
        let mut request = Request::get(url)
            .header("accept", "application/vnd.github+json")
            .header("x-github-api-version", API_VERSION)
            .header("user-agent", format!("toril-github-sync/{}", version()))
            .max_body(MAX_BODY)
            .timeout(self.pace.for_a_request());
        if let Some(token) = &self.settings.token {
            request = request.bearer(token);
        }
        if let Some(etag) = etag {
            request = request.header("if-none-match", etag);
        }
        self.requests += 1;
        let answer = request.send().map_err(|error| match error {
            HttpError::TooLarge { limit, .. } => Failure::fatal(format!(
                "a page of {subject} is larger than {limit} bytes: set `page-size` in the plugin's `config` to a smaller number"
            )),
            error => error.into(),
        })?;
        log::debug(format_args!("GitHub answered with {} for {subject}", answer.status()));
        self.spent = answer::spent(&answer, clock::now());
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(api_url: &str) -> (Settings, Pace) {
        let request_timeout = Duration::from_secs(1);
        let settings = Settings { api_url: api_url.into(), token: None, page_size: 100, keep: 1, request_timeout };
        (settings, Pace::start(request_timeout))
    }

    #[test]
    fn the_token_stays_with_its_api() {
        let (settings, pace) = settings("https://api.github.com");
        let api = Api::new(&settings, &pace);
        assert!(api.is_mine("https://api.github.com/repositories/7"));
        assert!(!api.is_mine("https://api.github.com.evil.example/repositories/7"));
        assert!(!api.is_mine("https://api.github.com@evil.example/repositories/7"));
        assert!(!api.is_mine("http://api.github.com/repositories/7"));
        assert!(!api.is_mine("//evil.example/repositories/7"));
    }

    #[test]
    fn a_redirect_is_followed_on_the_same_api_alone() {
        let (settings, pace) = settings("https://github.example.com/api/v3");
        let api = Api::new(&settings, &pace);
        let subject = Subject::Repository("a/b");
        let to = "https://github.example.com/api/v3/repositories/7";
        assert_eq!(api.followed(to, subject), Ok(to.into()));
        assert_eq!(api.followed("/api/v3/repositories/7", subject), Ok(to.into()));
        for elsewhere in ["https://evil.example/", "//evil.example/", "/login", "https://github.example.com/login"] {
            assert!(matches!(api.followed(elsewhere, subject), Err(Failure::Fatal(_))), "{elsewhere}");
        }
    }

    #[test]
    fn a_page_that_follows_elsewhere_is_not_followed() {
        let (settings, pace) = settings("https://api.github.com");
        let link = [("link", r#"<https://evil.example/x?page=2>; rel="next""#)];
        let next = Api::new(&settings, &pace).next(&Response::for_test(200, &link, ""), Subject::Repository("a/b"));
        assert!(matches!(next, Err(Failure::Fatal(_))));
    }
}
