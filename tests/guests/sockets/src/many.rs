//! Many connections.

use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use toril_plugin::tcp;
use toril_plugin::{Failure, Json, clock};

#[derive(Deserialize)]
pub struct Many {
    server: String,
    connections: usize,
    /// How long to keep them.
    #[serde(default)]
    for_ms: u64,
}

/// Opens connections until one fails, and keeps them all. Returns their number, and the error.
pub fn hold(data: Many) -> Result<Json, Failure> {
    let (mut open, mut error) = (Vec::new(), None);
    while open.len() < data.connections && error.is_none() {
        match tcp::connect(&data.server) {
            Ok(stream) => open.push(stream),
            Err(failed) => error = Some(failed.to_string()),
        }
    }
    clock::sleep(Duration::from_millis(data.for_ms));
    Ok(Json::from(json!({ "open": open.len(), "error": error })))
}

/// Opens connections one after the other and closes each. Returns how many were opened, and the error.
pub fn flood(data: Many) -> Result<Json, Failure> {
    let (mut opened, mut error) = (0, None);
    while opened < data.connections && error.is_none() {
        match tcp::connect(&data.server) {
            Ok(_) => opened += 1,
            Err(failed) => error = Some(failed.to_string()),
        }
    }
    Ok(Json::from(json!({ "opened": opened, "error": error })))
}
