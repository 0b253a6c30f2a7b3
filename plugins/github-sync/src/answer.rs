//! What a response of GitHub means for the job. No message quotes a response body or a token.

use std::fmt;
use std::time::{Duration, SystemTime};

use serde_json::Value;
use toril_plugin::Failure;
use toril_plugin::http::Response;

use crate::resource::Resource;

/// How long to wait at the primary rate limit if GitHub does not say until when.
const DEFAULT_WAIT: Duration = Duration::from_secs(60);

/// Maximum number of characters of a header that a message quotes.
const LONGEST_HEADER: usize = 300;

/// Minimum and maximum wait. GitHub's limits reset hourly, so a longer wait comes from a wrong clock.
pub const WAITS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(3600));

/// The object of a request.
#[derive(Debug, Clone, Copy)]
pub enum Subject<'a> {
    Repository(&'a str),
    Listing(Resource, &'a str),
    /// The items of a resource that belong to one pull request or commit.
    Part {
        resource: Resource,
        of: &'a str,
        repo: &'a str,
    },
    Owner(&'a str),
    /// The installation of the plugin's GitHub App on an owner.
    Installation(&'a str),
}

impl fmt::Display for Subject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Repository(repo) => write!(f, "the repository `{repo}`"),
            Self::Listing(resource, repo) => write!(f, "the {resource} of `{repo}`"),
            Self::Part { resource, of, repo } => write!(f, "the {resource} of {of} in `{repo}`"),
            Self::Owner(owner) => write!(f, "the repositories of `{owner}`"),
            Self::Installation(owner) => write!(f, "the app's installation on `{owner}`"),
        }
    }
}

/// The meaning of a response.
#[derive(Debug, PartialEq, Eq)]
pub enum Meaning {
    /// The body contains the requested object.
    Content,
    /// 304: the object has not changed.
    NotModified,
    /// The object has moved to this URL.
    Moved(String),
    /// The object is empty or disabled: a repository without commits, or one whose issues are switched off.
    Nothing,
    /// The object does not exist, or this token cannot see it.
    Missing(u16),
    /// This token may not read the object. The text contains the permissions that GitHub requires.
    Forbidden(String),
    /// The token is invalid or has expired.
    Unauthorised,
    /// The secondary rate limit, with the wait that GitHub asks for.
    Slower(Option<Duration>),
    /// The attempt ends with this failure.
    Failed(Failure),
}

/// The meaning of a response's status and headers. `now` is the host's time when the response arrived. It is used if
/// GitHub sent no `Date`.
pub fn meaning(answer: &Response, subject: Subject<'_>, now: SystemTime) -> Meaning {
    let status = answer.status();
    let failure = match status {
        200 => return Meaning::Content,
        304 => return Meaning::NotModified,
        301 | 302 | 307 | 308 if let Some(to) = answer.header("location") => {
            return Meaning::Moved(to.into());
        }
        401 => return Meaning::Unauthorised,
        403 | 429 if is_spent(answer) => Failure::rate_limited(until_allowed(answer, now)),
        403 | 429 if let Some(wait) = answer.retry_after() => return Meaning::Slower(Some(wait)),
        429 => return Meaning::Slower(None),
        403 if mentions_rate_limit(answer) => return Meaning::Slower(None),
        403 => return Meaning::Forbidden(forbidden(answer, subject)),
        // For a commit that no longer exists, GitHub returns 422 (Unprocessable Entity).
        422 if matches!(subject, Subject::Part { .. }) => return Meaning::Missing(status),
        409 | 410
            if let Subject::Listing(resource, _) = subject
                && is_empty(status, resource) =>
        {
            return Meaning::Nothing;
        }
        // A conflict with something that GitHub is doing now.
        409 => Failure::retry(format!("GitHub cannot serve {subject} at the moment (409)")),
        404 | 410 | 451 => return Meaning::Missing(status),
        408 | 500.. => Failure::retry(format!("GitHub failed to serve {subject} ({status})")),
        400..500 => Failure::fatal(format!("GitHub rejected the request for {subject} ({status})")),
        _ => Failure::retry(format!("GitHub returned an unexpected status for {subject} ({status})")),
    };
    Meaning::Failed(failure)
}

/// Whether the status means that a listing has no items. Its stored items are then deleted, so any doubt counts as no:
/// 410 can also mean that GitHub no longer has this version of its API.
fn is_empty(status: u16, resource: Resource) -> bool {
    match status {
        // A repository without commits.
        409 => resource == Resource::Commits,
        // A repository whose issues are switched off.
        _ => matches!(resource, Resource::Issues | Resource::Comments | Resource::Labels | Resource::Milestones),
    }
}

