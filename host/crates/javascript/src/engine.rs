//! The engine and the JavaScript that runs in it before the plugin.

use crate::BuildError;

#[cfg(engine)]
const EMBEDDED: Option<(&[u8], &str)> = Some((include_bytes!(env!("TORIL_JS_ENGINE")), include_str!(env!("TORIL_JS_RUNTIME"))));
#[cfg(not(engine))]
const EMBEDDED: Option<(&[u8], &str)> = None;

/// An engine.
#[derive(Clone, Copy, Debug)]
pub struct Engine<'a> {
    /// The core module that `sdk/js/engine` is compiled to.
    pub module: &'a [u8],
    /// The Web APIs of `sdk/js/runtime`, as one module.
    pub runtime: &'a str,
}

impl Engine<'static> {
    /// The engine that this program contains.
    pub fn embedded() -> Result<Self, BuildError> {
        let (module, runtime) = EMBEDDED.ok_or(BuildError::NoEngine)?;
        Ok(Self { module, runtime })
    }
}
