//! An agent's card: where and how the agent accepts calls, in which protocol version, and whether it can stream.

mod cache;

use serde::Deserialize;
use serde_json::Value;
use toril_plugin::Failure;

use crate::access::Security;
use crate::envelope::Binding;
use crate::wire::{V1, V03, V03Rest, Wire};

pub use cache::{CachedCard, CardCache};

/// How to call an agent.
pub struct Interface {
    pub url: String,
    pub wire: Box<dyn Wire>,
    pub streaming: bool,
    /// Whether the agent sends push notifications about tasks.
    pub notifies: bool,
}

/// The relevant members of a card, in version 1.0 and in 0.3. Some cards contain both.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Card {
    /// 1.0: in the agent's order of preference.
    supported_interfaces: Option<Vec<Offer>>,
    /// 0.3.
    protocol_version: Option<String>,
    url: Option<String>,
    preferred_transport: Option<String>,
    additional_interfaces: Option<Vec<Additional>>,
    capabilities: Option<Capabilities>,
    security_schemes: Option<Value>,
    /// 1.0.
    security_requirements: Option<Value>,
    /// 0.3.
    security: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Offer {
    url: String,
    #[serde(default)]
    protocol_binding: String,
    #[serde(default)]
    protocol_version: String,
    tenant: Option<String>,
}

#[derive(Deserialize)]
struct Additional {
    url: String,
    transport: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Capabilities {
    streaming: Option<bool>,
    push_notifications: Option<bool>,
}

impl Card {
    /// Selects the newest version that both sides support. If several interfaces have it, the agent's preference
    /// decides. `only` restricts the choice to one transport.
    ///
    /// # Errors
    /// Fatal if there is no such interface. The message says what the agent offers.
    pub fn choose(self, agent: &str, only: Option<Binding>) -> Result<Interface, Failure> {
        let streaming = self.capabilities.as_ref().and_then(|capabilities| capabilities.streaming).unwrap_or(false);
        let notifies =
            self.capabilities.as_ref().and_then(|capabilities| capabilities.push_notifications).unwrap_or(false);
        let mut offers = self.offers();
        offers.retain(|offer| offer.binding().is_some_and(|binding| only.is_none_or(|only| only == binding)));
        if offers.is_empty() {
            return Err(Failure::fatal(match only {
                None => format!(
                    "{agent} supports neither JSON-RPC nor HTTP+JSON: its card has no interface JSONRPC or HTTP+JSON"
                ),
                Some(only) => format!(
                    "{agent} has no interface {} in its card: remove its address for that interface from queues.toml",
                    only.name()
                ),
            }));
        }
        // A stable sort, so that among equals the one that the agent prefers comes first.
        offers.sort_by_key(|offer| std::cmp::Reverse(known(&offer.protocol_version)));
        let versions: Vec<_> = offers.iter().map(|offer| shown(&offer.protocol_version)).collect();
        let versions = versions.join(", ");
        let best = offers.into_iter().next();
        let best = best.and_then(|offer| Some((known(&offer.protocol_version)?, offer.binding()?, offer)));
        let Some((known, binding, Offer { url, tenant, .. })) = best else {
            return Err(Failure::fatal(format!(
                "{agent} supports A2A {versions}, and this plugin supports 1.0 and 0.3"
            )));
        };
        let wire: Box<dyn Wire> = match (known, binding) {
            (Known::V1, binding) => Box::new(V1 { tenant: tenant.filter(|tenant| !tenant.is_empty()), binding }),
            (Known::V03, Binding::JsonRpc) => Box::new(V03),
            (Known::V03, Binding::Rest) => Box::new(V03Rest),
        };
        Ok(Interface { url, wire, streaming, notifies })
    }

    /// The security section of the card.
    pub fn security(&self) -> Security {
        let newer = self.security_requirements.as_ref();
        // A card of both versions has the same content in both members.
        let older = self.security.as_ref().filter(|_| newer.is_none());
        Security::read(self.security_schemes.as_ref(), &[newer, older])
    }