/// The message for an object that does not exist at GitHub or is not visible.
pub fn missing(subject: Subject<'_>, status: u16) -> String {
    match subject {
        Subject::Repository(repo) => {
            format!("GitHub has no repository `{repo}`, or does not show it to this token ({status})")
        }
        _ => format!("GitHub does not have {subject}, or does not show them to this token ({status})"),
    }
}

/// Why a token may not read an object, with the permissions that GitHub names.
fn forbidden(answer: &Response, subject: Subject<'_>) -> String {
    let mut reason = format!("GitHub does not allow access to {subject} (403)");
    if let Some(permissions) = printable_header(answer, "x-accepted-github-permissions") {
        reason += &format!(": the token needs the permissions `{permissions}`");
    }
    if let Some(sso) = printable_header(answer, "x-github-sso") {
        reason += &format!(": the organisation requires SAML single sign-on for the token (x-github-sso: `{sso}`)");
    }
    reason
}

/// A header's value as a part of a message, truncated and without control characters.
fn printable_header(answer: &Response, name: &str) -> Option<String> {
    let value: String = answer.header(name)?.chars().filter(|c| !c.is_control()).take(LONGEST_HEADER).collect();
    (!value.trim().is_empty()).then(|| value.trim().to_owned())
}

/// How long to send no request after the primary rate limit has refused one.
fn until_allowed(answer: &Response, now: SystemTime) -> Duration {
    let wait = answer.retry_after().or_else(|| until_reset(answer, now)).unwrap_or(DEFAULT_WAIT);
    wait.clamp(WAITS.0, WAITS.1)
}

/// How long to send no further request after a successful response that used up the rate limit.
pub fn spent(answer: &Response, now: SystemTime) -> Option<Duration> {
    is_spent(answer).then(|| until_reset(answer, now).unwrap_or(DEFAULT_WAIT).clamp(WAITS.0, WAITS.1))
}

fn is_spent(answer: &Response) -> bool {
    answer.header("x-ratelimit-remaining").map(str::trim) == Some("0")
}

/// GitHub may report a secondary limit only in the message.
fn mentions_rate_limit(answer: &Response) -> bool {
    let body: Option<Value> = answer.json().ok();
    let message = body.as_ref().and_then(|body| body["message"].as_str()).unwrap_or_default().to_lowercase();
    message.contains("rate limit") || message.contains("abuse detection")
}

