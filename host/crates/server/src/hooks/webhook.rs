//! `/webhooks/NAME`: a signed request adds a job.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::Json;
use axum::body::Body;
use axum::extract::{FromRequestParts, Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use super::refusal::Refusal;
use super::signature::{Signed, delivery};
use super::state::Hooks;
use super::{body, event};
use crate::problem::no_page;
use toril_bullmq::admin::AddedJob;
use toril_config::{Config, Webhook};
use toril_meters as metrics;

/// The timeout of the request. GitHub waits 10 s.
const ANSWER: Duration = Duration::from_secs(8);

/// The results that the metrics count.
pub const RESULTS: [&str; 7] =
    ["added", "deduplicated", "ignored", "unauthorized", "too-large", "invalid", "unavailable"];

/// The result of an accepted request.
enum Taken {
    /// The request has its own job, which this request or an earlier one of the same delivery added.
    Added(AddedJob),
    /// An existing job stands for it, because of deduplication.
    Deduplicated(AddedJob),
    /// Its event adds no job.
    Ignored,
}

pub async fn answer(State(hooks): State<Arc<Hooks>>, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let config = hooks.config.load_full();
    let name = Path::<String>::from_request_parts(&mut parts, &()).await;
    let Some((name, webhook)) = name.ok().and_then(|Path(name)| find(&config, name)) else {
        return no_page().await.into_response();
    };
    let taken = match hooks.check(&parts) {
        Ok(()) => take(&hooks, &name, webhook, &parts.headers, body).await,
        Err(refusal) => Err(refusal),
    };
    let (result, answer) = match taken {
        Ok(Taken::Added(job)) => ("added", (StatusCode::CREATED, Json(job)).into_response()),
        Ok(Taken::Deduplicated(job)) => ("deduplicated", Json(job).into_response()),
        Ok(Taken::Ignored) => ("ignored", StatusCode::NO_CONTENT.into_response()),
        Err(refusal) => {
            hooks.log("/webhooks", &name, &refusal);
            (refusal.result(), refusal.into_response())
        }
    };
    metrics::webhook(&name, result);
    answer
}

fn find(config: &Config, name: String) -> Option<(String, &Webhook)> {
    let webhook = config.webhooks.get(&name)?;
    Some((name, webhook))
}

async fn take(hooks: &Hooks, name: &str, webhook: &Webhook, headers: &HeaderMap, body: Body) -> Result<Taken, Refusal> {
    let signed = Signed::read(webhook.signature, headers).map_err(Refusal::NotSigned)?;
    let body = body::read(body, webhook.max_body, &hooks.room).await?;
    signed.check(&webhook.key, &body.bytes, SystemTime::now()).map_err(Refusal::NotSigned)?;
    if !event::is_wanted(webhook, headers)? {
        return Ok(Taken::Ignored);
    }
    let document = event::document(headers, &body.bytes)?;
    if !event::is_wanted_by_body(webhook, &document)? {
        return Ok(Taken::Ignored);
    }
    let job = event::job(name, webhook, document, delivery(webhook.signature, headers))?;
    let own = job.opts.job_id.clone();
    let (admin, queue) = (hooks.admin.clone(), webhook.queue.clone());
    let adding = async move { admin.add_for_event(&queue, job).await };
    let added = hooks.changes.run(ANSWER, adding).await.map_err(Refusal::Unanswered)?.map_err(Refusal::Admin)?;
    match own.is_none_or(|own| added.id == *own) {
        true => Ok(Taken::Added(added)),
        false => Ok(Taken::Deduplicated(added)),
    }
}
