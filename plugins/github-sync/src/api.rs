//! The requests to GitHub: one page after the other, within the rate limit.

use std::time::Duration;

use toril_plugin::http::{HttpError, Request, Response};
use toril_plugin::kv::Store;
use toril_plugin::{Failure, clock, log};

use crate::answer::{self, Meaning, Subject};
use crate::auth::{Auth, Exchange};
use crate::limits::Limits;
use crate::link::{self, with_page};
use crate::pace::Pace;
use crate::result::Counts;
use crate::settings::Settings;
use crate::version::version;

/// The version of the REST API that this plugin supports.
const API_VERSION: &str = "2022-11-28";

/// Maximum number of redirects per request. A renamed or moved repository causes one.
const MAX_REDIRECTS: u32 = 3;

/// Maximum size of a response, in bytes. A page of items is stored in one step, whose size the store limits.
const MAX_BODY: usize = 6 * 1024 * 1024;

/// The API of GitHub or of a GitHub Enterprise Server.
pub struct Api<'a> {
    settings: &'a Settings,
    pace: &'a Pace,
    auth: Auth<'a>,
    limits: Limits<'a>,
    /// How long to send no further request, according to the last response.
    spent: Option<Duration>,
    requests: u64,
    not_modified: u64,
}

/// What is known about a URL: the ETag of its last response.
pub struct Known<'a> {
    pub url: &'a str,
    pub etag: &'a str,
}

/// The result of a request.
pub enum Found {
    /// The requested content.
    Content(Content),
    /// The content is unchanged. The headers may name the next page.
    NotModified { next: Option<String> },
    /// The object is empty or disabled.
    Nothing,
    /// The object does not exist or this token cannot see it. The status is the one that GitHub returned.
    Missing(u16),
    /// This token may not read the object. The text contains the permissions that GitHub requires.
    Forbidden(String),
    /// The response is larger than this many bytes.
    TooLarge(usize),
}

/// What a response says about the next page.
#[derive(Debug, PartialEq, Eq)]
pub enum Following {
    /// The next page is at this URL.
    Page(String),
    /// There is no next page.
    End,
    /// The response names a different page as the last one, but no next page.
    Contradiction,
    /// The response has no links. This is the last page, unless a proxy has removed the links.
    Unlinked,
}

impl Following {
    /// Whether there is certainly no next page, after a page with this many items of at most `size`. A truncated
    /// listing must not look like one with deleted items.
    pub fn is_end(&self, items: usize, size: u32) -> bool {
        match self {
            Self::Page(_) => false,
            Self::End => true,
            Self::Contradiction => items == 0,
            Self::Unlinked => items < size as usize,
        }
    }

    /// The URL of the page after page `number`, which is at `url`. If the response does not clearly mark the end, it is
    /// the next page by number.
    pub fn next_page(self, url: &str, number: u32, items: usize, size: u32) -> Option<String> {
        match self {
            _ if self.is_end(items, size) => None,
            Self::Page(next) => Some(next),
            _ => Some(with_page(url, number.saturating_add(1))),
        }
    }
}

/// A response with content.
pub struct Content {
    /// The final URL, after redirects.
    pub url: String,
    pub answer: Response,
    pub etag: Option<String>,
    pub following: Following,
}

impl<'a> Api<'a> {
    /// `owner` is the owner of the repositories that are read.
    pub fn new(settings: &'a Settings, pace: &'a Pace, store: &'a Store, owner: &'a str) -> Self {
        let auth = Auth::new(&settings.credentials, store, owner);
        Self { settings, pace, auth, limits: Limits::new(store), spent: None, requests: 0, not_modified: 0 }
    }

