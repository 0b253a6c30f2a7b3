//! Requests and their answers as a file: what was sent, recognised by method, address and body, and what came back.
//!
//! Nothing of a request's headers is kept: that is where secrets are. A `set-cookie` of an answer is not kept either.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// A recording, in the order in which requests were sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tape {
    /// The requests and their answers.
    pub exchanges: Vec<Exchange>,
}

/// One request and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    /// What was sent.
    pub request: Asked,
    /// What came back. None: the request failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<Answer>,
    /// How the request failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// What one request is told from another by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Asked {
    /// The method.
    pub method: String,
    /// The whole address, query included.
    pub url: String,
    /// The SHA-256 of the body, in hexadecimal.
    pub body_sha256: String,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers, in order.
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    /// The body.
    #[serde(flatten)]
    pub body: Body,
}

/// A body, as readable as it can be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Body {
    /// A text.
    #[serde(rename = "body")]
    Text(String),
    /// Bytes that are no UTF-8, in hexadecimal.
    #[serde(rename = "bodyHex")]
    Hex(String),
}

/// Why a recording cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TapeError {
    /// It cannot be read.
    #[error("the recording {} cannot be read: {source}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// It is none.
    #[error("{} is no recording of requests: {source}. --http-record makes one.", .path.display())]
    NoTape {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// It cannot be written.
    #[error("the recording {} cannot be written: {source}", .path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl Tape {
    /// Reads a recording.
    pub fn load(path: &Path) -> Result<Self, TapeError> {
        let bytes = std::fs::read(path).map_err(|source| TapeError::Unreadable { path: path.to_owned(), source })?;
        serde_json::from_slice(&bytes).map_err(|source| TapeError::NoTape { path: path.to_owned(), source })
    }

    /// Writes the recording, for people to read and change.
    pub fn save(&self, path: &Path) -> Result<(), TapeError> {
        let written = serde_json::to_string_pretty(self).map_err(io::Error::other);
        let written = written.and_then(|text| std::fs::write(path, text + "\n"));
        written.map_err(|source| TapeError::Unwritable { path: path.to_owned(), source })
    }
}

impl Body {
    /// Keeps some bytes.
    pub fn of(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::Text(text.to_owned()),
            Err(_) => Self::Hex(bytes.iter().map(|byte| format!("{byte:02x}")).collect()),
        }
    }

    /// The bytes. None: the hexadecimal text is none.
    pub fn bytes(&self) -> Option<Vec<u8>> {
        match self {
            Self::Text(text) => Some(text.clone().into_bytes()),
            Self::Hex(text) => {
                let digits: Option<Vec<u8>> =
                    text.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
                digits
                    .filter(|digits| digits.len() % 2 == 0)
                    .map(|digits| digits.chunks_exact(2).map(|pair| (pair[0] << 4) | pair[1]).collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_comes_back_as_it_was() {
        for bytes in [&b"{\"a\":1}"[..], b"", b"\xff\x00\x80"] {
            assert_eq!(Body::of(bytes).bytes().as_deref(), Some(bytes));
        }
        assert_eq!(Body::Hex("f".into()).bytes(), None);
        assert_eq!(Body::Hex("zz".into()).bytes(), None);
    }

    #[test]
    fn a_recording_can_be_written_by_hand() {
        let text = r#"{ "exchanges": [{
            "request": { "method": "GET", "url": "https://api.github.com/", "bodySha256": "e3b0" },
            "response": { "status": 200, "body": "hello" }
        }] }"#;
        let tape: Tape = serde_json::from_str(text).expect("a recording");
        let answer = tape.exchanges[0].response.as_ref().expect("an answer");
        assert_eq!((answer.status, &answer.body), (200, &Body::Text("hello".into())));
    }
}