    /// Whether this is the card of the agent at this address: one of its interfaces is at the address or below it.
    pub fn is_at(&self, address: &str) -> bool {
        let supported = self.supported_interfaces.iter().flatten().map(|offer| &offer.url);
        let additional = self.additional_interfaces.iter().flatten().map(|more| &more.url);
        supported.chain(&self.url).chain(additional).any(|url| is_below(url, address))
    }

    /// The interfaces of both parts of the card: some cards have an interface only in the older part.
    fn offers(self) -> Vec<Offer> {
        let newer = self.supported_interfaces.unwrap_or_default();
        let version = self.protocol_version.unwrap_or_default();
        let offer = |url: String, transport: String| Offer {
            url,
            protocol_binding: transport,
            protocol_version: version.clone(),
            tenant: None,
        };
        let preferred = self.preferred_transport.unwrap_or_else(|| Binding::JsonRpc.name().to_owned());
        let mut offers: Vec<_> = self.url.into_iter().map(|url| offer(url, preferred.clone())).collect();
        offers.extend(self.additional_interfaces.into_iter().flatten().map(|more| offer(more.url, more.transport)));
        newer.into_iter().chain(offers).collect()
    }
}

impl Offer {
    fn binding(&self) -> Option<Binding> {
        Binding::ALL.into_iter().find(|binding| self.protocol_binding.eq_ignore_ascii_case(binding.name()))
    }
}

/// Whether a URL equals an address or is below it. Scheme and host are case-insensitive, paths are not.
fn is_below(url: &str, address: &str) -> bool {
    let parts = |url: &str| {
        let url = url.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
        let host = url.find("://").map_or(0, |at| at + 3);
        let path = url.get(host..).and_then(|rest| rest.find('/')).map_or(url.len(), |at| host + at);
        let (origin, path) = url.split_at_checked(path).unwrap_or((url, ""));
        (origin.to_ascii_lowercase(), path.to_owned())
    };
    let ((origin, path), (address_origin, address_path)) = (parts(url), parts(address));
    let rest = path.strip_prefix(address_path.as_str());
    origin == address_origin && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The supported versions, oldest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Known {
    V03,
    V1,
}

fn known(version: &str) -> Option<Known> {
    let mut numbers = version.split('.');
    match (numbers.next(), numbers.next()) {
        // Within 1.x, existing members stay unchanged.
        (Some("1"), _) => Some(Known::V1),
        (Some("0"), Some("3")) => Some(Known::V03),
        _ => None,
    }
}

/// A version for a message, if it looks like a version: the card's text comes from the agent.
fn shown(version: &str) -> &str {
    let is_version = version.len() <= 16 && version.chars().all(|c| c.is_ascii_digit() || c == '.');
    if version.is_empty() || !is_version { "of a version that its card does not name" } else { version }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn choose(card: Value) -> Result<(String, &'static str, bool), Failure> {
        let card: Card = serde_json::from_value(card).expect("a card");
        card.choose("agent x", None).map(|chosen| (chosen.url, chosen.wire.version(), chosen.streaming))
    }

    #[test]
    fn the_newest_version_is_chosen_in_any_order() {
        let card = json!({
            "supportedInterfaces": [
                { "url": "https://a/grpc", "protocolBinding": "GRPC", "protocolVersion": "1.0" },
                { "url": "https://a/old", "protocolBinding": "JSONRPC", "protocolVersion": "0.3" },
                { "url": "https://a/new", "protocolBinding": "JSONRPC", "protocolVersion": "1.0" },
            ],
            "capabilities": { "streaming": true },
            "protocolVersion": "0.3.0", "url": "https://a/old",
        });
        assert_eq!(choose(card), Ok(("https://a/new".into(), "1.0", true)));
    }

    #[test]
    fn an_older_card_is_spoken_to_in_its_version() {
        let card = json!({ "protocolVersion": "0.3.0", "url": "https://a/", "capabilities": {} });
        assert_eq!(choose(card), Ok(("https://a/".into(), "0.3", false)));
        let card = json!({
            "protocolVersion": "0.3.0", "url": "https://a/grpc", "preferredTransport": "GRPC",
            "additionalInterfaces": [{ "url": "https://a/rpc", "transport": "JSONRPC" }],
        });
        assert_eq!(choose(card), Ok(("https://a/rpc".into(), "0.3", false)));
    }

    #[test]
    fn json_rpc_in_the_older_part_of_a_card_is_found() {
        let card = json!({
            "supportedInterfaces": [
                { "url": "https://a/grpc", "protocolBinding": "GRPC", "protocolVersion": "1.0" },
                { "url": "https://a/rest", "protocolBinding": "HTTP+JSON", "protocolVersion": "2.0" },
            ],
            "protocolVersion": "0.3.0", "url": "https://a/rpc", "preferredTransport": "JSONRPC",
        });
        assert_eq!(choose(card), Ok(("https://a/rpc".into(), "0.3", false)));
    }

    #[test]
    fn of_two_interfaces_of_one_version_the_agent_has_the_choice() {
        let card = |bindings: [&str; 2]| {
            let offer = |binding| json!({ "url": binding, "protocolBinding": binding, "protocolVersion": "1.0" });
            json!({ "supportedInterfaces": bindings.map(offer) })
        };
        let url = |bindings, only| {
            let card: Card = serde_json::from_value(card(bindings)).expect("a card");
            card.choose("agent x", only).map(|chosen| chosen.url)
        };
        let (rest, rpc) = ("HTTP+JSON", "JSONRPC");
        assert_eq!(url([rest, rpc], None).as_deref(), Ok(rest));
        assert_eq!(url([rpc, rest], None).as_deref(), Ok(rpc));
        assert_eq!(url([rest, rpc], Some(Binding::JsonRpc)).as_deref(), Ok(rpc));
        let Err(Failure::Fatal(message)) = url([rpc, "GRPC"], Some(Binding::Rest)) else { panic!("there is none") };
        assert!(message.contains("no interface HTTP+JSON"), "{message}");
    }

    #[test]
    fn the_order_of_an_older_card_begins_with_its_main_interface() {
        let card = json!({
            "protocolVersion": "0.3.0", "url": "https://a/rest", "preferredTransport": "HTTP+JSON",
            "additionalInterfaces": [{ "url": "https://a/rpc", "transport": "JSONRPC" }],
        });
        assert_eq!(choose(card), Ok(("https://a/rest".into(), "0.3", false)));
    }

    #[test]
    fn a_card_is_that_of_the_agent_whose_address_it_has() {
        let card = json!({ "url": "https://A.example/writer/rpc/", "protocolVersion": "0.3" });
        let card: Card = serde_json::from_value(card).expect("a card");
        for address in ["https://a.example/writer", "https://a.example/writer/", "https://a.example/writer/rpc?x=y"] {
            assert!(card.is_at(address), "{address}");
        }
        for address in ["https://a.example/write", "https://b.example/writer", "https://a.example/writer/rpc/v2"] {
            assert!(!card.is_at(address), "{address}");
        }
    }

    #[test]
    fn an_unsupported_card_is_fatal_and_the_message_names_what_it_offers() {
        let message_of = |card| match choose(card) {
            Err(Failure::Fatal(message)) => message,
            other => panic!("it is refused, not {other:?}"),
        };
        let offer = |binding: &str, version: &str| json!({ "supportedInterfaces": [{ "url": "u", "protocolBinding": binding, "protocolVersion": version }] });
        assert!(message_of(offer("JSONRPC", "2.0")).contains("supports A2A 2.0"));
        assert!(!message_of(offer("JSONRPC", "secret")).contains("secret"));
        assert!(message_of(offer("GRPC", "1.0")).contains("JSON-RPC"));
    }
}
