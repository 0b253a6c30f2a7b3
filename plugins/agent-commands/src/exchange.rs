//! Sends requests and reads complete responses. While it waits, it checks whether the attempt must end.

use std::time::Duration;

use toril_plugin::http::{Chunk, DEFAULT_MAX_BODY, HttpError, Request, Streaming};

use crate::error::CallError;
use crate::watch::{LOOK, WaitLimit};

/// A response with its complete body.
pub struct FullResponse {
    pub status: u16,
    pub wait: Option<Duration>,
    pub validators: Validators,
    pub body: Vec<u8>,
}

/// The caching headers of a response: how long it stays fresh, and the validators for a conditional request.
#[derive(Debug, Clone, Default)]
pub struct Validators {
    pub etag: Option<String>,
    pub modified: Option<String>,
    pub cache_control: Option<String>,
    pub age: Option<String>,
}

impl Validators {
    fn of(answer: &Streaming) -> Self {
        let header = |name| answer.header(name).map(str::to_owned);
        let (etag, modified) = (header("etag"), header("last-modified"));
        Self { etag, modified, cache_control: header("cache-control"), age: header("age") }
    }
}

#[cfg(test)]
impl FullResponse {
    pub fn for_test(status: u16, headers: &[(&str, &str)], body: &str) -> Self {
        let answer = Streaming::for_test(status, headers, &[body]);
        whole(answer, &mut crate::watch::Watch::last_call(std::time::Duration::from_secs(60)))
            .unwrap_or_else(|error| panic!("{error:?}"))
    }
}

/// Sends a request and reads the complete response, until `wait_limit` runs out.
pub fn exchange(request: Request, mut wait_limit: WaitLimit<'_>) -> Result<FullResponse, CallError> {
    let mut answer = request.open()?;
    begin(&mut answer, &mut wait_limit)?;
    whole(answer, &mut wait_limit)
}

/// Waits until the response begins.
pub fn begin(answer: &mut Streaming, wait_limit: &mut WaitLimit<'_>) -> Result<(), CallError> {
    while !answer.begin(LOOK)? {
        if let Some(stop) = wait_limit.exceeded() {
            return Err(CallError::Stopped(stop));
        }
    }
    Ok(())
}

/// Reads the complete body of a response that has begun.
pub fn whole(mut answer: Streaming, wait_limit: &mut WaitLimit<'_>) -> Result<FullResponse, CallError> {
    let (status, wait) = (answer.status().unwrap_or_default(), answer.retry_after());
    let validators = Validators::of(&answer);
    let mut body = Vec::new();
    loop {
        match answer.read_chunk(LOOK)? {
            Chunk::Bytes(bytes) if body.len() + bytes.len() > DEFAULT_MAX_BODY => {
                let origin = answer.origin().to_owned();
                return Err(HttpError::TooLarge { origin, limit: DEFAULT_MAX_BODY }.into());
            }
            Chunk::Bytes(bytes) => body.extend(bytes),
            Chunk::Pending => {
                if let Some(stop) = wait_limit.exceeded() {
                    return Err(CallError::Stopped(stop));
                }
            }
            Chunk::End => return Ok(FullResponse { status, wait, validators, body }),
        }
    }
}

/// Removes the byte order mark that some servers put before a document.
pub fn without_mark(document: &[u8]) -> &[u8] {
    document.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(document)
}
