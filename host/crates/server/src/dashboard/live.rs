//! Notifies pages of changes through server-sent events. The pages then reload their parts.

use std::convert::Infallible;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::LazyLock;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::state::Dashboard;
use super::text;
use toril_bullmq::admin::Scope;
use toril_job::{JobId, QueueName};

/// The interval of checks for changes.
const LOOK: Duration = Duration::from_millis(1500);
/// The interval, in milliseconds, at which pages with charts are reloaded even without changes.
const DRAWN: u64 = 15_000;
/// The lifetime of a stream. The browser then reconnects and is authenticated again.
const LASTS: Duration = Duration::from_secs(10 * 60);
/// The limit of concurrent streams. Further pages do not update by themselves.
static SEATS: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(64));

#[derive(Debug, Deserialize)]
pub struct Followed {
    #[serde(default)]
    queue: Option<QueueName>,
    #[serde(default)]
    job: Option<JobId>,
}

pub async fn follow(State(dashboard): State<Dashboard>, Query(followed): Query<Followed>) -> Response {
    let Ok(seat) = SEATS.try_acquire() else {
        // An event source does not reconnect after this status.
        return StatusCode::NO_CONTENT.into_response();
    };
    let scope = match (followed.queue, followed.job) {
        (Some(queue), Some(id)) => Scope::Job { queue, id },
        (Some(queue), None) => Scope::Queue(queue),
        _ => Scope::Queues,
    };
    let ends = Instant::now() + LASTS;
    let begun = (dashboard, scope, None, seat);
    let stream = futures::stream::unfold(begun, move |(dashboard, scope, mut before, seat)| async move {
        loop {
            if before.is_some() {
                tokio::time::sleep(LOOK).await;
            }
            if Instant::now() >= ends {
                return None;
            }
            let event = match token(&dashboard, &scope).await {
                Some(token) if before.is_none_or(|before| before != token) => {
                    // The first event confirms that the page is being followed.
                    let name = if before.replace(token).is_none() { "begun" } else { "changed" };
                    Event::default().event(name).data("-")
                }
                Some(_) => continue,
                // Redis does not answer, which other code reports. The browser reconnects by itself.
                None => return None,
            };
            return Some((Ok::<_, Infallible>(event), (dashboard, scope, before, seat)));
        }
    });
    Sse::new(stream).keep_alive(KeepAlive::default()).into_response()
}

/// A number that changes when the page would show something else. None: Redis does not answer.
async fn token(dashboard: &Dashboard, scope: &Scope) -> Option<u64> {
    let token = dashboard.admin.change_token(scope).await.ok()?;
    if matches!(scope, Scope::Job { .. }) {
        return Some(token);
    }
    let mut hasher = DefaultHasher::new();
    // Charts and the list of hosts change over time without an event.
    (token, text::now() / DRAWN).hash(&mut hasher);
    for plugin in dashboard.inside.plugins() {
        (plugin.status.version, plugin.status.since, plugin.status.reloads.first().map(|reload| reload.at))
            .hash(&mut hasher);
    }
    Some(hasher.finish())
}
