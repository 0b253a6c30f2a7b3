//! A stream of events: server-sent events, each with an answer of JSON-RPC.

use std::time::Duration;

use toril_plugin::clock;
use toril_plugin::http::{Chunk, Events, Streaming};

use super::{Agent, result, whole};
use crate::model::Event;
use crate::trouble::Trouble;
use crate::watch::{LOOK, Patience};

/// A stream on which nothing arrives for so long may be dead without anyone having said so.
const SILENCE: Duration = Duration::from_secs(60);

/// What happens to a task.
pub struct Stream<'a> {
    agent: &'a Agent,
    source: Source,
}

enum Source {
    Events {
        answer: Streaming,
        events: Events,
    },
    /// Some agents answer without a stream where one was asked for.
    Single(Option<Event>),
}

impl<'a> Stream<'a> {
    /// The stream of an answer that has begun.
    pub(super) fn of(agent: &'a Agent, answer: Streaming, patience: &mut Patience<'_>) -> Result<Self, Trouble> {
        let is_stream = answer.header("content-type").is_some_and(|kind| kind.starts_with("text/event-stream"));
        if is_stream && answer.status().is_some_and(|status| (200..300).contains(&status)) {
            return Ok(Self { agent, source: Source::Events { answer, events: Events::new() } });
        }
        let answer = whole(answer, patience)?;
        answer.succeeded()?;
        let event = agent.interface.wire.event(result(&answer.body)?).map_err(|_| Trouble::NotA2a)?;
        Ok(Self { agent, source: Source::Single(Some(event)) })
    }

    /// The next event. None: the stream has ended, or seems to be dead.
    pub fn next(&mut self, mut patience: Patience<'_>) -> Result<Option<Event>, Trouble> {
        let Source::Events { answer, events } = &mut self.source else {
            let Source::Single(event) = &mut self.source else { return Ok(None) };
            return Ok(event.take());
        };
        let mut heard = clock::now();
        loop {
            if let Some(event) = events.next_event() {
                let result = result(event.data.as_bytes())?;
                return self.agent.interface.wire.event(result).map(Some).map_err(|_| Trouble::NotA2a);
            }
            match answer.read_chunk(LOOK)? {
                Chunk::Bytes(bytes) => {
                    events.push(&bytes);
                    heard = clock::now();
                }
                Chunk::End => return Ok(None),
                Chunk::Pending => {
                    if let Some(stop) = patience.over() {
                        return Err(Trouble::Stopped(stop));
                    }
                    if clock::now().duration_since(heard).unwrap_or_default() > SILENCE {
                        return Ok(None);
                    }
                }
            }
        }
    }
}
