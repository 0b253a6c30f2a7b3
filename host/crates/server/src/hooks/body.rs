//! Reads bodies with two size limits: one for each body, and one for all bodies in memory together.

use std::error::Error;
use std::sync::Arc;

use axum::body::{Body, HttpBody};
use http_body_util::BodyExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::refusal::Refusal;
use crate::connections::TooSlow;

/// A body, and its share of the memory for all bodies.
pub struct Held {
    pub bytes: Vec<u8>,
    _room: Option<OwnedSemaphorePermit>,
}

/// Reads a body of at most `most` bytes.
pub async fn read(mut body: Body, most: u64, room: &Arc<Semaphore>) -> Result<Held, Refusal> {
    if body.size_hint().lower() > most {
        return Err(Refusal::TooLarge(most));
    }
    let mut held = Held { bytes: Vec::new(), _room: None };
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|error| broken(&error))?.into_data() else { continue };
        if held.bytes.len() as u64 + data.len() as u64 > most {
            return Err(Refusal::TooLarge(most));
        }
        let size = u32::try_from(data.len()).map_err(|_| Refusal::TooLarge(most))?;
        let more = room.clone().try_acquire_many_owned(size).map_err(|_| Refusal::Busy)?;
        match &mut held._room {
            Some(room) => room.merge(more),
            none => *none = Some(more),
        }
        held.bytes.extend_from_slice(&data);
    }
    Ok(held)
}

/// Reads a body of at most `most` bytes to its end, and discards it.
pub async fn skip(mut body: Body, most: u64) -> Result<(), Refusal> {
    if body.size_hint().lower() > most {
        return Err(Refusal::TooLarge(most));
    }
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| broken(&error))?;
        length += frame.data_ref().map_or(0, |data| data.len() as u64);
        if length > most {
            return Err(Refusal::TooLarge(most));
        }
    }
    Ok(())
}

/// Why reading a body failed.
fn broken(error: &axum::Error) -> Refusal {
    let mut causes = std::iter::successors(error.source(), |error| (*error).source());
    if causes.any(|cause| cause.is::<TooSlow>()) { Refusal::TooSlow } else { Refusal::Broken }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(bytes: usize) -> Arc<Semaphore> {
        Arc::new(Semaphore::new(bytes))
    }

    #[tokio::test]
    async fn a_body_is_read_up_to_its_bound() {
        let held = read(Body::from("four"), 4, &room(100)).await;
        assert!(held.is_ok_and(|held| held.bytes == b"four"));
        let larger = read(Body::from("fives"), 4, &room(100)).await;
        assert!(matches!(larger, Err(Refusal::TooLarge(4))));
        // The size of a chunked body is not known in advance.
        let chunks = ["thr", "ee"].map(|chunk| Ok::<_, std::io::Error>(chunk.to_owned()));
        let chunked = read(Body::from_stream(futures::stream::iter(chunks)), 4, &room(100)).await;
        assert!(matches!(chunked, Err(Refusal::TooLarge(4))));
    }

    #[tokio::test]
    async fn bodies_that_are_held_leave_less_room_for_others() {
        let room = room(6);
        let first = read(Body::from("four"), 4, &room).await.unwrap_or_else(|_| panic!("there is room"));
        assert!(matches!(read(Body::from("four"), 4, &room).await, Err(Refusal::Busy)));
        drop(first);
        assert!(read(Body::from("four"), 4, &room).await.is_ok());
    }

    #[tokio::test]
    async fn a_body_that_is_discarded_has_the_same_limit() {
        assert!(skip(Body::from("four"), 4).await.is_ok());
        let chunks = ["thr", "ee"].map(|chunk| Ok::<_, std::io::Error>(chunk.to_owned()));
        let chunked = skip(Body::from_stream(futures::stream::iter(chunks)), 4).await;
        assert!(matches!(chunked, Err(Refusal::TooLarge(4))));
    }
}
