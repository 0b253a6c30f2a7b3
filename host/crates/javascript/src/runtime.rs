//! The Web APIs that a bundle gets. They come in parts, so that a plugin's snapshot has only what its bundle names.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::BuildError;
use crate::uses::has_word;

/// One part: a module called `toril:runtime/NAME`.
#[derive(Debug, Deserialize)]
struct Part {
    /// Every plugin gets it.
    #[serde(default)]
    always: bool,
    /// Words that ask for it: its globals, and methods that return its objects. One that starts with a dot asks for it if it
    /// is called: packages often define methods such as `toLocaleString` that nothing calls.
    names: Vec<String>,
    /// The parts that it imports.
    needs: Vec<String>,
    code: String,
}

/// The parts by name.
#[derive(Debug)]
pub struct Runtime(BTreeMap<String, Part>);

impl Runtime {
    /// Reads `runtime.json`, which `sdk/js/build/embed.js` writes.
    pub fn parse(text: &str) -> Result<Self, BuildError> {
        serde_json::from_str(text).map(Self).map_err(BuildError::engine)
    }

    /// The modules for a bundle, as names and sources. A module comes after those that it needs.
    pub fn of(&self, bundle: &str) -> Vec<(String, &str)> {
        let is_wanted = |part: &Part| part.always || part.names.iter().any(|name| is_named(bundle, name));
        let mut chosen = Vec::new();
        for (name, part) in &self.0 {
            if is_wanted(part) {
                self.add(name, &mut chosen);
            }
        }
        chosen
    }

    fn add<'a>(&'a self, name: &str, chosen: &mut Vec<(String, &'a str)>) {
        let module = format!("toril:runtime/{name}");
        let Some(part) = self.0.get(name).filter(|_| chosen.iter().all(|(known, _)| *known != module)) else { return };
        for needed in &part.needs {
            self.add(needed, chosen);
        }
        chosen.push((module, &part.code));
    }
}

fn is_named(bundle: &str, name: &str) -> bool {
    if name.starts_with('.') { bundle.contains(&format!("{name}(")) } else { has_word(bundle, name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARTS: &str = r#"{
        "core": { "always": true, "names": [], "needs": [], "code": "1" },
        "fetch": { "names": ["fetch"], "needs": ["core", "streams"], "code": "2" },
        "streams": { "names": ["ReadableStream"], "needs": ["core"], "code": "3" },
        "text": { "names": [".toLocaleString"], "needs": ["core"], "code": "4" }
    }"#;

    fn chosen(bundle: &str) -> Vec<String> {
        let runtime = Runtime::parse(PARTS).expect("valid");
        runtime.of(bundle).into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn a_bundle_gets_the_parts_that_it_names() {
        assert_eq!(chosen("1 + 1"), ["toril:runtime/core"]);
        assert_eq!(chosen("new ReadableStream()"), ["toril:runtime/core", "toril:runtime/streams"]);
    }

    #[test]
    fn a_method_asks_for_a_part_only_if_it_is_called() {
        assert_eq!(chosen("count?.toLocaleString('de')"), ["toril:runtime/core", "toril:runtime/text"]);
        assert_eq!(chosen("Buffer.prototype.toLocaleString = toString"), ["toril:runtime/core"]);
    }

    #[test]
    fn a_part_comes_after_the_parts_that_it_needs() {
        assert_eq!(chosen("fetch(url)"), ["toril:runtime/core", "toril:runtime/streams", "toril:runtime/fetch"]);
    }
}
