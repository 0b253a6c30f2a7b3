//! Reads an agent's card from its server or from the cache.

use std::cell::Cell;
use std::time::SystemTime;

use toril_plugin::http::Request;
use toril_plugin::{Failure, clock, log};

use super::{Agent, GRACE, QUESTION};
use crate::access::Access;
use crate::card::{CachedCard, Card, CardCache};
use crate::envelope::Binding;
use crate::error::CallError;
use crate::exchange::{FullResponse, exchange, without_mark};
use crate::settings::{Place, Settings};
use crate::watch::Watch;

/// The newest protocol version that this plugin supports.
const NEWEST: &str = "1.0";

/// Where a card came from.
#[derive(Debug, Default)]
pub(super) struct Source {
    document: Vec<u8>,
    /// Whether the card was used without asking its server, so it may be outdated.
    is_unchecked: bool,
}

/// The result of requesting a card.
enum Read {
    /// The card, and its entry for the cache.
    Card(Vec<u8>, Option<CachedCard>),
    /// There is no card at this location.
    NoCard(CallError),
    /// The server cannot be reached now.
    Unreachable(CallError),
}

/// Runs an action with an agent. If it fails and a cached card may be the cause, the card is read again. If the card
/// has changed, the action runs once more.
///
/// # Errors
/// If there is no card, if no interface of the card is supported, or if the action fails.
pub fn with_agent<T>(
    settings: impl Fn() -> Result<Settings, Failure>,
    watch: &Watch,
    mut run: impl FnMut(&Agent) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let agent = Agent::discover(settings()?, watch, FreshCard::Use)?;
    let failure = match run(&agent) {
        Err(failure @ (Failure::Retry(_) | Failure::Fatal(_))) if agent.may_be_old() => failure,
        done => return done,
    };
    match Agent::discover(settings()?, watch, FreshCard::ReadAnew) {
        Ok(newer) if newer.source.document != agent.source.document => {
            log::info(format_args!("the card of {} has changed: using the new one", agent.name()));
            run(&newer)
        }
        _ => Err(failure),
    }
}

/// What happens with a card that is in the cache and still fresh.
#[derive(Clone, Copy, PartialEq, Eq)]
enum FreshCard {
    /// It is used.
    Use,
    /// The card is read from the agent again.
    ReadAnew,
}

impl Agent {
    /// Reads the agent's card, or takes it from the cache.
    fn discover(mut settings: Settings, watch: &Watch, fresh_card: FreshCard) -> Result<Self, Failure> {
        let name = settings.name.clone();
        let access = Access::new(&name, std::mem::take(&mut settings.credentials));
        let cache = CardCache::of(&settings);
        let known = cache.card();
        let fresh = known.as_ref().filter(|known| fresh_card == FreshCard::Use && known.is_fresh(clock::now()));
        if let Some((fresh, card)) = fresh.and_then(|fresh| Some((fresh, parsed(fresh.document.as_bytes())?))) {
            let source = Source { document: fresh.document.clone().into_bytes(), is_unchecked: true };
            return Self::of(settings, access, card, source);
        }
        let mut missing = None;
        for place in settings.card_places() {
            let here = known.as_ref().filter(|known| known.place == place.url);
            let (document, now) = match read(&access, &place, here, watch) {
                Read::Card(document, now) => (document, now),
                Read::NoCard(error) => {
                    missing.get_or_insert(error);
                    continue;
                }
                Read::Unreachable(error) => match known
                    .as_ref()
                    .filter(|known| error.is_transient() && known.may_serve(clock::now()))
                {
                    Some(known) => {
                        log::warn(format_args!("the card of {name} could not be read, using the cached one: {error}"));
                        (known.document.clone().into_bytes(), Some(known.clone()))
                    }
                    None => return Err(error.into_failure(&name, "agent-card.json")),
                },
            };
            let Some(card) = parsed(&document) else {
                return Err(CallError::NotA2a.into_failure(&name, "agent-card.json"));
            };
            // An origin can host many agents, but has the card of at most one of them.
            if place.is_origin && settings.interface.is_none() && !card.is_at(&settings.url) {
                return Err(Failure::fatal(format!(
                    "{name} has no card below the path of its address, and the card at its origin is that of an agent with \
                     another address: set the address to the origin if that agent is meant, or to the address of the card"
                )));
            }
            cache.put(known.as_ref(), now.as_ref());
            return Self::of(settings, access, card, Source { document, is_unchecked: false });
        }
        Err(match missing {
            Some(CallError::Status { status, .. }) => Failure::fatal(format!(
                "{name} has no card at /.well-known/agent-card.json ({status}): check its address"
            )),
            _ => CallError::NotA2a.into_failure(&name, "agent-card.json"),
        })
    }

    fn of(settings: Settings, mut access: Access, card: Card, source: Source) -> Result<Self, Failure> {
        access.set_security(card.security());
        let mut interface = card.choose(&settings.name, settings.interface.as_ref().map(|(binding, _)| *binding))?;
        if let Some((_, url)) = &settings.interface {
            interface.url.clone_from(url);
        }
        Ok(Self { settings, interface, access, source, suspect: Cell::new(false) })
    }

    /// Whether a call failed in a way that a changed card could explain.
    fn may_be_old(&self) -> bool {
        self.source.is_unchecked && self.suspect.get()
    }
}

/// Requests a card, conditionally if one is cached.
fn read(access: &Access, place: &Place, known: Option<&CachedCard>, watch: &Watch) -> Read {
    let wait_limit = watch.with_grace(GRACE);
    let fetch = |request: Request| {
        // Some agents return an older card if the request names no version.
        let request = request.header("accept", "application/json").header("a2a-version", NEWEST);
        let conditions = known.iter().flat_map(|known| known.conditions());
        let request = conditions.fold(request, |request, (name, value)| request.header(name, value));
        let answer = exchange(request.timeout(QUESTION), wait_limit.clone())?;
        if !(answer.status == 304 && known.is_some()) {
            Binding::JsonRpc.succeeded(&answer)?;
        }
        Ok(answer)
    };
    match access.send("GET", &place.url, &wait_limit, fetch) {
        Ok(answer) => card(answer, &place.url, known, clock::now()),
        Err(error) if error.is_no_card() => Read::NoCard(error),
        Err(error) => Read::Unreachable(error),
    }
}

fn card(answer: FullResponse, place: &str, known: Option<&CachedCard>, now: SystemTime) -> Read {
    match known {
        Some(known) if answer.status == 304 => {
            Read::Card(known.document.clone().into_bytes(), known.clone().confirmed(&answer.validators, now))
        }
        _ if parsed(&answer.body).is_none() => Read::NoCard(CallError::NotA2a),
        _ => {
            let kept = CachedCard::of(place, &answer.body, &answer.validators, now);
            Read::Card(answer.body, kept)
        }
    }
}

fn parsed(document: &[u8]) -> Option<Card> {
    serde_json::from_slice(without_mark(document)).ok()
}
