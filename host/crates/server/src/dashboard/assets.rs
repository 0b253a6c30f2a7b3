//! The files that pages load. They are part of the binary. Their names contain a hash of the content, so that
//! browsers can cache them until the content changes.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

/// A static file.
pub struct Asset {
    name: String,
    kind: &'static str,
    content: &'static str,
}

macro_rules! asset {
    ($stem:literal, $end:literal, $kind:literal) => {
        LazyLock::new(|| Asset::new($stem, $end, $kind, include_str!(concat!("assets/", $stem, $end))))
    };
}

pub static STYLE: LazyLock<Asset> = asset!("dashboard", ".css", "text/css; charset=utf-8");
pub static SCRIPT: LazyLock<Asset> = asset!("dashboard", ".js", "text/javascript; charset=utf-8");
pub static FAVICON: LazyLock<Asset> = asset!("favicon", ".svg", "image/svg+xml");

impl Asset {
    fn new(stem: &str, end: &str, kind: &'static str, content: &'static str) -> Self {
        let hash = hex::encode(&Sha256::digest(content)[..8]);
        Self { name: format!("{stem}-{hash}{end}"), kind, content }
    }

    /// The path of the file.
    pub fn path(&self) -> String {
        format!("/assets/{}", self.name)
    }
}

/// Serves a file.
pub async fn serve(Path(file): Path<String>) -> Response {
    let asset = [&STYLE, &SCRIPT, &FAVICON].into_iter().find(|asset| asset.name == file);
    let Some(asset) = asset else { return StatusCode::NOT_FOUND.into_response() };
    let headers = [(CONTENT_TYPE, asset.kind), (CACHE_CONTROL, "public, max-age=31536000, immutable")];
    (headers, asset.content).into_response()
}
