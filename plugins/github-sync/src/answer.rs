//! What an answer of GitHub means for the job. No message quotes an answer's body or a token.

use std::time::{Duration, SystemTime};

use toril_plugin::Failure;
use toril_plugin::http::Response;

use crate::data::Repository;

/// How long to wait when GitHub limits the rate without saying until when: what its documentation asks for.
const UNNAMED_WAIT: Duration = Duration::from_secs(60);

/// The bounds of a wait. GitHub counts by the hour, so a longer one comes from a wrong clock.
const WAITS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(3600));

/// What an answer means.
#[derive(Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Its body describes the repository.
    Repository,
    /// The repository is described at this address.
    Moved(String),
    /// The attempt has ended.
    Failed(Failure),
}

/// What an answer's status and headers mean. `now` is the time that it came.
pub fn meaning(answer: &Response, repo: &str, now: SystemTime) -> Meaning {
    let status = answer.status();
    let failure = match status {
        200 => return Meaning::Repository,
        301 | 302 | 307 | 308 if let Some(to) = answer.header("location") => {
            return Meaning::Moved(to.into());
        }
        401 => Failure::fatal("GitHub refused the token (401): set the plugin's secret `token` to a valid one"),
        403 | 429 if let Some(wait) = rate_limit(answer, now) => Failure::rate_limited(wait),
        403 => Failure::fatal(format!("GitHub does not allow access to `{repo}` (403)")),
        404 | 410 | 451 => {
            Failure::fatal(format!("GitHub has no repository `{repo}`, or does not show it to this token ({status})"))
        }
        408 | 500.. => Failure::retry(format!("GitHub could not answer ({status})")),
        400..500 => Failure::fatal(format!("GitHub does not take the request for `{repo}` ({status})")),
        _ => Failure::retry(format!("GitHub gave an answer that this plugin does not know ({status})")),
    };
    Meaning::Failed(failure)
}

/// How long no request may be made, if that is what the answer says.
fn rate_limit(answer: &Response, now: SystemTime) -> Option<Duration> {
    let wait = if let Some(wait) = answer.retry_after() {
        wait
    } else if answer.header("x-ratelimit-remaining").map(str::trim) == Some("0") {
        until_reset(answer, now).unwrap_or(UNNAMED_WAIT)
    } else if answer.status() == 429 {
        UNNAMED_WAIT
    } else {
        return None;
    };
    Some(wait.clamp(WAITS.0, WAITS.1))
}

/// From `now` to the second in which GitHub starts to count anew, zero if that has passed.
fn until_reset(answer: &Response, now: SystemTime) -> Option<Duration> {
    let reset = answer.header("x-ratelimit-reset")?.trim().parse().ok()?;
    let reset = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(reset))?;
    Some(reset.duration_since(now).unwrap_or_default())
}

/// The repository that the body describes.
pub fn repository(answer: &Response, repo: &str) -> Result<Repository, Failure> {
    answer.json().map_err(|error| {
        Failure::retry(format!("GitHub's answer about `{repo}` does not describe a repository: {error}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_700_000_000;

    fn means(status: u16, headers: &[(&str, &str)]) -> Meaning {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(NOW);
        meaning(&Response::for_test(status, headers, "hunter2"), "a/b", now)
    }

    fn is_fatal(status: u16, headers: &[(&str, &str)]) -> bool {
        matches!(means(status, headers), Meaning::Failed(Failure::Fatal(_)))
    }

    fn waits(status: u16, headers: &[(&str, &str)]) -> Option<u64> {
        match means(status, headers) {
            Meaning::Failed(Failure::RateLimited(wait)) => Some(wait.as_secs()),
            _ => None,
        }
    }

    #[test]
    fn a_repository_that_is_not_there_is_named_and_not_asked_for_again() {
        for status in [404, 410] {
            let Meaning::Failed(Failure::Fatal(message)) = means(status, &[]) else { panic!("{status}") };
            assert!(message.contains("`a/b`"), "{message}");
        }
    }

    #[test]
    fn a_refused_token_and_a_forbidden_repository_are_fatal() {
        assert!(is_fatal(401, &[]));
        assert!(is_fatal(403, &[]));
        assert!(is_fatal(403, &[("x-ratelimit-remaining", "12")]));
        assert!(is_fatal(422, &[]));
    }

    #[test]
    fn a_rate_limit_lasts_until_github_says() {
        let reset = (NOW + 90).to_string();
        let spent = [("X-RateLimit-Remaining", "0"), ("X-RateLimit-Reset", reset.as_str())];
        assert_eq!(waits(403, &spent), Some(90));
        assert_eq!(waits(429, &spent), Some(90));
        assert_eq!(waits(403, &[("retry-after", "7")]), Some(7));
        assert_eq!(waits(429, &[]), Some(60));
        assert_eq!(waits(403, &[("x-ratelimit-remaining", "0")]), Some(60));
    }

    #[test]
    fn a_wait_has_bounds() {
        let past = (NOW - 5).to_string();
        assert_eq!(waits(403, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", &past)]), Some(1));
        assert_eq!(waits(403, &[("retry-after", "0")]), Some(1));
        assert_eq!(waits(403, &[("retry-after", "999999")]), Some(3600));
    }

    #[test]
    fn trouble_at_github_is_retried() {
        for status in [408, 500, 502, 503, 504, 204, 304] {
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
        let Err(Failure::Retry(message)) = repository(&Response::for_test(200, &[], "<hunter2>"), "a/b") else {
            panic!("HTML is no repository");
        };
        assert!(!message.contains("hunter2"), "{message}");
    }

    #[test]
    fn a_repository_is_read_from_what_github_sends() {
        let body = r#"{ "id": 7, "full_name": "a/c", "default_branch": "main", "description": null, "private": false,
            "stargazers_count": 3, "forks_count": 2, "open_issues_count": 1, "pushed_at": "2024-01-01T00:00:00Z" }"#;
        let Ok(repository) = repository(&Response::for_test(200, &[], body), "a/b") else { panic!("it is one") };
        let synced = serde_json::json!(repository.synced("a/b", 2));
        assert_eq!(synced["repo"], "a/c");
        assert_eq!(synced["stars"], 3);
        assert_eq!(synced["description"], serde_json::Value::Null);
        assert_eq!(synced["requests"], 2);
        assert!(synced["version"].as_str().is_some_and(|version| version.starts_with(env!("CARGO_PKG_VERSION"))));
    }
}
