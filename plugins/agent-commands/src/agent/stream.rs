//! A stream of server-sent events. Each contains a JSON-RPC response, or the event itself (HTTP+JSON).

use std::time::{Duration, SystemTime};

use toril_plugin::http::{Chunk, Events, Streaming};
use toril_plugin::{clock, log};

use super::Agent;
use crate::envelope::Binding;
use crate::error::CallError;
use crate::exchange::whole;
use crate::model::Event;
use crate::watch::{LOOK, WaitLimit};

/// The events of a task.
pub struct Stream<'a> {
    agent: &'a Agent,
    source: Source,
    /// Number of skipped events of an unknown kind.
    unknown: u32,
}

enum Source {
    Events {
        answer: Streaming,
        events: Events,
        /// When data was last received.
        last_data: SystemTime,
    },
    /// Some agents answer a streaming request with a plain response.
    Single(Option<Event>),
}

/// The result of waiting for an event.
#[derive(Debug, PartialEq)]
pub enum Received {
    Event(Box<Event>),
    /// No data for as long as the caller was willing to wait. The agent may be busy or the connection dead. Only the
    /// caller can find out which.
    Nothing,
    /// The stream has ended.
    End,
}

impl<'a> Stream<'a> {
    /// Reads the stream from a response that has begun.
    pub(super) fn of(agent: &'a Agent, answer: Streaming, wait_limit: &mut WaitLimit<'_>) -> Result<Self, CallError> {
        let is_stream = answer.header("content-type").is_some_and(is_event_stream);
        if is_stream && answer.status().is_some_and(|status| (200..300).contains(&status)) {
            let source = Source::Events { answer, events: Events::new(), last_data: clock::now() };
            return Ok(Self { agent, source, unknown: 0 });
        }
        let answer = whole(answer, wait_limit)?;
        let (wire, binding) = (&agent.interface.wire, agent.interface.wire.binding());
        binding.succeeded(&answer)?;
        let event = wire.event(binding.result(&answer.body)?).map_err(|_| CallError::NotA2a)?;
        Ok(Self { agent, source: Source::Single(Some(event)), unknown: 0 })
    }

    /// Waits for the next event, for at most `wait`.
    pub fn next(&mut self, wait: Duration, mut wait_limit: WaitLimit<'_>) -> Result<Received, CallError> {
        let Source::Events { answer, events, last_data } = &mut self.source else {
            let Source::Single(event) = &mut self.source else { return Ok(Received::End) };
            return Ok(event.take().map_or(Received::End, |event| Received::Event(Box::new(event))));
        };
        let began = clock::now();
        loop {
            while let Some(event) = events.next_event() {
                let binding = self.agent.interface.wire.binding();
                if binding == Binding::Rest && event.name == "error" {
                    return Err(binding.error(event.data.as_bytes()).unwrap_or(CallError::NotA2a));
                }
                let read = match binding.result(event.data.as_bytes()) {
                    Ok(result) => self.agent.interface.wire.event(result).ok(),
                    Err(CallError::NotA2a) => None,
                    Err(error) => return Err(error),
                };
                if let Some(event) = read {
                    return Ok(Received::Event(Box::new(event)));
                }
                // Later versions and extensions may send events that this plugin does not know.
                if self.unknown == 0 {
                    log::warn(format_args!(
                        "skipped an event of {} of a kind that A2A {} does not define. Further ones are not logged",
                        self.agent.name(),
                        self.agent.interface.wire.version()
                    ));
                }
                self.unknown += 1;
            }
            // Also checked between events: even a stream that never pauses must end.
            if let Some(stop) = wait_limit.exceeded() {
                return Err(CallError::Stopped(stop));
            }
            if passed(began) >= wait {
                return Ok(Received::Nothing);
            }
            match answer.read_chunk(LOOK.min(wait))? {
                Chunk::Bytes(bytes) => {
                    events.push(&bytes);
                    *last_data = clock::now();
                }
                Chunk::End => return Ok(Received::End),
                Chunk::Pending => {}
            }
        }
    }

    /// Time since data was last received. Comments that keep the connection open count as data.
    pub fn idle_for(&self) -> Duration {
        match &self.source {
            Source::Events { last_data, .. } => passed(*last_data),
            Source::Single(_) => Duration::ZERO,
        }
    }
}

fn passed(since: SystemTime) -> Duration {
    clock::now().duration_since(since).unwrap_or_default()
}

/// Whether a media type is that of server-sent events. Media types are case-insensitive.
fn is_event_stream(kind: &str) -> bool {
    let kind = kind.split(';').next().unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("text/event-stream")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::card::Interface;
    use crate::watch::Watch;
    use crate::wire::V1;

    fn agent(binding: Binding) -> Agent {
        let interface = Interface {
            url: String::new(),
            wire: Box::new(V1 { tenant: None, binding }),
            streaming: true,
            notifies: false,
        };
        Agent::for_test(interface)
    }

    fn read_all(kind: &str, chunks: &[&str]) -> Vec<Received> {
        let agent = agent(Binding::JsonRpc);
        let answer = Streaming::for_test(200, &[("content-type", kind)], chunks);
        let mut stream =
            Stream::of(&agent, answer, &mut Watch::last_call(std::time::Duration::from_secs(60))).expect("a stream");
        let next = || {
            stream
                .next(Duration::from_secs(60), Watch::last_call(std::time::Duration::from_secs(60)))
                .expect("no error")
        };
        let mut all: Vec<_> = std::iter::repeat_with(next).take(chunks.len() + 1).collect();
        all.dedup();
        all
    }

    fn is_task_alone(received: &[Received]) -> bool {
        matches!(received, [Received::Event(event), Received::End] if matches!(**event, Event::Task(_)))
    }

    #[test]
    fn the_type_of_a_stream_is_known_in_every_case() {
        let task = "data: {\"result\":{\"task\":{\"id\":\"t\"}}}\n\n";
        for kind in ["text/event-stream", "Text/Event-Stream; charset=utf-8", "TEXT/EVENT-STREAM ;x=y"] {
            assert!(is_task_alone(&read_all(kind, &[task])), "{kind}");
        }
    }

    #[test]
    fn an_event_that_is_not_known_is_left_out() {
        let unknown = "data: {\"result\":{\"weather\":{}}}\n\ndata: hello\n\n";
        let task = "data: {\"result\":{\"task\":{\"id\":\"t\"}}}\n\n";
        let all = read_all("text/event-stream", &[unknown, task, unknown]);
        assert!(is_task_alone(&all), "{all:?}");
    }

    #[test]
    fn over_http_json_events_have_no_envelope_and_errors_are_returned() {
        let agent = agent(Binding::Rest);
        let info = r#"[{"reason":"TASK_NOT_FOUND"}]"#;
        let chunks = [
            "data: {\"task\":{\"id\":\"t\"}}\n\n".to_owned(),
            format!("event: error\ndata: {{\"error\":{{\"code\":404,\"details\":{info}}}}}\n\n"),
        ];
        let chunks: Vec<_> = chunks.iter().map(String::as_str).collect();
        let answer = Streaming::for_test(200, &[("content-type", "text/event-stream")], &chunks);
        let mut stream =
            Stream::of(&agent, answer, &mut Watch::last_call(std::time::Duration::from_secs(60))).expect("a stream");
        let mut next = || stream.next(Duration::from_secs(60), Watch::last_call(std::time::Duration::from_secs(60)));
        assert!(matches!(next(), Ok(Received::Event(event)) if matches!(*event, Event::Task(_))));
        assert_eq!(next(), Err(CallError::Rpc { code: -32001 }));
    }
}
