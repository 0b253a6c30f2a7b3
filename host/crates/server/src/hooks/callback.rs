//! `/callbacks/QUEUE/ID`: wakes a job that deferred itself to wait for an external event.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{FromRequestParts, Path, Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;

use super::body;
use super::refusal::Refusal;
use super::signature::mac;
use super::state::Hooks;
use crate::problem::no_page;
use crate::security::{bearer, same};
use crate::segment::unescape;
use toril_bullmq::admin::{Admin, Woken};
use toril_config::{Config, SigningKey};
use toril_job::{JobId, QueueName};
use toril_meters as metrics;

/// The header in which agents of the A2A protocol send the token that they were given.
const TOKEN: HeaderName = HeaderName::from_static("x-a2a-notification-token");
/// The size limit of the body, which is read and discarded.
const LARGEST_BODY: u64 = 8 << 20;
/// How long a callback waits for the job to leave `active`.
const ACTIVE: Duration = Duration::from_secs(10);
/// The interval between two checks of the job's state.
const PAUSE: Duration = Duration::from_millis(100);
/// The timeout of the whole request. Longer than [`ACTIVE`], so that Redis has time to answer.
const ANSWER: Duration = Duration::from_secs(15);

/// The results that the metrics count.
pub const RESULTS: [&str; 7] =
    ["promoted", "not-needed", "unauthorized", "not-found", "too-large", "invalid", "unavailable"];

pub async fn answer(State(hooks): State<Arc<Hooks>>, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let config = hooks.config.load_full();
    let job = Path::<(String, String)>::from_request_parts(&mut parts, &()).await;
    let (Some(callbacks), Ok(Path(job))) = (&config.callbacks, job) else { return no_page().await.into_response() };
    let (queue, id) = (unescape(job.0), JobId::from(unescape(job.1)));
    let woken = match hooks.check(&parts) {
        Ok(()) => take(&hooks, &config, &callbacks.key, &parts.headers, body, (&queue, &id)).await,
        Err(refusal) => Err(refusal),
    };
    let (result, answer) = match woken {
        Ok(Woken::Promoted) => ("promoted", StatusCode::NO_CONTENT.into_response()),
        Ok(Woken::NotNeeded) => ("not-needed", StatusCode::NO_CONTENT.into_response()),
        Ok(Woken::Active) => (Refusal::StillActive.result(), Refusal::StillActive.into_response()),
        Err(refusal) => {
            // The sender is not authenticated, so the name in the path is logged only if it is a configured queue.
            let known = if config.queues.contains_key(queue.as_str()) { queue.as_str() } else { "" };
            hooks.log("/callbacks", known, &refusal);
            (refusal.result(), refusal.into_response())
        }
    };
    metrics::callback(result);
    answer
}

async fn take(
    hooks: &Hooks,
    config: &Config,
    key: &SigningKey,
    headers: &HeaderMap,
    body: Body,
    (queue, id): (&str, &JobId),
) -> Result<Woken, Refusal> {
    if !shows(headers, &token(key, queue, id).ok_or(Refusal::NoToken)?) {
        return Err(Refusal::NoToken);
    }
    body::skip(body, LARGEST_BODY).await?;
    let Some((queue, _)) = config.queues.get_key_value(queue) else {
        return Err(Refusal::Missing("the configuration has no such queue".to_owned()));
    };
    let (admin, waiters) = (hooks.admin.clone(), hooks.waiters.clone());
    let (queue, id) = (queue.clone(), id.clone());
    let waking = async move { wake(&admin, waiters, &queue, &id).await };
    hooks.changes.run(ANSWER, waking).await.map_err(Refusal::Unanswered)?
}

/// The token of a job's callback: an HMAC over the queue's name and the job's id.
fn token(key: &SigningKey, queue: &str, id: &JobId) -> Option<String> {
    Some(hex::encode(mac(key, &[queue.as_bytes(), b"\n", id.as_str().as_bytes()])?))
}

/// Whether the request has the right token in one of the two headers.
fn shows(headers: &HeaderMap, token: &str) -> bool {
    let own = headers.get(TOKEN).map(|shown| shown.as_bytes());
    let bearer = headers.get(AUTHORIZATION).and_then(|header| bearer(header.as_bytes()));
    let shown = [own, bearer].into_iter().flatten().filter_map(|shown| std::str::from_utf8(shown).ok());
    shown.fold(false, |found, shown| found | same(token, shown))
}

/// Wakes a job as soon as it is no longer active.
async fn wake(admin: &Admin, waiters: Arc<Semaphore>, queue: &QueueName, id: &JobId) -> Result<Woken, Refusal> {
    let until = Instant::now() + ACTIVE;
    let mut place = None;
    loop {
        let woken = admin.wake(queue, id).await.map_err(Refusal::Admin)?;
        if woken != Woken::Active {
            return Ok(woken);
        }
        if place.is_none() {
            place = Some(waiters.clone().try_acquire_owned().map_err(|_| Refusal::Busy)?);
        }
        if Instant::now() >= until {
            return Err(Refusal::StillActive);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use toril_config::Secret;

    fn key() -> SigningKey {
        SigningKey::of_text(&Secret::new("0123456789abcdef")).expect("a key")
    }

    #[test]
    fn a_token_is_of_one_job_in_one_queue() {
        // printf 'q\n7' | openssl dgst -sha256 -hmac 0123456789abcdef
        let of = |queue, id: &str| token(&key(), queue, &id.into()).expect("a token");
        assert_eq!(of("q", "7"), "851bcc7beaa6924fe7cd0618bb5455ce1b954707806fdb3ea11b556e1780f742");
        assert!(of("q", "7") != of("q", "8") && of("q", "7") != of("r", "7"));
    }

    #[test]
    fn a_token_is_shown_in_one_header_or_the_other() {
        let shows = |pairs: &[(&'static str, &str)]| {
            let headers =
                pairs.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().expect("a header")));
            super::shows(&headers.collect(), "right")
        };
        for right in [
            &[("x-a2a-notification-token", "right")][..],
            &[("authorization", "Bearer right")],
            &[("x-a2a-notification-token", "wrong"), ("authorization", "bearer right")],
        ] {
            assert!(shows(right), "{right:?}");
        }
        for wrong in [&[][..], &[("authorization", "right")], &[("x-a2a-notification-token", "Right")]] {
            assert!(!shows(wrong), "{wrong:?}");
        }
    }
}
