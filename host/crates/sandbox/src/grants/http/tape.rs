//! A recording of HTTP requests and their responses, as a file. A request is identified by its method, URL and body.
//!
//! Request headers are not recorded, because they may contain secrets. `set-cookie` headers of responses are not
//! recorded either.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// A recording, in the order in which the requests were sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tape {
    /// The requests and their responses.
    pub exchanges: Vec<Exchange>,
}

/// One request and its response or error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    /// The request.
    pub request: RecordedRequest,
    /// The response. `None` if the request failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<RecordedResponse>,
    /// The error, if the request failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// The values that identify a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RecordedRequest {
    /// The method.
    pub method: String,
    /// The whole URL, with its query.
    pub url: String,
    /// The SHA-256 of the body, in hexadecimal.
    pub body_sha256: String,
}

/// A response.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedResponse {
    /// The status code.
    pub status: u16,
    /// The headers, in order.
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    /// The body.
    #[serde(flatten)]
    pub body: RecordedBody,
}

/// A body, in the most readable form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RecordedBody {
    /// UTF-8 text.
    #[serde(rename = "body")]
    Text(String),
    /// Bytes that are not UTF-8, in hexadecimal.
    #[serde(rename = "bodyHex")]
    Hex(String),
}

/// Why a recording cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TapeError {
    /// The file cannot be read.
    #[error("the recording {} cannot be read: {source}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The file is not a recording.
    #[error("{} is not a recording of requests: {source}. --http-record makes one.", .path.display())]
    NoTape {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// The file cannot be written.
    #[error("the recording {} cannot be written: {source}", .path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

impl Tape {
    /// Reads a recording.
    pub fn load(path: &Path) -> Result<Self, TapeError> {
        let bytes = std::fs::read(path).map_err(|source| TapeError::Unreadable { path: path.to_owned(), source })?;
        serde_json::from_slice(&bytes).map_err(|source| TapeError::NoTape { path: path.to_owned(), source })
    }

    /// Writes the recording as formatted JSON, which people can read and edit.
    pub fn save(&self, path: &Path) -> Result<(), TapeError> {
        let written = serde_json::to_string_pretty(self).map_err(io::Error::other);
        let written = written.and_then(|text| std::fs::write(path, text + "\n"));
        written.map_err(|source| TapeError::Unwritable { path: path.to_owned(), source })
    }
}

impl RecordedBody {
    /// Stores these bytes as text if they are UTF-8, otherwise in hexadecimal.
    pub fn of(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::Text(text.to_owned()),
            Err(_) => Self::Hex(hex::encode(bytes)),
        }
    }

    /// The bytes. `None` if the hexadecimal text is invalid.
    pub fn bytes(&self) -> Option<Vec<u8>> {
        match self {
            Self::Text(text) => Some(text.clone().into_bytes()),
            Self::Hex(text) => hex::decode(text).ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_comes_back_as_it_was() {
        for bytes in [&b"{\"a\":1}"[..], b"", b"\xff\x00\x80"] {
            assert_eq!(RecordedBody::of(bytes).bytes().as_deref(), Some(bytes));
        }
        assert_eq!(RecordedBody::Hex("f".into()).bytes(), None);
        assert_eq!(RecordedBody::Hex("zz".into()).bytes(), None);
    }

    #[test]
    fn a_recording_can_be_written_by_hand() {
        let text = r#"{ "exchanges": [{
            "request": { "method": "GET", "url": "https://api.github.com/", "bodySha256": "e3b0" },
            "response": { "status": 200, "body": "hello" }
        }] }"#;
        let tape: Tape = serde_json::from_str(text).expect("a recording");
        let answer = tape.exchanges[0].response.as_ref().expect("an answer");
        assert_eq!((answer.status, &answer.body), (200, &RecordedBody::Text("hello".into())));
    }
}