    /// The URL of a path, which begins with a slash.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.settings.api_url)
    }

    /// Reads a URL. If the content is still the known one, GitHub does not send it again. Redirects are followed only
    /// within this API, because the token may be sent only to the API that it was issued for.
    pub fn get(&mut self, url: &str, known: Option<Known<'_>>, subject: Subject<'_>) -> Result<Found, Failure> {
        let mut url = url.to_owned();
        for _ in 0..=MAX_REDIRECTS {
            let etag = known.as_ref().filter(|known| known.url == url).map(|known| known.etag);
            let answer = match self.send(&url, etag)? {
                Sent::Answer(answer) => answer,
                Sent::TooLarge(limit) => return Ok(Found::TooLarge(limit)),
            };
            log::debug(format_args!("GitHub answered with {} for {subject}", answer.status()));
            match answer::meaning(&answer, subject, clock::now()) {
                Meaning::Content => {
                    self.limits.record_success()?;
                    let etag = answer.header("etag").map(str::to_owned);
                    let following = self.following(&answer, &url, subject)?;
                    return Ok(Found::Content(Content { url, etag, following, answer }));
                }
                Meaning::NotModified if etag.is_some() => {
                    self.limits.record_success()?;
                    self.not_modified += 1;
                    let next = match self.following(&answer, &url, subject)? {
                        Following::Page(next) => Some(next),
                        _ => None,
                    };
                    return Ok(Found::NotModified { next });
                }
                Meaning::NotModified => {
                    return Err(Failure::retry(format!(
                        "GitHub reported {subject} as unchanged, although the request was not conditional"
                    )));
                }
                Meaning::Moved(to) => url = self.followed(&to, &url, subject)?,
                Meaning::Nothing => return Ok(Found::Nothing),
                Meaning::Missing(status) => return Ok(Found::Missing(status)),
                Meaning::Forbidden(reason) => return Ok(Found::Forbidden(reason)),
                Meaning::Unauthorised => return Err(self.auth.refused()),
                Meaning::Slower(asked) => return Err(self.limits.record_hit(asked)),
                Meaning::Failed(failure) => return Err(failure),
            }
        }
        Err(Failure::fatal(format!("GitHub redirects requests for {subject} in a loop")))
    }

    /// Returns the request counts since the last call, and resets them.
    pub fn take_counts(&mut self) -> Counts {
        let (requests, not_modified) = (std::mem::take(&mut self.requests), std::mem::take(&mut self.not_modified));
        Counts { requests, not_modified, ..Counts::default() }
    }

    fn following(&self, answer: &Response, url: &str, subject: Subject<'_>) -> Result<Following, Failure> {
        let links = link::links(answer.header_values("link"));
        let Some(next) = links.next else {
            let last = links.last.map(|last| self.absolute(&last, url));
            return Ok(match last {
                Some(last) if page_number(&last) != page_number(url) => Following::Contradiction,
                _ if links.any => Following::End,
                _ => Following::Unlinked,
            });
        };
        let next = self.absolute(&next, url);
        if self.is_mine(&next) {
            return Ok(Following::Page(next));
        }
        Err(Failure::fatal(format!(
            "the next page of {subject} is outside of `api-url`, where the token must not be sent"
        )))
    }

    fn followed(&self, to: &str, url: &str, subject: Subject<'_>) -> Result<String, Failure> {
        let absolute = self.absolute(to, url);
        if self.is_mine(&absolute) {
            return Ok(absolute);
        }
        Err(Failure::fatal(format!("{subject} has moved outside of `api-url`, where the token must not be sent")))
    }

    /// Resolves a reference in a response from `url`: `https://…`, `/path?query`, `path?query` or `?query` (RFC 3986,
    /// 5.2, without dot segments).
    fn absolute(&self, reference: &str, url: &str) -> String {
        let has_scheme = reference.split_once(':').is_some_and(|(scheme, _)| {
            !scheme.is_empty() && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
        });
        if has_scheme || reference.starts_with("//") {
            return reference.to_owned();
        }
        if reference.starts_with('/') {
            return format!("{}{reference}", self.origin());
        }
        let path = url.split(['?', '#']).next().unwrap_or(url);
        if reference.starts_with('?') {
            return format!("{path}{reference}");
        }
        let folder = path.rfind('/').map_or(path.len(), |slash| slash + 1);
        format!("{}{reference}", path.get(..folder).unwrap_or(path))
    }

    fn origin(&self) -> &str {
        let url = &self.settings.api_url;
        let host = url.find("://").map_or(0, |scheme| scheme + 3);
        let end = url.get(host..).and_then(|rest| rest.find('/')).map_or(url.len(), |path| host + path);
        url.get(..end).unwrap_or(url)
    }

    /// Refuses a URL outside of this API.
    pub fn check(&self, url: &str, subject: Subject<'_>) -> Result<(), Failure> {
        let error = || Failure::fatal(format!("the job's data contains an address of {subject} outside of `api-url`"));
        if self.is_mine(url) { Ok(()) } else { Err(error()) }
    }

    fn is_mine(&self, url: &str) -> bool {
        let rest = url.strip_prefix(&self.settings.api_url).filter(|rest| rest.starts_with('/'));
        // A dot segment could lead out of the API's path.
        rest.is_some_and(|rest| !rest.split(['?', '#']).next().unwrap_or(rest).split('/').any(is_dot_segment))
    }

    /// Sends a request. If GitHub rejects a token that can be renewed, the request is sent once more with a new token.
    fn send(&mut self, url: &str, etag: Option<&str>) -> Result<Sent, Failure> {
        if let Some(wait) = self.spent {
            return Err(Failure::rate_limited(wait));
        }
        let wire = Wire { settings: self.settings, pace: self.pace };
        let mut is_renewed = false;
        loop {
            let token = self.auth.bearer(&wire)?;
            let mut request = wire.to("GET", url);
            if let Some(token) = &token {
                request = request.bearer(token);
            }
            if let Some(etag) = etag {
                request = request.header("if-none-match", etag);
            }
            self.requests += 1;
            let answer = match wire.send(request) {
                Ok(answer) => answer,
                Err(HttpError::TooLarge { limit, .. }) => return Ok(Sent::TooLarge(limit)),
                Err(error) => return Err(error.into()),
            };
            self.spent = answer::spent(&answer, clock::now());
            if answer.status() == 401 && !is_renewed && token.is_some_and(|token| self.auth.renew(&token)) {
                log::info("GitHub rejected the installation token: getting a new one");
                is_renewed = true;
                continue;
            }
            return Ok(Sent::Answer(answer));
        }
    }
}

