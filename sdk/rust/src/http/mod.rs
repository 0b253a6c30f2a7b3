//! A small HTTP client. It reaches only the origins that the plugin's entry in `queues.toml` lists under `http`.
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
//! [`Request::send`] waits for the whole response. [`Request::open`] reads it while it arrives, and [`Events`] parses
//! server-sent events from it. A response with an error status is not an `Err`. Redirects are not followed, because
//! they can lead to an origin that was not granted.

#[cfg(target_arch = "wasm32")]
mod component;
mod error;
mod events;
mod parts;
mod request;
mod response;
mod retry_after;
#[cfg(not(target_arch = "wasm32"))]
mod stand_in;
mod streaming;
mod url;

pub use error::HttpError;
pub use events::{Event, Events};
pub use parts::Chunk;
pub use request::{DEFAULT_MAX_BODY, Request};
pub use response::Response;
pub use streaming::Streaming;

#[cfg(target_arch = "wasm32")]
use component::{Connection, open, send};
#[cfg(not(target_arch = "wasm32"))]
use stand_in::{Connection, open, send};
