//! The answers of the operations. Each of them can be a [`Problem`] instead.

use axum::Json;
use axum::http::StatusCode;
use axum::response::NoContent;

use crate::problem::Problem;

/// A document.
pub type Answer<T> = Result<Json<T>, Problem>;
/// A document about something that the operation has added.
pub type Created<T> = Result<(StatusCode, Json<T>), Problem>;
/// Nothing but that the operation succeeded.
pub type Done = Result<NoContent, Problem>;
