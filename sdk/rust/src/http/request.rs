//! Builds a request. An invalid part is reported when the request is sent, so that calls can be chained.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::parts::Parts;
use super::url::Url;
use super::{HttpError, Response, Streaming};

/// The default of [`Request::max_body`]: 8 MiB.
pub const DEFAULT_MAX_BODY: usize = 8 * 1024 * 1024;

/// A request that has not been sent.
#[must_use = "a request does nothing until it is sent"]
pub struct Request {
    parts: Result<Parts, HttpError>,
}

impl Request {
    /// A request with any method. `url` must be absolute, begin with `http://` or `https://`, and have all non-ASCII
    /// characters percent-encoded.
    pub fn new(method: impl Into<String>, url: impl AsRef<str>) -> Self {
        let parts = Url::parse(url.as_ref()).map(|url| Parts {
            method: method.into(),
            url,
            headers: Vec::new(),
            body: None,
            timeout: None,
            max_body: DEFAULT_MAX_BODY,
        });
        Self { parts }
    }

    /// `GET`.
    pub fn get(url: impl AsRef<str>) -> Self {
        Self::new("GET", url)
    }

    /// `POST`.
    pub fn post(url: impl AsRef<str>) -> Self {
        Self::new("POST", url)
    }

    /// `PUT`.
    pub fn put(url: impl AsRef<str>) -> Self {
        Self::new("PUT", url)
    }

    /// `PATCH`.
    pub fn patch(url: impl AsRef<str>) -> Self {
        Self::new("PATCH", url)
    }

    /// `DELETE`.
    pub fn delete(url: impl AsRef<str>) -> Self {
        Self::new("DELETE", url)
    }

    /// Adds a header. Headers of the connection, such as `Host` and `Connection`, cannot be set.
    pub fn header(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.change(|parts| parts.headers.push((name.into(), value.into())))
    }

    /// Adds `Authorization: Bearer …`.
    pub fn bearer(self, token: impl AsRef<str>) -> Self {
        self.header("authorization", format!("Bearer {}", token.as_ref()))
    }

    /// Sets the body.
    pub fn body(self, body: impl Into<Vec<u8>>) -> Self {
        self.change(|parts| parts.body = Some(body.into()))
    }

    /// Sets the body to a value's JSON, and adds a `Content-Type` of JSON.
    pub fn json(mut self, value: &(impl Serialize + ?Sized)) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => self.header("content-type", "application/json").body(body),
            Err(_) if self.parts.is_err() => self,
            Err(error) => {
                self.parts = Err(HttpError::InvalidRequest { reason: format!("its body cannot be JSON: {error}") });
                self
            }
        }
    }

    /// Limits the whole exchange, from connecting to the body's last byte. Without it, only the attempt's deadline
    /// applies, which leaves no time to report what was slow.
    pub fn timeout(self, timeout: Duration) -> Self {
        self.change(|parts| parts.timeout = Some(timeout))
    }

    /// Limits the response's body, in bytes. The default is [`DEFAULT_MAX_BODY`].
    pub fn max_body(self, bytes: usize) -> Self {
        self.change(|parts| parts.max_body = bytes)
    }

    /// Sends the request, and waits for the whole response.
    ///
    /// # Errors
    /// If there is no complete response. A response with an error status is not an error here.
    pub fn send(self) -> Result<Response, HttpError> {
        super::send(self.parts?)
    }

    /// Sends the request without waiting for the response, which can be read while it arrives.
    ///
    /// # Errors
    /// If the request cannot be sent. The methods of [`Streaming`] report later errors.
    pub fn open(self) -> Result<Streaming, HttpError> {
        super::open(self.parts?).map(Streaming::new)
    }

    fn change(mut self, change: impl FnOnce(&mut Parts)) -> Self {
        if let Ok(parts) = &mut self.parts {
            change(parts);
        }
        self
    }
}

/// Shows the request's destination, and nothing that could be a secret.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.parts {
            Ok(parts) => write!(f, "Request({} {})", parts.method, parts.url.origin()),
            Err(error) => write!(f, "Request({error})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_has_all_parts_that_were_set() {
        let request = Request::post("http://localhost:1/x").bearer("t").json(&[1]).timeout(Duration::from_secs(2));
        let parts = request.parts.expect("valid");
        assert_eq!(parts.method, "POST");
        assert_eq!(parts.headers[0], ("authorization".to_owned(), "Bearer t".to_owned()));
        assert_eq!(parts.headers[1], ("content-type".to_owned(), "application/json".to_owned()));
        assert_eq!(parts.body.as_deref(), Some(b"[1]".as_slice()));
        assert_eq!((parts.timeout, parts.max_body), (Some(Duration::from_secs(2)), DEFAULT_MAX_BODY));
    }

    #[test]
    fn sending_reports_the_first_mistake() {
        let result = Request::get("nowhere").header("a", "b").send();
        assert!(matches!(result, Err(HttpError::InvalidUrl { .. })));
        let keys = std::collections::HashMap::from([((1, 2), 3)]);
        let result = Request::post("https://example.com").json(&keys).send();
        assert!(matches!(result, Err(HttpError::InvalidRequest { .. })));
    }

    #[test]
    fn debug_output_has_no_secrets() {
        let request = Request::get("https://example.com/path?key=hunter2").bearer("hunter2");
        assert_eq!(format!("{request:?}"), "Request(GET https://example.com)");
    }
}
