//! `/api/v1`: the operations of [`Admin`], as JSON. Each route and its OpenAPI description are one declaration.

mod answer;
mod dead_letters;
mod deduplication;
mod events;
mod extract;
mod flows;
#[cfg(any(fuzzing, test))]
pub mod fuzz;
mod host;
mod jobs;
mod limits;
mod queues;
mod schedulers;

use axum::extract::DefaultBodyLimit;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::problem;
use toril_bullmq::admin::Admin;

/// The largest body of a request, in bytes.
const LARGEST_BODY: usize = 8 << 20;

#[derive(OpenApi)]
#[openapi(
    info(title = "Toril", description = "Reads and changes BullMQ queues and jobs."),
    servers((url = "/api/v1")),
    modifiers(&Bearer),
    components(schemas(problem::Problem)),
    security(("bearer" = []), ()),
    tags(
        (name = "queues", description = "Queues, and operations on all jobs of a queue"),
        (name = "jobs", description = "Jobs"),
        (name = "schedulers", description = "Job schedulers, which add jobs repeatedly"),
        (name = "events", description = "Live events"),
        (name = "host", description = "The host that serves this API"),
    )
)]
struct Description;

/// The admin token, if the host has one.
struct Bearer;

impl Modify for Bearer {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("TORIL_ADMIN_TOKEN")).build();
        let components = openapi.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    }
}

/// The routes of the API, below `/api/v1`.
pub fn routes(admin: Admin) -> Router {
    let (routes, description) = described().split_for_parts();
    // The route of the OpenAPI document is not part of the document.
    let document = move || {
        let description = description.clone();
        async move {
            let mut answer = Json(description).into_response();
            let openapi = HeaderValue::from_static("application/vnd.oai.openapi+json;version=3.1");
            answer.headers_mut().insert(CONTENT_TYPE, openapi);
            answer
        }
    };
    routes
        .with_state(admin)
        .route("/openapi.json", get(document))
        .fallback(problem::no_page)
        .method_not_allowed_fallback(problem::wrong_method)
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
}

/// The OpenAPI 3.1 description of the API.
pub fn description() -> utoipa::openapi::OpenApi {
    described().split_for_parts().1
}

fn described() -> OpenApiRouter<Admin> {
    OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(queues::list))
        .routes(routes!(queues::show))
        .routes(routes!(queues::pause))
        .routes(routes!(queues::resume))
        .routes(routes!(queues::drain))
        .routes(routes!(queues::clean))
        .routes(routes!(queues::retry_all))
        .routes(routes!(queues::obliterate))
        .routes(routes!(queues::priorities))
        .routes(routes!(queues::workers))
        .routes(routes!(queues::trim_events))
        .routes(routes!(limits::show))
        .routes(routes!(limits::set_concurrency, limits::remove_concurrency))
        .routes(routes!(limits::set_rate, limits::remove_rate))
        .routes(routes!(limits::stop, limits::go))
        .routes(routes!(deduplication::show, deduplication::remove))
        .routes(routes!(flows::add))
        .routes(routes!(jobs::list, jobs::add))
        .routes(routes!(jobs::add_bulk))
        .routes(routes!(jobs::show, jobs::remove))
        .routes(routes!(jobs::logs))
        .routes(routes!(jobs::flow))
        .routes(routes!(jobs::retry))
        .routes(routes!(jobs::promote))
        .routes(routes!(jobs::change_priority))
        .routes(routes!(jobs::change_delay))
        .routes(routes!(schedulers::list))
        .routes(routes!(schedulers::show, schedulers::upsert, schedulers::remove))
        .routes(routes!(dead_letters::give_back))
        .routes(routes!(events::follow))
        .routes(routes!(host::log, host::change_log))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_description_is_of_openapi_3_1_and_names_every_operation_once() {
        let text = description().to_json().expect("JSON");
        let document: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")));
        let paths = document["paths"].as_object().expect("paths");
        let operations: Vec<_> = paths
            .values()
            .flat_map(|path| path.as_object().into_iter().flatten())
            .map(|(_, operation)| operation["operationId"].to_string())
            .collect();
        let distinct: std::collections::BTreeSet<_> = operations.iter().collect();
        assert!(!operations.is_empty() && operations.len() == distinct.len(), "{operations:?}");
    }
}
