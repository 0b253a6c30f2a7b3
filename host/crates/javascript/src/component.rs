//! Builds a component from a bundle.

use std::path::Path;

use wasm_encoder::{ComponentSection, CustomSection};
use wit_component::ComponentEncoder;

use crate::engine::Engine;
use crate::module;
use crate::positions;
use crate::runtime::Runtime;
use crate::snapshot::{self, Script, Snapshot};
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
    /// The file's name, which stacks show.
    pub name: &'a str,
    /// The module's text.
    pub code: &'a str,
    /// Its source map, if it is made from other files: stacks then show those.
    pub map: Option<&'a str>,
    /// What it is.
    pub kind: Kind,
}

/// The name by which a plain module imports the SDK.
const SDK: &str = "@toril/plugin";
/// The module `bullmq` of a plain module: the SDK exports what it has.
const BULLMQ: Script<'_> = ("bullmq", "export * from '@toril/plugin';\n");
/// The module that adapts a plain module. Stacks do not show it.
const WRAPPER: &str = "toril:plugin";

/// A plugin's component.
#[derive(Clone, Debug)]
pub struct Component {
    /// The component.
    pub bytes: Vec<u8>,
    /// The environment variables that the author's code read before the snapshot, where none exist.
    pub early_reads: Vec<EarlyRead>,
}

/// An environment variable that is undefined, because it was read before the snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EarlyRead {
    /// The variable. `None`: all of them.
    pub variable: Option<String>,
    /// The file and the line.
    pub place: String,
}

/// Builds a component. `cache` is a folder for the compiled engine, which makes the next build fast.
pub fn build(engine: Engine<'_>, source: Source<'_>, cache: Option<&Path>) -> Result<Component, BuildError> {
    let Source { name, code, map, kind } = source;
    let runtime = Runtime::parse(engine.runtime)?;
    let parts = runtime.of(code);
    let mut all: Vec<Script<'_>> = parts.iter().map(|(name, code)| (name.as_str(), *code)).collect();
    let wrapper = wrapper(name)?;
    match kind {
        Kind::Bundle => all.push((name, code)),
        Kind::Plain => all.extend([(SDK, engine.sdk), BULLMQ, (name, code), (WRAPPER, &wrapper)]),
    }
    let positions = map.map_or_else(|| Ok(Vec::new()), |map| positions::table(name, map))?;
    let module = engine.module_for(all.iter().map(|(_, code)| *code));
    let Snapshot { module, notes } = snapshot::take(module, &all, &positions, cache)?;
    let module = module::finish(&module)?;
    let encoder = ComponentEncoder::default().validate(false);
    let mut encoder = encoder.module(&module).map_err(BuildError::engine)?;
    let mut component = encoder.encode().map_err(BuildError::engine)?;
    let uses = serde_json::to_vec(&Uses::of(code)).map_err(BuildError::engine)?;
    CustomSection { name: USES_SECTION.into(), data: uses.into() }.append_to_component(&mut component);
    Ok(Component { bytes: component, early_reads: notes.lines().filter_map(early_read).collect() })
}

/// A line of the engine's notes: the place, then the variable, or nothing for all of them.
fn early_read(line: &str) -> Option<EarlyRead> {
    let (place, variable) = line.split_once('\t')?;
    let variable = Some(variable).filter(|variable| !variable.is_empty());
    Some(EarlyRead { variable: variable.map(str::to_owned), place: place.to_owned() })
}

/// The module that makes the exports of a plain module those of a bundle.
fn wrapper(name: &str) -> Result<String, BuildError> {
    let name = serde_json::to_string(name).map_err(BuildError::engine)?;
    Ok(format!(
        "import * as plugin from {name};\nimport {{ adapt }} from '{SDK}';\nexport const handler = adapt(plugin);\n"
    ))
}
