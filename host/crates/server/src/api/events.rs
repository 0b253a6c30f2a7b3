//! The live events of a queue, as server-sent events.

use std::convert::Infallible;
use std::sync::LazyLock;

use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::Stream;
use serde::Deserialize;
use tokio::sync::Semaphore;
use utoipa::IntoParams;

use super::extract::{InQueue, Params};
use crate::problem::Problem;

/// The limit of concurrent followers. Each of them has its own connection to Redis.
static SEATS: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(32));

/// The query of `followEvents`.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FollowParams {
    /// Start after the event with this id. `0-0` starts with the oldest stored event. Default: the header
    /// `Last-Event-ID`, otherwise the next event.
    after: Option<String>,
}

/// Follow the events of a queue. Each event's data is a JSON object: `id`, `event`, `jobId`, `fields`.
#[utoipa::path(get, path = "/queues/{queue}/events", operation_id = "followEvents", tag = "events",
    params(InQueue, FollowParams), responses(
    (status = 200, description = "The events, as an endless stream", body = String, content_type = "text/event-stream"),
    Problem,
))]
pub async fn follow(
    InQueue { admin, queue }: InQueue,
    Params(params): Params<FollowParams>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let Ok(seat) = SEATS.try_acquire() else {
        return Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, "too many follow events already"));
    };
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
    let events = admin.events(&queue, last.or(params.after).as_deref()).await?;
    let stream = futures::stream::unfold((events, seat), |(mut events, seat)| async move {
        let event = events.next().await;
        let data = serde_json::to_string(&event).unwrap_or_default();
        Some((Ok(Event::default().id(event.id).data(data)), (events, seat)))
    });
    Ok(Sse::new(stream).keep_alive(KeepAlive::default()))
}
