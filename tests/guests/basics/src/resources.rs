//! Holds many of the host's resources at once.

use serde::Deserialize;
use serde_json::json;
use toril_plugin::{Failure, Job, Json};

#[derive(Deserialize)]
pub struct Count {
    count: usize,
}

/// Opens `count` collections of HTTP headers, and keeps all of them until it has the last one.
pub fn hold(job: Job<Count>) -> Result<Json, Failure> {
    let held: Vec<_> = (0..job.data.count).map(|_| headers()).collect();
    Ok(Json::from(json!({ "held": held.len() })))
}

#[cfg(target_arch = "wasm32")]
fn headers() -> wasip2::http::types::Fields {
    wasip2::http::types::Fields::new()
}

/// Outside of a component there are none.
#[cfg(not(target_arch = "wasm32"))]
fn headers() {}
