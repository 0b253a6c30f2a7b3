//! Changes a core module's sections without touching its code.

use wasm_encoder::{ExportKind, ExportSection, Module, RawSection};
use wasmparser::{ExternalKind, Parser, Payload};

use crate::BuildError;

/// Exports that start so are for the builder alone.
const BUILD_TIME: &str = "toril_js_";

/// The module without the builder's exports and without names.
///
/// The names would be half a megabyte in each plugin. Traces of JavaScript come from the engine, not from them.
pub fn finish(module: &[u8]) -> Result<Vec<u8>, BuildError> {
    let mut finished = Module::new();
    for payload in Parser::new(0).parse_all(module) {
        match payload.map_err(BuildError::engine)? {
            Payload::ExportSection(exports) => {
                let mut kept = ExportSection::new();
                for export in exports {
                    let export = export.map_err(BuildError::engine)?;
                    if !export.name.starts_with(BUILD_TIME) {
                        kept.export(export.name, kind(export.kind)?, export.index);
                    }
                }
                finished.section(&kept);
            }
            Payload::CustomSection(section) if section.name() == "name" || section.name() == "producers" => {}
            payload => {
                if let Some((id, range)) = payload.as_section() {
                    let data = module.get(range.start..range.end).unwrap_or_default();
                    finished.section(&RawSection { id, data });
                }
            }
        }
    }
    Ok(finished.finish())
}

fn kind(kind: ExternalKind) -> Result<ExportKind, BuildError> {
    Ok(match kind {
        ExternalKind::Func => ExportKind::Func,
        ExternalKind::Table => ExportKind::Table,
        ExternalKind::Memory => ExportKind::Memory,
        ExternalKind::Global => ExportKind::Global,
        _ => return Err(BuildError::Engine("the engine has an export of an unknown kind".into())),
    })
}
