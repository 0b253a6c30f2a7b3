//! A stream of server-sent events. Each contains a JSON-RPC response, or the event itself (HTTP+JSON).

use std::time::{Duration, SystemTime};

use toril_plugin::http::{Chunk, Events, Streaming};
use toril_plugin::{clock, log};

use super::Agent;
use crate::envelope::Binding;
use crate::error::Trouble;
use crate::exchange::whole;
use crate::model::Event;
use crate::watch::{LOOK, Patience};

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
        heard: SystemTime,
    },
    /// Some agents answer a streaming request with a plain response.
    Single(Option<Event>),
}

/// The result of waiting for an event.
#[derive(Debug, PartialEq)]
pub enum Heard {
    Event(Box<Event>),
    /// No data for as long as the caller was willing to wait. The agent may be busy or the connection dead. Only the
    /// caller can find out which.
    Silence,
    /// The stream has ended.
    End,
}

impl<'a> Stream<'a> {
    /// Reads the stream from a response that has begun.
    pub(super) fn of(agent: &'a Agent, answer: Streaming, patience: &mut Patience<'_>) -> Result<Self, Trouble> {
        let is_stream = answer.header("content-type").is_some_and(is_event_stream);
        if is_stream && answer.status().is_some_and(|status| (200..300).contains(&status)) {
            let source = Source::Events { answer, events: Events::new(), heard: clock::now() };
            return Ok(Self { agent, source, unknown: 0 });
        }
        let answer = whole(answer, patience)?;
        let (wire, binding) = (&agent.interface.wire, agent.interface.wire.binding());
        binding.succeeded(&answer)?;
        let event = wire.event(binding.result(&answer.body)?).map_err(|_| Trouble::NotA2a)?;
        Ok(Self { agent, source: Source::Single(Some(event)), unknown: 0 })
    }

    /// Waits for the next event, for at most `wait`.
    pub fn next(&mut self, wait: Duration, mut patience: Patience<'_>) -> Result<Heard, Trouble> {
        let Source::Events { answer, events, heard } = &mut self.source else {
            let Source::Single(event) = &mut self.source else { return Ok(Heard::End) };
            return Ok(event.take().map_or(Heard::End, |event| Heard::Event(Box::new(event))));
        };
        let began = clock::now();
        loop {
            while let Some(event) = events.next_event() {
                let binding = self.agent.interface.wire.binding();
                if binding == Binding::Rest && event.name == "error" {
                    return Err(binding.error(event.data.as_bytes()).unwrap_or(Trouble::NotA2a));
                }
                let read = match binding.result(event.data.as_bytes()) {
                    Ok(result) => self.agent.interface.wire.event(result).ok(),
                    Err(Trouble::NotA2a) => None,
                    Err(trouble) => return Err(trouble),
                };
                if let Some(event) = read {
                    return Ok(Heard::Event(Box::new(event)));
                }
                // Later versions and extensions may send events that this plugin does not know.
                if self.unknown == 0 {
                    log::warn(format_args!(
                        "an event of {} is left out: A2A {} has none of its kind. Further ones are not logged",
                        self.agent.name(),
                        self.agent.interface.wire.version()
                    ));
                }
                self.unknown += 1;
            }
            // Also checked between events: even a stream that never pauses must end.
            if let Some(stop) = patience.over() {
                return Err(Trouble::Stopped(stop));
            }
            if passed(began) >= wait {
                return Ok(Heard::Silence);
            }
            match answer.read_chunk(LOOK.min(wait))? {
                Chunk::Bytes(bytes) => {
                    events.push(&bytes);
                    *heard = clock::now();
                }
                Chunk::End => return Ok(Heard::End),
                Chunk::Pending => {}
            }
        }
    }

    /// Time since data was last received. Comments that keep the connection open count as data.
    pub fn silent_for(&self) -> Duration {
        match &self.source {
            Source::Events { heard, .. } => passed(*heard),
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

    fn heard(kind: &str, chunks: &[&str]) -> Vec<Heard> {
        let agent = agent(Binding::JsonRpc);
        let answer = Streaming::for_test(200, &[("content-type", kind)], chunks);
        let mut stream = Stream::of(&agent, answer, &mut Watch::last_words()).expect("a stream");
        let next = || stream.next(Duration::from_secs(60), Watch::last_words()).expect("no trouble");
        let mut all: Vec<_> = std::iter::repeat_with(next).take(chunks.len() + 1).collect();
        all.dedup();
        all
    }

    fn is_task_alone(heard: &[Heard]) -> bool {
        matches!(heard, [Heard::Event(event), Heard::End] if matches!(**event, Event::Task(_)))
    }

    #[test]
    fn the_type_of_a_stream_is_known_in_every_case() {
        let task = "data: {\"result\":{\"task\":{\"id\":\"t\"}}}\n\n";
        for kind in ["text/event-stream", "Text/Event-Stream; charset=utf-8", "TEXT/EVENT-STREAM ;x=y"] {
            assert!(is_task_alone(&heard(kind, &[task])), "{kind}");
        }
    }

    #[test]
    fn an_event_that_is_not_known_is_left_out() {
        let unknown = "data: {\"result\":{\"weather\":{}}}\n\ndata: hello\n\n";
        let task = "data: {\"result\":{\"task\":{\"id\":\"t\"}}}\n\n";
        let all = heard("text/event-stream", &[unknown, task, unknown]);
        assert!(is_task_alone(&all), "{all:?}");
    }

    #[test]
    fn over_http_json_events_have_no_envelope_and_errors_are_told() {
        let agent = agent(Binding::Rest);
        let info = r#"[{"reason":"TASK_NOT_FOUND"}]"#;
        let chunks = [
            "data: {\"task\":{\"id\":\"t\"}}\n\n".to_owned(),
            format!("event: error\ndata: {{\"error\":{{\"code\":404,\"details\":{info}}}}}\n\n"),
        ];
        let chunks: Vec<_> = chunks.iter().map(String::as_str).collect();
        let answer = Streaming::for_test(200, &[("content-type", "text/event-stream")], &chunks);
        let mut stream = Stream::of(&agent, answer, &mut Watch::last_words()).expect("a stream");
        let mut next = || stream.next(Duration::from_secs(60), Watch::last_words());
        assert!(matches!(next(), Ok(Heard::Event(event)) if matches!(*event, Event::Task(_))));
        assert_eq!(next(), Err(Trouble::Rpc { code: -32001 }));
    }
}