/// Time until the second in which GitHub resets the limit. If the response has a `Date`, GitHub's own clock is used.
/// Without a `Date`, it returns `None` if the reset has passed: then the host's clock is ahead by an unknown amount.
fn until_reset(answer: &Response, now: SystemTime) -> Option<Duration> {
    let reset = answer.header("x-ratelimit-reset")?.trim().parse().ok()?;
    let reset = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(reset))?;
    match answer.date() {
        Some(date) => Some(reset.duration_since(date).unwrap_or_default()),
        None => reset.duration_since(now).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_700_000_000;
    const REPOSITORY: Subject<'_> = Subject::Repository("a/b");

    fn answer(status: u16, headers: &[(&str, &str)]) -> Response {
        Response::for_test(status, headers, "hunter2")
    }

    fn now() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(NOW)
    }

    fn means(status: u16, headers: &[(&str, &str)]) -> Meaning {
        meaning(&answer(status, headers), REPOSITORY, now())
    }

    fn is_fatal(status: u16, headers: &[(&str, &str)]) -> bool {
        matches!(means(status, headers), Meaning::Failed(Failure::Fatal(_)))
    }

    fn waits(meaning: &Meaning) -> Option<u64> {
        match meaning {
            Meaning::Failed(Failure::RateLimited(wait)) => Some(wait.as_secs()),
            _ => None,
        }
    }

    #[test]
    fn a_repository_that_is_not_there_is_named_and_not_asked_for_again() {
        for status in [404, 410, 451] {
            assert_eq!(means(status, &[]), Meaning::Missing(status));
            let message = missing(REPOSITORY, status);
            assert!(message.contains("`a/b`"), "{message}");
        }
    }

    #[test]
    fn a_repository_without_commits_or_issues_has_none() {
        for (status, resource) in [(409, Resource::Commits), (410, Resource::Issues)] {
            let subject = Subject::Listing(resource, "a/b");
            assert_eq!(meaning(&answer(status, &[]), subject, now()), Meaning::Nothing);
        }
    }

    #[test]
    fn a_listing_is_empty_only_if_the_status_can_mean_that() {
        let listing = |status, resource| meaning(&answer(status, &[]), Subject::Listing(resource, "a/b"), now());
        for resource in [Resource::Branches, Resource::Pulls, Resource::WorkflowRuns] {
            assert!(matches!(listing(409, resource), Meaning::Failed(Failure::Retry(_))), "{resource}");
            assert_eq!(listing(410, resource), Meaning::Missing(410), "{resource}");
        }
    }

    #[test]
    fn a_refused_token_and_a_forbidden_repository_are_distinguished() {
        assert_eq!(means(401, &[]), Meaning::Unauthorised);
        assert!(matches!(means(403, &[]), Meaning::Forbidden(_)));
        assert!(matches!(means(403, &[("x-ratelimit-remaining", "12")]), Meaning::Forbidden(_)));
        assert!(is_fatal(422, &[]));
    }

    #[test]
    fn a_forbidden_resource_names_what_the_token_lacks() {
        let headers = [
            ("x-accepted-github-permissions", "issues=read"),
            ("x-github-sso", "required; url=https://github.com/orgs/a/sso"),
        ];
        let Meaning::Forbidden(reason) = means(403, &headers) else { panic!("it is forbidden") };
        assert!(reason.contains("`issues=read`") && reason.contains("url=https://github.com/orgs/a/sso"), "{reason}");
    }

    #[test]
    fn a_rate_limit_ends_by_the_clock_of_github() {
        // The host's clock is two minutes ahead.
        let reset = (NOW + 90).to_string();
        let ahead = now() + Duration::from_secs(120);
        let spent_headers = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", reset.as_str())];
        let dated = [spent_headers.as_slice(), &[("date", "Tue, 14 Nov 2023 22:13:20 GMT")]].concat();
        assert_eq!(waits(&meaning(&answer(403, &dated), REPOSITORY, ahead)), Some(90));
        assert_eq!(waits(&meaning(&answer(403, &spent_headers), REPOSITORY, ahead)), Some(60), "no date");
    }

    #[test]
    fn a_rate_limit_lasts_until_github_says() {
        let reset = (NOW + 90).to_string();
        let spent_headers = [("X-RateLimit-Remaining", "0"), ("X-RateLimit-Reset", reset.as_str())];
        assert_eq!(waits(&means(403, &spent_headers)), Some(90));
        assert_eq!(waits(&means(429, &spent_headers)), Some(90));
        assert_eq!(waits(&means(403, &[("x-ratelimit-remaining", "0")])), Some(60));
        assert_eq!(spent(&answer(200, &spent_headers), now()), Some(Duration::from_secs(90)));
        assert_eq!(spent(&answer(200, &[("x-ratelimit-remaining", "1")]), now()), None);
    }

    #[test]
    fn a_secondary_limit_that_only_the_message_tells_is_one() {
        let body = r#"{ "message": "You have exceeded a secondary rate limit. Please wait." }"#;
        let answer = Response::for_test(403, &[("x-ratelimit-remaining", "4000")], body);
        assert_eq!(meaning(&answer, REPOSITORY, now()), Meaning::Slower(None));
    }

    #[test]
    fn a_limit_with_requests_left_is_the_secondary_one() {
        assert_eq!(means(403, &[("retry-after", "7")]), Meaning::Slower(Some(Duration::from_secs(7))));
        assert_eq!(means(429, &[]), Meaning::Slower(None));
        assert_eq!(means(429, &[("x-ratelimit-remaining", "3")]), Meaning::Slower(None));
    }

    #[test]
    fn a_wait_has_bounds() {
        let past = (NOW - 5).to_string();
        let date = ("date", "Tue, 14 Nov 2023 22:13:20 GMT");
        assert_eq!(waits(&means(403, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", &past), date])), Some(1));
        let spent = ("x-ratelimit-remaining", "0");
        assert_eq!(waits(&means(403, &[spent, ("retry-after", "0")])), Some(1));
        assert_eq!(waits(&means(403, &[spent, ("retry-after", "999999")])), Some(3600));
    }

    #[test]
    fn an_error_of_github_is_retried() {
        for status in [408, 500, 502, 503, 504, 204] {
            assert!(matches!(means(status, &[]), Meaning::Failed(Failure::Retry(_))), "{status}");
        }
    }

    #[test]
    fn a_renamed_repository_is_followed() {
        let to = "https://api.github.com/repositories/7";
        assert_eq!(means(301, &[("Location", to)]), Meaning::Moved(to.into()));
    }

    #[test]
    fn no_message_quotes_the_body() {
        for status in [200, 301, 400, 401, 403, 404, 410, 418, 429, 500, 600] {
            assert!(!format!("{:?}", means(status, &[])).contains("hunter2"), "{status}");
        }
    }
}
