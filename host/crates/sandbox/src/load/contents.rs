//! Reads a component's bytes without running it: its imports, its producers, and the configuration entries that it
//! needs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use wasmparser::{ComponentTypeRef, KnownCustom, Parser, Payload, ProducersSectionReader};

use crate::grants::Grant;

/// An interface that contains only types. It has no function to call, so it does not count as an import.
const TYPES_ALONE: &str = "toril:plugin/types";

/// An interface that every call of which is denied.
const UDP: &str = "wasi:sockets/udp-create-socket";

/// The section in which the builder of JavaScript plugins lists the interfaces that a plugin uses. Its components
/// import everything that their engine can reach.
const USES: &str = "toril:uses";

/// The content of the section `toril:uses`.
#[derive(Deserialize)]
struct Uses {
    interfaces: Vec<String>,
}

/// The contents of a component.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Contents {
    /// The imported interfaces that have functions, with their versions.
    pub imports: Vec<String>,
    /// The interfaces that the plugin uses, if its builder recorded that in a section. Other imports are never called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uses: Option<Vec<String>>,
    /// The exported interfaces.
    pub exports: Vec<String>,
    /// The `producers` sections of the component and of its modules: `language`, `sdk` and `processed-by`, each with
    /// names and versions. Whether they exist depends on the tool that wrote the bytes.
    pub producers: BTreeMap<String, BTreeMap<String, String>>,
}

impl Contents {
    /// Reads a component. The error explains what is wrong with the bytes.
    pub fn of(bytes: &[u8]) -> Result<Self, String> {
        let mut contents = Self::default();
        // Nesting depth of the current position, in modules and components. The outermost component has depth 0.
        let mut depth = 0_usize;
        for payload in Parser::new(0).parse_all(bytes) {
            match payload.map_err(|error| error.to_string())? {
                Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
                Payload::End(_) => depth = depth.saturating_sub(1),
                Payload::ComponentImportSection(section) if depth == 0 => {
                    for import in section {
                        let import = import.map_err(|error| error.to_string())?;
                        let name = import.name.name;
                        if matches!(import.ty, ComponentTypeRef::Instance(_)) && without_version(name) != TYPES_ALONE {
                            contents.imports.push(name.to_owned());
                        }
                    }
                }
                Payload::ComponentExportSection(section) if depth == 0 => {
                    for export in section {
                        contents.exports.push(export.map_err(|error| error.to_string())?.name.name.to_owned());
                    }
                }
                Payload::CustomSection(section) if depth == 0 && section.name() == USES => {
                    // An unreadable section does not mean that the component is broken.
                    contents.uses = serde_json::from_slice(section.data()).map(|uses: Uses| uses.interfaces).ok();
                }
                Payload::CustomSection(section) => {
                    if let KnownCustom::Producers(producers) = section.as_known() {
                        // An unreadable section does not mean that the component is broken.
                        let _unreadable = contents.add_producers(producers);
                    }
                }
                _ => {}
            }
        }
        contents.imports.sort_unstable();
        Ok(contents)
    }

    /// The grants that the plugin's configuration entry needs. Without them, calls to the component's imports are
    /// denied.
    pub fn grants(&self) -> Vec<Grant> {
        let used = self.uses.as_ref().unwrap_or(&self.imports);
        let imports = |grant: &Grant| used.iter().any(|name| without_version(name) == grant.interface());
        // The runtime of a language imports the environment in every plugin, whether the plugin reads it or not. If it
        // imports sockets, then also those that no plugin can use.
        let from_runtime = |grant: &Grant| match grant {
            Grant::Env => true,
            Grant::Tcp => self.imports.iter().any(|name| without_version(name) == UDP),
            _ => false,
        };
        let is_meant = |grant: &Grant| self.uses.is_some() || !from_runtime(grant);
        Grant::ALL.into_iter().filter(imports).filter(is_meant).collect()
    }

    fn add_producers(&mut self, section: ProducersSectionReader<'_>) -> wasmparser::Result<()> {
        for field in section {
            let field = field?;
            let names = self.producers.entry(field.name.to_owned()).or_default();
            for value in field.values {
                let value = value?;
                names.insert(value.name.to_owned(), value.version.to_owned());
            }
        }
        Ok(())
    }
}

fn without_version(interface: &str) -> &str {
    interface.split('@').next().unwrap_or(interface)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn importing(names: &[&str]) -> Contents {
        Contents { imports: names.iter().map(|name| (*name).to_owned()).collect(), ..Contents::default() }
    }

    #[test]
    fn each_import_that_is_denied_by_default_has_its_grant() {
        let all = importing(&[
            "toril:plugin/job-context@0.2.0",
            "toril:plugin/jobs@0.2.0",
            "toril:plugin/postgres@0.2.0",
            "wasi:config/store@0.2.0-rc.1",
            "wasi:http/outgoing-handler@0.2.6",
            "wasi:keyvalue/store@0.2.0-draft2",
            "wasi:sockets/tcp-create-socket@0.2.9",
        ]);
        let grants = [Grant::Http, Grant::Config, Grant::KeyValue, Grant::Postgres, Grant::Tcp, Grant::AddTo];
        assert_eq!(all.grants(), grants);
    }

    #[test]
    fn the_types_of_http_alone_send_nothing() {
        assert!(importing(&["wasi:http/types@0.2.6", "wasi:clocks/wall-clock@0.2.6"]).grants().is_empty());
    }

    #[test]
    fn a_recorded_use_replaces_the_imports_of_an_engine() {
        let mut engine = importing(&["toril:plugin/jobs@0.2.0", "wasi:http/outgoing-handler@0.2.6"]);
        engine.uses = Some(vec!["toril:plugin/jobs@0.2.0".to_owned()]);
        assert_eq!(engine.grants(), [Grant::AddTo]);
    }

    #[test]
    fn the_environment_is_a_grant_only_where_its_use_is_recorded() {
        let mut component = importing(&["wasi:cli/environment@0.2.12"]);
        assert!(component.grants().is_empty());
        component.uses = Some(vec!["wasi:cli/environment@0.2.0".to_owned()]);
        assert_eq!(component.grants(), [Grant::Env]);
    }

    #[test]
    fn sockets_are_a_grant_unless_a_runtime_imports_them_in_every_plugin() {
        let names = ["wasi:sockets/tcp-create-socket@0.2.0", "wasi:sockets/udp-create-socket@0.2.0"];
        assert_eq!(importing(&names[..1]).grants(), [Grant::Tcp]);
        let mut component = importing(&names);
        assert!(component.grants().is_empty());
        component.uses = Some(vec![names[0].to_owned()]);
        assert_eq!(component.grants(), [Grant::Tcp]);
    }

    #[test]
    fn a_module_that_is_cut_off_is_an_error() {
        assert!(Contents::of(b"\0asm\x0d\0\x01\0\x00\x05").is_err());
    }
}
