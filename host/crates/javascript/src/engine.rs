//! The engine and the JavaScript that runs in it before the plugin.

use crate::BuildError;

#[cfg(engine)]
const EMBEDDED: Option<Engine<'static>> = Some(Engine {
    module: include_bytes!(env!("TORIL_JS_ENGINE")),
    runtime: include_str!(env!("TORIL_JS_RUNTIME")),
    sdk: include_str!(env!("TORIL_JS_SDK")),
});
#[cfg(not(engine))]
const EMBEDDED: Option<Engine<'static>> = None;

/// An engine.
#[derive(Clone, Copy, Debug)]
pub struct Engine<'a> {
    /// The core module that `sdk/js/engine` is compiled to.
    pub module: &'a [u8],
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
