//! What a bundle reaches of the host. Every such component imports everything that the engine can reach, so its imports do not
//! say what its plugin needs. The builder records that in a section, which `toril plugin inspect` reads.

use serde::{Deserialize, Serialize};

/// The name of the custom section. Its content is the JSON of [`Uses`].
pub const SECTION: &str = "toril:uses";

/// Interfaces that a bundle imports by name.
const NAMED: [&str; 7] = [
    "toril:plugin/job-context@0.2.0",
    "toril:plugin/jobs@0.2.0",
    "toril:plugin/postgres@0.2.0",
    "wasi:cli/environment@0.2.0",
    "wasi:config/store@0.2.0-rc.1",
    "wasi:keyvalue/atomics@0.2.0-draft",
    "wasi:keyvalue/store@0.2.0-draft",
];
/// The interface behind `fetch`.
const HTTP: &str = "wasi:http/outgoing-handler@0.2.0";
/// The interface behind `node:net` and `node:tls`, and the engine's module for it.
const SOCKETS: (&str, &str) = ("toril:engine/sockets", "wasi:sockets/tcp-create-socket@0.2.0");
/// Globals that send requests.
const SENDERS: [&str; 1] = ["fetch"];

/// The interfaces that a plugin uses, sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Uses {
    /// Names of WIT interfaces.
    pub interfaces: Vec<String>,
}

impl Uses {
    /// What a bundle's text names. It may find more than is used, and never less, unless a name is put together at run time.
    pub fn of(bundle: &str) -> Self {
        let mut interfaces: Vec<_> = NAMED
            .into_iter()
            .filter(|name| bundle.contains(&format!("\"{name}\"")) || bundle.contains(&format!("'{name}'")))
            .collect();
        if SENDERS.iter().any(|sender| has_word(bundle, sender)) {
            interfaces.push(HTTP);
        }
        let (module, sockets) = SOCKETS;
        if bundle.contains(module) {
            interfaces.push(sockets);
        }
        interfaces.sort_unstable();
        Self { interfaces: interfaces.into_iter().map(str::to_owned).collect() }
    }
}

/// Whether a text contains a word, and not only as a part of a longer one.
pub fn has_word(text: &str, word: &str) -> bool {
    let is_part = |char: char| char.is_alphanumeric() || char == '_' || char == '$';
    text.match_indices(word).any(|(at, _)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let after = text.get(at + word.len()..).and_then(|after| after.chars().next());
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imported_interfaces_are_found() {
        let bundle = "import { open } from \"wasi:keyvalue/store@0.2.0-draft\";";
        assert_eq!(Uses::of(bundle).interfaces, ["wasi:keyvalue/store@0.2.0-draft"]);
        let bundle = "import { start } from \"toril:plugin/postgres@0.2.0\";";
        assert_eq!(Uses::of(bundle).interfaces, ["toril:plugin/postgres@0.2.0"]);
    }

    #[test]
    fn connections_are_found_by_the_name_of_their_module() {
        let bundle = "import { connect } from \"toril:engine/sockets\";";
        assert_eq!(Uses::of(bundle).interfaces, ["wasi:sockets/tcp-create-socket@0.2.0"]);
    }

    #[test]
    fn a_request_is_found_by_the_name_of_fetch() {
        assert_eq!(Uses::of("await fetch(url)").interfaces, [HTTP]);
        assert!(Uses::of("prefetch(); fetchAll()").interfaces.is_empty());
    }
}
