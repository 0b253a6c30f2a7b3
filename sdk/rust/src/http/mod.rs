//! A small HTTP client. It reaches the origins that the plugin's entry in `queues.toml` lists under `http`, and no
//! others.
//!
//! ```no_run
//! use std::time::Duration;
//! use toril_plugin::http::{HttpError, Request};
//!
//! # fn ask() -> Result<(), HttpError> {
//! let answer = Request::post("https://api.example.com/items")
//!     .bearer("a token")
//!     .json(&serde_json::json!({ "name": "toril" }))
//!     .timeout(Duration::from_secs(10))
//!     .send()?;
//! if answer.is_success() {
//!     let item: serde_json::Value = answer.json()?;
//! }
//! # Ok(())
//! # }
//! ```
//!
//! An answer of any status is an answer, not an error. Redirects are not followed: they can lead to an origin that was
//! not granted.

#[cfg(target_arch = "wasm32")]
mod component;
mod error;
mod request;
mod response;
mod retry_after;
mod url;

pub use error::HttpError;
pub use request::{DEFAULT_MAX_BODY, Request};
pub use response::Response;

/// Requests can only be built, not sent, outside of a component.
#[cfg(not(target_arch = "wasm32"))]
mod stand_in {
    use super::request::Parts;
    use super::{HttpError, Response};

    pub(super) fn send(parts: Parts) -> Result<Response, HttpError> {
        let reason = "requests can only be sent from a WebAssembly component".into();
        Err(HttpError::Connection { origin: parts.url.origin(), reason })
    }
}

#[cfg(target_arch = "wasm32")]
use component::send;
#[cfg(not(target_arch = "wasm32"))]
use stand_in::send;
