//! The response to a request.

use std::fmt;
use std::time::{Duration, SystemTime};

use serde::de::DeserializeOwned;

use super::{HttpError, retry_after};
use crate::clock;

/// A response with its whole body.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    origin: String,
    status: u16,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

impl Response {
    pub(super) fn new(origin: String, status: u16, headers: Vec<(String, Vec<u8>)>, body: Vec<u8>) -> Self {
        Self { origin, status, headers, body }
    }

    /// A made-up response, for unit tests of a plugin.
    pub fn for_test(status: u16, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Self {
        let headers = headers.iter().map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())).collect();
        Self { origin: "https://test.invalid".into(), status, headers, body: body.into() }
    }

    /// The status code.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Whether the status is in the range 200 to 299.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The first header of this name, in any case. `None` also if its value is not UTF-8.
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(given, _)| given.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(value).ok()
    }

    /// The values of all headers of this name, in any case and in their order. Skips values that are not UTF-8.
    pub fn header_values(&self, name: &str) -> impl Iterator<Item = &str> {
        let named = self.headers.iter().filter(move |(given, _)| given.eq_ignore_ascii_case(name));
        named.filter_map(|(_, value)| std::str::from_utf8(value).ok())
    }

    /// The server's time when it sent this, from its header `Date`. `None` if the header is missing or invalid.
    pub fn date(&self) -> Option<SystemTime> {
        retry_after::date(self.header("date")?)
    }

    /// How long the server asks the client to wait, from its header `Retry-After`: seconds, or a date. A date is
    /// compared with the server's own clock ([`Self::date`]), or with the host's if the response has no `Date`.
    /// `None` if the header is missing or invalid.
    pub fn retry_after(&self) -> Option<Duration> {
        retry_after::parse(self.header("retry-after")?, self.date().unwrap_or_else(clock::now))
    }

    /// All headers as received.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice()))
    }

    /// Scheme, host and port of the server, as in `https://api.example.com`.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The body.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The body.
    pub fn into_body(self) -> Vec<u8> {
        self.body
    }

    /// The body as text, with a replacement character for anything that is not UTF-8.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Reads a value from the body, which must be JSON.
    ///
    /// # Errors
    /// [`HttpError::NotJson`] if it is not, or does not fit the type. The error quotes no part of the body.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, HttpError> {
        serde_json::from_slice(&self.body).map_err(|error| HttpError::NotJson {
            origin: self.origin.clone(),
            line: error.line(),
            column: error.column(),
        })
    }
}

/// Shows the status and sizes, and nothing that could be a secret.
impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Response({} from {}, {} bytes)", self.status, self.origin, self.body.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_found_in_any_case() {
        let response = Response::for_test(200, &[("Retry-After", "7"), ("retry-after", "8")], "");
        assert_eq!(response.header("RETRY-AFTER"), Some("7"));
        assert_eq!(response.header("etag"), None);
    }

    #[test]
    fn all_values_of_a_repeated_header_are_found() {
        let response = Response::for_test(200, &[("Link", "a"), ("etag", "b"), ("link", "c")], "");
        assert_eq!(response.header_values("LINK").collect::<Vec<_>>(), ["a", "c"]);
    }

    #[test]
    fn a_retry_date_is_compared_with_the_clock_of_the_server() {
        let headers = [("date", "Sun, 06 Nov 1994 08:49:37 GMT"), ("retry-after", "Sun, 06 Nov 1994 08:50:37 GMT")];
        assert_eq!(Response::for_test(503, &headers, "").retry_after(), Some(Duration::from_secs(60)));
    }

    #[test]
    fn a_body_that_does_not_fit_is_not_quoted() {
        let response = Response::for_test(200, &[], r#"{ "token": "hunter2" }"#);
        let error = response.json::<Vec<u8>>().expect_err("an object is no list");
        assert!(!format!("{error} {error:?} {response:?}").contains("hunter2"));
    }

    #[test]
    fn only_2xx_is_success() {
        let is_success = |status| Response::for_test(status, &[], "").is_success();
        assert!(is_success(200) && is_success(299) && !is_success(199) && !is_success(300));
    }
}
