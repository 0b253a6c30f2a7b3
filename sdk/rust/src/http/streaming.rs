//! A response that is read while it arrives, such as a stream of events.

use std::fmt;
use std::time::Duration;

use super::parts::Chunk;
use super::{Connection, HttpError, Response, retry_after};
use crate::clock;

/// The response to a request that was [opened](super::Request::open). Every wait has a time limit, so that a handler
/// can check [`context::cancelled`](crate::context::cancelled) in between. Dropping it closes the connection.
///
/// ```no_run
/// use std::time::Duration;
/// use toril_plugin::http::{Chunk, HttpError, Request};
///
/// # fn follow() -> Result<(), HttpError> {
/// let mut answer = Request::get("https://api.example.com/events").open()?;
/// loop {
///     match answer.read_chunk(Duration::from_millis(500))? {
///         Chunk::Bytes(bytes) => { /* … */ }
///         Chunk::Pending if toril_plugin::context::cancelled().is_some() => break,
///         Chunk::Pending => {}
///         Chunk::End => break,
///     }
/// }
/// # Ok(())
/// # }
/// ```
pub struct Streaming {
    connection: Connection,
}

impl Streaming {
    pub(super) fn new(connection: Connection) -> Self {
        Self { connection }
    }

    /// A made-up response whose body arrives in these chunks, for unit tests of a plugin.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn for_test(status: u16, headers: &[(&str, &str)], chunks: &[&str]) -> Self {
        Self::new(Connection::for_test(status, headers, chunks))
    }

    /// Waits at most this long for the response to begin. Returns whether it has begun.
    ///
    /// # Errors
    /// If there is no response, or the request's [timeout](super::Request::timeout) has passed.
    pub fn begin(&mut self, wait: Duration) -> Result<bool, HttpError> {
        self.connection.begin(wait)
    }

    /// The status code, `None` before the response has begun.
    pub fn status(&self) -> Option<u16> {
        self.connection.head().map(|head| head.status)
    }

    /// The first header of this name, in any case. `None` also if its value is not UTF-8, and before the response has
    /// begun.
    pub fn header(&self, name: &str) -> Option<&str> {
        let headers = &self.connection.head()?.headers;
        let (_, value) = headers.iter().find(|(given, _)| given.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(value).ok()
    }

    /// How long the server asks the client to wait, as [`Response::retry_after`] reads it.
    pub fn retry_after(&self) -> Option<Duration> {
        retry_after::parse(self.header("retry-after")?, clock::now())
    }

    /// Scheme, host and port of the server.
    pub fn origin(&self) -> &str {
        self.connection.origin()
    }

    /// Waits at most this long for more of the body, or for the response to begin. [`Request::max_body`] does not
    /// apply here.
    ///
    /// [`Request::max_body`]: super::Request::max_body
    ///
    /// # Errors
    /// If the response breaks off, or the request's [timeout](super::Request::timeout) has passed.
    pub fn read_chunk(&mut self, wait: Duration) -> Result<Chunk, HttpError> {
        self.connection.chunk(wait)
    }

    /// Waits for the rest of the response.
    ///
    /// # Errors
    /// The same as [`Request::send`](super::Request::send).
    pub fn into_response(self) -> Result<Response, HttpError> {
        self.connection.whole()
    }
}

/// Shows the server, and nothing that could be a secret.
impl fmt::Debug for Streaming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.status() {
            Some(status) => write!(f, "Streaming({status} from {})", self.origin()),
            None => write!(f, "Streaming(from {}, not begun)", self.origin()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAIT: Duration = Duration::ZERO;

    #[test]
    fn a_response_arrives_in_chunks() {
        let mut answer = Streaming::for_test(200, &[("Content-Type", "text/event-stream")], &["a", "b"]);
        assert_eq!(answer.begin(WAIT), Ok(true));
        assert_eq!((answer.status(), answer.header("content-type")), (Some(200), Some("text/event-stream")));
        assert_eq!(answer.read_chunk(WAIT), Ok(Chunk::Bytes(b"a".to_vec())));
        assert_eq!(answer.read_chunk(WAIT), Ok(Chunk::Bytes(b"b".to_vec())));
        assert_eq!(answer.read_chunk(WAIT), Ok(Chunk::End));
    }

    #[test]
    fn the_rest_can_be_read_at_once() {
        let answer = Streaming::for_test(429, &[("retry-after", "7")], &["{\"a\":", "1}"]);
        assert_eq!(answer.retry_after(), Some(Duration::from_secs(7)));
        let response = answer.into_response().expect("all of it");
        assert_eq!((response.status(), response.text().as_str()), (429, "{\"a\":1}"));
    }
}
