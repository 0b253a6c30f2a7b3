//! The dashboard: pages rendered by the server, which can be read without a script. It operates on queues through
//! [`Admin`], and knows the host through [`Inside`].
//!
//! | module | holds |
//! | --- | --- |
//! | `overview`, `queue`, `job`, `flow`, `schedulers`, `plugins`, `hosts` | the pages to read |
//! | `add`, `schema_form` | adding a job through a form made from its schema |
//! | `queue_actions`, `job_actions`, `confirm` | the actions, and their confirmation |
//! | `login`, `auth`, `visitor` | authentication |
//! | `live` | notifying pages of changes |
//! | `state` | what all pages share |
//! | `layout`, `text`, `chart`, `form`, `failure`, `assets` | the building blocks of pages |

mod add;
mod assets;
mod attempts;
mod auth;
mod chart;
mod confirm;
mod failure;
mod flow;
mod form;
#[cfg(any(fuzzing, test))]
pub mod fuzz;
mod hosts;
mod inside;
mod job;
mod job_actions;
mod job_list;
mod layout;
mod live;
mod login;
mod overview;
mod plugins;
mod queue;
mod queue_actions;
mod schedulers;
mod schema_form;
mod segments;
mod state;
mod text;
mod visitor;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};

use self::state::Dashboard;
use super::security::{Guard, Sessions};
use toril_bullmq::admin::Admin;

pub use inside::{Inside, PluginDetails, QueueSample};

/// The size limit of a form, in bytes.
const LARGEST_FORM: usize = 4 << 20;

/// The routes of all pages.
pub fn routes(admin: Admin, inside: Arc<dyn Inside>, guard: Guard, sessions: Sessions) -> Router {
    let dashboard = Dashboard { admin, inside, guard, sessions };
    let inner = Router::new()
        .route("/", get(overview::show))
        .route("/plugins", get(plugins::show))
        .route("/hosts", get(hosts::show))
        .route("/schedulers", get(schedulers::all))
        .route("/live", get(live::follow))
        .route("/queues/{queue}", get(queue::show))
        .route("/queues/{queue}/add", get(add::ask).post(add::add))
        .route("/queues/{queue}/pause", post(queue_actions::pause))
        .route("/queues/{queue}/resume", post(queue_actions::resume))
        .route("/queues/{queue}/retry-failed", get(queue_actions::ask_retry).post(queue_actions::retry))
        .route("/queues/{queue}/drain", get(queue_actions::ask_drain).post(queue_actions::drain))
        .route("/queues/{queue}/clean", get(queue_actions::ask_clean).post(queue_actions::clean))
        .route("/queues/{queue}/obliterate", get(queue_actions::ask_obliterate).post(queue_actions::obliterate))
        .route("/queues/{queue}/schedulers", get(schedulers::of_queue))
        .route("/queues/{queue}/schedulers/{id}/remove", get(schedulers::ask_remove).post(schedulers::remove))
        .route("/queues/{queue}/jobs/{id}", get(job::show))
        .route("/queues/{queue}/jobs/{id}/flow", get(flow::show))
        .route("/queues/{queue}/jobs/{id}/retry", post(job_actions::retry))
        .route("/queues/{queue}/jobs/{id}/promote", post(job_actions::promote))
        .route("/queues/{queue}/jobs/{id}/priority", post(job_actions::priority))
        .route("/queues/{queue}/jobs/{id}/delay", post(job_actions::delay))
        .route("/queues/{queue}/jobs/{id}/remove", get(job_actions::ask_remove).post(job_actions::remove))
        .route("/queues/{queue}/jobs/{id}/cancel", get(job_actions::ask_cancel).post(job_actions::cancel))
        .layer(from_fn_with_state(dashboard.clone(), auth::known));
    let outer = Router::new()
        .route("/login", get(login::ask).post(login::enter))
        // Log-out also works if changes are forbidden, unlike the other POST routes.
        .route("/logout", post(login::leave))
        .route("/assets/{file}", get(assets::serve))
        .layer(from_fn_with_state(dashboard.clone(), auth::anybody));
    inner.merge(outer).layer(DefaultBodyLimit::max(LARGEST_FORM)).with_state(dashboard)
}
