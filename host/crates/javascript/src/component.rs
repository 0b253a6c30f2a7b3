//! Builds a component from a bundle.

use std::path::Path;

use wasm_encoder::{ComponentSection, CustomSection};
use wit_component::ComponentEncoder;

use crate::engine::Engine;
use crate::module;
use crate::runtime::Runtime;
use crate::snapshot::{self, Script};
use crate::{BuildError, USES_SECTION, Uses};

/// What a plugin's module is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A bundle, which exports `handler` and imports only modules of the engine.
    Bundle,
    /// A module that no bundler has seen. It exports `handle`, `jobs` or a function, and imports only the SDK.
    Plain,
}

/// A plugin's module.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The name that stacks show.
    pub name: &'a str,
    /// The module's text.
    pub code: &'a str,
    /// What it is.
    pub kind: Kind,
}

/// The name by which a plain module imports the SDK, and by which its wrapper imports the module.
const SDK: &str = "@toril/plugin";
/// The module `bullmq` of a plain module: the SDK exports what it has.
const BULLMQ: Script<'_> = ("bullmq", "export * from '@toril/plugin';\n");
const WRAPPER: &str = "import * as plugin from 'toril:plain';\nimport { adapt } from '@toril/plugin';\nexport const handler = adapt(plugin);\n";

/// Builds a component. `cache` is a folder for the compiled engine, which makes the next build fast.
pub fn build(engine: Engine<'_>, source: Source<'_>, cache: Option<&Path>) -> Result<Vec<u8>, BuildError> {
    let Source { name, code, kind } = source;
    let runtime = Runtime::parse(engine.runtime)?;
    let parts = runtime.of(code);
    let mut all: Vec<Script<'_>> = parts.iter().map(|(name, code)| (name.as_str(), *code)).collect();
    match kind {
        Kind::Bundle => all.push((name, code)),
        Kind::Plain => all.extend([(SDK, engine.sdk), BULLMQ, ("toril:plain", code), (name, WRAPPER)]),
    }
    let module = engine.module_for(all.iter().map(|(_, code)| *code));
    let module = snapshot::take(module, &all, cache)?;
    let module = module::finish(&module)?;
    let encoder = ComponentEncoder::default().validate(false);
    let mut encoder = encoder.module(&module).map_err(BuildError::engine)?;
    let mut component = encoder.encode().map_err(BuildError::engine)?;
    let uses = serde_json::to_vec(&Uses::of(code)).map_err(BuildError::engine)?;
    CustomSection { name: USES_SECTION.into(), data: uses.into() }.append_to_component(&mut component);
    Ok(component)
}
