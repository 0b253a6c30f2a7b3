//! The log filter of the host that answers.

use axum::Json;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::extract::Body;
use crate::problem::Problem;
use toril_telemetry::logs::{self, FilterError};

/// The log filter in use.
#[derive(Debug, Serialize, ToSchema)]
pub struct Logged {
    /// A level, or levels for modules.
    filter: String,
    /// Where it comes from: `request` (the last change by this operation), `environment` (`TORIL_LOG`), `configuration`
    /// (`log` under `[host]`) or `default`.
    source: &'static str,
}

/// A new log filter.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// `error`, `warn`, `info`, `debug` or `trace`, or levels for modules, such as `warn,toril=debug`. `null`: the
    /// filter of the environment or the configuration.
    #[schema(max_length = 1000)]
    filter: Option<String>,
}

fn logged() -> Json<Logged> {
    let (filter, source) = logs::filter();
    Json(Logged { filter, source: source.name() })
}

/// Get the log filter of this host.
#[utoipa::path(get, path = "/host/log", operation_id = "getLog", tag = "host", responses(
    (status = 200, description = "The filter", body = Logged),
    (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
))]
pub async fn log() -> Json<Logged> {
    logged()
}

/// Change the log filter of this host, until it ends or `log` in its configuration changes.
#[utoipa::path(put, path = "/host/log", operation_id = "changeLog", tag = "host", request_body = Wanted, responses(
    (status = 200, description = "The new filter", body = Logged),
    (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
))]
pub async fn change_log(Body(wanted): Body<Wanted>) -> Result<Json<Logged>, Problem> {
    logs::set(wanted.filter.as_deref()).map_err(|error| {
        let status = match error {
            FilterError::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            FilterError::Foreign => StatusCode::CONFLICT,
        };
        Problem::new(status, error.to_string())
    })?;
    Ok(logged())
}
