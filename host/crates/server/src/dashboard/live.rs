//! Tells pages that something has changed, as server-sent events. They then load themselves again, in parts.

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

use super::{Dashboard, text};
use toril_bullmq::admin::Scope;

/// How often it is looked whether something has changed.
const LOOK: Duration = Duration::from_millis(1500);
/// How often pages with charts are loaded again in any case, in milliseconds.
const DRAWN: u64 = 15_000;
/// After so long the browser has to come back, and is asked again who it is.
const LASTS: Duration = Duration::from_secs(10 * 60);
/// How many pages follow at once. The others show what was so when they were loaded.
static SEATS: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(64));

#[derive(Debug, Deserialize)]
pub struct Followed {
    #[serde(default)]
    queue: Option<String>,
    #[serde(default)]
    job: Option<String>,
}

pub async fn follow(State(dashboard): State<Dashboard>, Query(followed): Query<Followed>) -> Response {
    let Ok(seat) = SEATS.try_acquire() else {
        // An event source does not come back after this.
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
            let event = match pulse(&dashboard, &scope).await {
                Some(pulse) if before.is_none_or(|before| before != pulse) => {
                    // The first one says that it is followed.
                    let name = if before.replace(pulse).is_none() { "begun" } else { "changed" };
                    Event::default().event(name).data("-")
                }
                Some(_) => continue,
                // Others tell of it. The browser comes back by itself.
                None => return None,
            };
            return Some((Ok::<_, Infallible>(event), (dashboard, scope, before, seat)));
        }
    });
    Sse::new(stream).keep_alive(KeepAlive::default()).into_response()
}

/// A number that is another one when the page shows something else. None: Redis does not tell.
async fn pulse(dashboard: &Dashboard, scope: &Scope) -> Option<u64> {
    let pulse = dashboard.admin.pulse(scope).await.ok()?;
    if matches!(scope, Scope::Job { .. }) {
        return Some(pulse);
    }
    let mut hasher = DefaultHasher::new();
    // Charts and hosts move on by themselves.
    (pulse, text::now() / DRAWN).hash(&mut hasher);
    for plugin in dashboard.inside.plugins() {
        (plugin.status.version, plugin.status.since, plugin.status.reloads.first().map(|reload| reload.at))
            .hash(&mut hasher);
    }
    Some(hasher.finish())
}