/// Sends requests to GitHub with the common headers.
#[derive(Clone, Copy)]
struct Wire<'a> {
    settings: &'a Settings,
    pace: &'a Pace,
}

impl Wire<'_> {
    fn to(self, method: &str, url: &str) -> Request {
        Request::new(method, url)
            .header("accept", "application/vnd.github+json")
            .header("x-github-api-version", API_VERSION)
            .header("user-agent", format!("toril-github-sync/{}", version()))
            .max_body(MAX_BODY)
            .timeout(self.pace.for_a_request())
    }
}

impl Exchange for Wire<'_> {
    fn request(&self, method: &str, path: &str) -> Request {
        self.to(method, &format!("{}{path}", self.settings.api_url))
    }

    fn send(&self, request: Request) -> Result<Response, HttpError> {
        request.send()
    }
}

enum Sent {
    Answer(Response),
    /// The response is larger than this many bytes.
    TooLarge(usize),
}

fn is_dot_segment(segment: &str) -> bool {
    matches!(segment.replace("%2e", ".").replace("%2E", ".").as_str(), "." | "..")
}

/// The page number in a URL. The first page may have none.
fn page_number(url: &str) -> Option<u64> {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let page = query.split('&').find_map(|parameter| parameter.strip_prefix("page="));
    page.map_or(Some(1), |page| page.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_api<T>(api_url: &str, test: impl FnOnce(Api<'_>) -> T) -> T {
        let Ok(mut settings) = Settings::read() else { panic!("the defaults") };
        settings.api_url = api_url.into();
        let (pace, Ok(store)) = (Pace::start(settings.request_timeout), toril_plugin::kv::open()) else {
            panic!("in memory")
        };
        test(Api::new(&settings, &pace, &store, "a"))
    }

    #[test]
    fn the_token_stays_with_its_api() {
        with_api("https://api.github.com", |api| {
            assert!(api.is_mine("https://api.github.com/repositories/7"));
            assert!(!api.is_mine("https://api.github.com.evil.example/repositories/7"));
            assert!(!api.is_mine("https://api.github.com@evil.example/repositories/7"));
            assert!(!api.is_mine("http://api.github.com/repositories/7"));
            assert!(!api.is_mine("//evil.example/repositories/7"));
        });
    }

    #[test]
    fn only_a_certain_end_is_the_end_of_a_listing() {
        let next = |following: Following, items| following.next_page("https://a/x?page=2", 2, items, 10);
        let third = Some("https://a/x?page=3".to_owned());
        assert_eq!(next(Following::Page("https://a/y".into()), 0), Some("https://a/y".into()));
        assert_eq!(next(Following::End, 10), None);
        assert_eq!((next(Following::Contradiction, 1), next(Following::Contradiction, 0)), (third.clone(), None));
        assert_eq!((next(Following::Unlinked, 10), next(Following::Unlinked, 9)), (third, None));
    }

    #[test]
    fn a_redirect_is_followed_on_the_same_api_alone() {
        with_api("https://github.example.com/api/v3", |api| {
            let subject = Subject::Repository("a/b");
            let to = "https://github.example.com/api/v3/repositories/7";
            let url = "https://github.example.com/api/v3/repos/a/b";
            assert_eq!(api.followed(to, url, subject), Ok(to.into()));
            assert_eq!(api.followed("/api/v3/repositories/7", url, subject), Ok(to.into()));
            let elsewhere =
                ["https://evil.example/", "//evil.example/", "/login", "/api/v3/../login", "/api/v3/%2e%2E/login"];
            for elsewhere in elsewhere {
                assert!(matches!(api.followed(elsewhere, url, subject), Err(Failure::Fatal(_))), "{elsewhere}");
            }
        });
    }

    fn following(headers: &[(&str, &str)]) -> Result<Following, Failure> {
        let url = "https://api.github.com/repos/a/b/labels?per_page=100";
        with_api("https://api.github.com", |api| {
            api.following(&Response::for_test(200, headers, ""), url, Subject::Repository("a/b"))
        })
    }

    #[test]
    fn a_relative_link_is_resolved_against_the_address_of_its_page() {
        for reference in [
            "?per_page=100&page=2",
            "labels?per_page=100&page=2",
            "/repos/a/b/labels?per_page=100&page=2",
            "https://api.github.com/repos/a/b/labels?per_page=100&page=2",
        ] {
            let link = format!("<{reference}>; rel=\"next\"");
            let expected = "https://api.github.com/repos/a/b/labels?per_page=100&page=2";
            assert_eq!(following(&[("link", &link)]), Ok(Following::Page(expected.into())), "{reference}");
        }
    }

    #[test]
    fn a_second_link_header_names_the_next_page() {
        let headers = [
            ("link", r#"<https://api.github.com/x?page=2>; rel="last""#),
            ("link", r#"<https://api.github.com/x?page=2>; rel="next""#),
        ];
        assert_eq!(following(&headers), Ok(Following::Page("https://api.github.com/x?page=2".into())));
    }

    #[test]
    fn an_answer_without_a_next_page_says_whether_that_is_certain() {
        assert_eq!(following(&[]), Ok(Following::Unlinked));
        let first = [("link", r#"<https://api.github.com/x?page=1>; rel="first""#)];
        assert_eq!(following(&first), Ok(Following::End));
        let itself = [("link", r#"<https://api.github.com/x?page=1>; rel="last""#)];
        assert_eq!(following(&itself), Ok(Following::End));
        let other = [("link", r#"<https://api.github.com/x?page=2>; rel="last""#)];
        assert_eq!(following(&other), Ok(Following::Contradiction));
    }

    #[test]
    fn a_page_that_follows_elsewhere_is_not_followed() {
        let link = [("link", r#"<https://evil.example/x?page=2>; rel="next""#)];
        assert!(matches!(following(&link), Err(Failure::Fatal(_))));
    }
}
