//! A minimal HTTP client: one connection for each request, HTTP/1.0, no TLS. Enough to check a host or a test server.

use std::fmt::Write as _;
use std::io;

use anyhow::{Context, Result};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::wait::LONG;

/// A response.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status code, such as 200.
    pub status: u16,
    /// The names, in lower case, and values of its headers.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: String,
}

impl Response {
    /// The first header of this name. The name must be in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON. Panics if it is not JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("the response is not JSON ({error}): {self:?}"))
    }
}

/// Requests `http://HOST:PORT/PATH`. Fails if there is no response. Any status is a response.
pub async fn get(url: &str) -> Result<Response> {
    request("GET", url, &[], "").await
}

/// Posts a JSON document.
pub async fn post(url: &str, body: &Value) -> Result<Response> {
    request("POST", url, &[("content-type", "application/json")], &body.to_string()).await
}

/// Sends any request. Sets `Content-Length` and `User-Agent`, and `Host` unless it is among the headers.
pub async fn request(method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> Result<Response> {
    let rest = url.strip_prefix("http://").with_context(|| format!("{url} does not start with http://"))?;
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let mut head = format!("{method} /{path} HTTP/1.0\r\nUser-Agent: toril-tests\r\n");
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        let _ = write!(head, "Host: {authority}\r\n");
    }
    for (name, value) in headers {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    let message = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
    let answer = timeout(LONG, exchange(authority, &message)).await;
    let answer = answer.with_context(|| format!("{method} {url} was not answered within {LONG:?}"))?;
    let answer = answer.with_context(|| format!("{method} {url} failed"))?;
    parse(&answer).with_context(|| format!("{method} {url} was not answered with HTTP: {answer:?}"))
}

async fn exchange(authority: &str, message: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(authority).await?;
    stream.write_all(message.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn parse(answer: &str) -> Option<Response> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers = lines.filter_map(|line| line.split_once(':'));
    let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect();
    Some(Response { status, headers, body: body.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_is_parsed() {
        let answer = parse("HTTP/1.1 404 Not Found\r\nX-Thing: a:b\r\n\r\n{\"a\":1}").unwrap_or_else(|| panic!("none"));
        assert_eq!((answer.status, answer.header("x-thing")), (404, Some("a:b")));
        assert_eq!(answer.json()["a"], 1);
    }
}
