//! How long a connection may be idle after a response, as the response's headers say.

use std::time::Duration;

use http::header::{CONNECTION, HeaderName};
use http::{HeaderMap, Response, StatusCode, Version};

/// Idle time without a word from the server. Node's `fetch` uses the same, because many servers close after 5 s.
const USUAL: Duration = Duration::from_secs(4);
/// Longest idle time that a server can ask for.
const LONGEST: Duration = Duration::from_secs(60);
/// By how much the host closes earlier than the server, so that no request meets a connection that is just closing.
const EARLIER: Duration = Duration::from_secs(1);

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");

/// How long the connection of this response may be idle. `None`: it must not be used again.
pub fn idle_time<B>(response: &Response<B>) -> Option<Duration> {
    // The connection no longer speaks HTTP after 101. After HTTP/1.0, it could not carry a body of unknown size.
    let keeps = response.status() != StatusCode::SWITCHING_PROTOCOLS && response.version() == Version::HTTP_11;
    if !keeps || elements(response.headers(), &CONNECTION).any(|option| option.eq_ignore_ascii_case("close")) {
        return None;
    }
    let Some(timeout) = elements(response.headers(), &KEEP_ALIVE).find_map(timeout) else { return Some(USUAL) };
    let idle = timeout.saturating_sub(EARLIER).min(LONGEST);
    (!idle.is_zero()).then_some(idle)
}

/// The elements of a header that is a list.
fn elements<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let texts = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    texts.flat_map(|text| text.split(',')).map(str::trim)
}

/// The time in an element `timeout=SECONDS`.
fn timeout(element: &str) -> Option<Duration> {
    let (name, seconds) = element.split_once('=')?;
    let seconds = seconds.trim().trim_matches('"').parse().ok()?;
    name.trim().eq_ignore_ascii_case("timeout").then(|| Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn idle_after(headers: &[(&str, &str)]) -> Option<u64> {
        let builder = headers.iter().fold(Response::builder(), |builder, (name, value)| builder.header(*name, *value));
        idle_time(&builder.body(()).expect("a response")).map(|idle| idle.as_secs())
    }

    #[test]
    fn the_server_says_how_long_a_connection_may_be_idle() {
        assert_eq!(idle_after(&[]), Some(4));
        for (said, idle) in [
            ("timeout=5", Some(4)),
            ("timeout=3, max=100", Some(2)),
            ("max=100, Timeout = \"31\"", Some(30)),
            ("timeout=61", Some(60)),
            ("timeout=18446744073709551615", Some(60)),
            ("timeout=1", None),
            ("timeout=0", None),
            ("timeout=-5", Some(4)),
            ("timeout=soon", Some(4)),
            ("timeout", Some(4)),
        ] {
            assert_eq!(idle_after(&[("keep-alive", said)]), idle, "{said}");
        }
    }

    #[test]
    fn a_connection_that_the_server_closes_is_not_used_again() {
        assert_eq!(idle_after(&[("connection", "close"), ("keep-alive", "timeout=5")]), None);
        assert_eq!(idle_after(&[("connection", "x-other, Close")]), None);
        assert_eq!(idle_after(&[("connection", "keep-alive")]), Some(4));
    }

    #[test]
    fn a_connection_that_does_not_speak_http_1_1_is_not_used_again() {
        let switching = Response::builder().status(101).body(()).expect("a response");
        let old = Response::builder().version(Version::HTTP_10).body(()).expect("a response");
        assert_eq!((idle_time(&switching), idle_time(&old)), (None, None));
    }
}
