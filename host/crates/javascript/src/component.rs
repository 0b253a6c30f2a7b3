//! Builds a component from a bundle.

use std::path::Path;

use wasm_encoder::{ComponentSection, CustomSection};
use wit_component::ComponentEncoder;

use crate::engine::Engine;
use crate::module;
use crate::snapshot;
use crate::{BuildError, USES_SECTION, Uses};

/// A plugin's bundle: one module that exports `handler` and imports only modules of the engine.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The name that stacks show.
    pub name: &'a str,
    /// The module's text.
    pub code: &'a str,
}

/// Builds a component. `cache` is a folder for the compiled engine, which makes the next build fast.
pub fn build(engine: Engine<'_>, source: Source<'_>, cache: Option<&Path>) -> Result<Vec<u8>, BuildError> {
    let scripts = [("toril:runtime", engine.runtime), (source.name, source.code)];
    let module = snapshot::take(engine.module, &scripts, cache)?;
    let module = module::finish(&module)?;
    let mut encoder = ComponentEncoder::default();
    encoder.validate(false);
    encoder.module(&module).map_err(BuildError::engine)?;
    let mut component = encoder.encode().map_err(BuildError::engine)?;
    let uses = serde_json::to_vec(&Uses::of(source.code)).map_err(BuildError::engine)?;
    CustomSection { name: USES_SECTION.into(), data: uses.into() }.append_to_component(&mut component);
    Ok(component)
}
