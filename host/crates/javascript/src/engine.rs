//! The engine and the JavaScript that runs in it before the plugin.

use crate::BuildError;

#[cfg(engine)]
const EMBEDDED: Option<Engine<'static>> = Some(Engine {
    modules: [
        (None, include_bytes!(env!("TORIL_JS_CORE"))),
        (Some("toril:engine/web"), include_bytes!(env!("TORIL_JS_WEB"))),
        (Some("toril:engine/full"), include_bytes!(env!("TORIL_JS_FULL"))),
        (Some("toril:engine/sockets"), include_bytes!(env!("TORIL_JS_SOCKETS"))),
    ],
    runtime: include_str!(env!("TORIL_JS_RUNTIME")),
    sdk: include_str!(env!("TORIL_JS_SDK")),
});
#[cfg(not(engine))]
const EMBEDDED: Option<Engine<'static>> = None;

/// An engine.
#[derive(Clone, Copy, Debug)]
pub struct Engine<'a> {
    /// The modules that `sdk/js/engine` is compiled to, from the smallest, each with the name that JavaScript imports to get
    /// it or a larger one.
    pub modules: [(Option<&'static str>, &'a [u8]); 4],
    /// The Web APIs of `sdk/js/runtime`: the JSON document that `sdk/js/build/embed.js` writes.
    pub runtime: &'a str,
    /// The SDK of `sdk/js/src`, as one module that also exports `adapt`. Only for modules without a bundler.
    pub sdk: &'a str,
}

impl Engine<'static> {
    /// The engine that this program contains.
    pub fn embedded() -> Result<Self, BuildError> {
        EMBEDDED.ok_or(BuildError::NoEngine)
    }
}

impl<'a> Engine<'a> {
    /// The smallest module that has everything that these sources import.
    pub(crate) fn module_for<'s>(&self, sources: impl Iterator<Item = &'s str> + Clone) -> &'a [u8] {
        let [(_, smallest), ..] = self.modules;
        let is_imported = |name: &str| sources.clone().any(|source| source.contains(name));
        let chosen = self.modules.iter().rev().find(|(name, _)| name.is_some_and(is_imported));
        chosen.map_or(smallest, |(_, module)| module)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plugin_gets_the_smallest_engine_that_has_what_it_imports() {
        let modules = [
            (None, &b"core"[..]),
            (Some("e/web"), &b"web"[..]),
            (Some("e/full"), &b"full"[..]),
            (Some("e/sockets"), &b"sockets"[..]),
        ];
        let engine = Engine { modules, runtime: "{}", sdk: "" };
        let chosen = |sources: &[&'static str]| engine.module_for(sources.iter().copied());
        assert_eq!(chosen(&["1", "import 'e/native'"]), b"core");
        assert_eq!(chosen(&["import 'e/web'", "1"]), b"web");
        assert_eq!(chosen(&["import 'e/web'", "import 'e/full'"]), b"full");
        assert_eq!(chosen(&["import 'e/sockets'", "import 'e/web'"]), b"sockets");
    }
}
