//! Builds a plugin's project into a component, with an installed toolchain.
//!
//! `built` has the result and the errors. `rust` compiles and encodes, `rust_toolchain` finds the compiler, `script` runs the builds of the other languages'
//! SDKs, `command` runs child processes, `place` writes the result. `sources` and `stamp` detect whether a build is
//! necessary.

mod built;
mod command;
mod place;
mod rust;
mod rust_toolchain;
mod script;
mod sources;
mod stamp;

use std::path::Path;

use super::template::Language;

pub use built::{BuildError, Built};
pub use place::{Placed, place};
pub use sources::is_source;

/// Builds the project in `folder` into the folder `plugins`. Compilers print to this process's standard error.
///
/// A component that was built from the same sources is kept, so that a host need not compile it again.
pub fn build(folder: &Path, profile: &str, plugins: &Path) -> Result<(Built, Placed), BuildError> {
    let (project, stamp) = match language(folder)? {
        Language::Rust => {
            // Cargo itself detects changes, and the same sources result in the same bytes.
            let built = rust::build(folder, profile)?;
            let placed = place(plugins, &built.name, &built.bytes)?;
            return Ok((built, placed));
        }
        Language::Js => (script::Project::js(folder)?, stamp::Stamp::of_js(folder)),
        Language::Python => (script::Project::python(folder)?, stamp::Stamp::of_python(folder)),
    };
    let path = plugins.join(format!("{}.wasm", project.name));
    if let Some(bytes) = stamp.as_ref().and_then(|stamp| stamp.made(&path)) {
        let by = format!("{}, of sources that have not changed since", project.by);
        let built = Built { name: project.name, bytes, by, note: None };
        return Ok((built, Placed { path, changed: false }));
    }
    let built = project.build()?;
    let placed = place(plugins, &built.name, &built.bytes)?;
    if let Some(stamp) = stamp {
        stamp.remember(&built.bytes);
    }
    Ok((built, placed))
}

/// The language of a project, which follows from the file that describes its package.
fn language(folder: &Path) -> Result<Language, BuildError> {
    let files = [("Cargo.toml", Language::Rust), ("package.json", Language::Js), ("pyproject.toml", Language::Python)];
    let found = files.into_iter().find(|(file, _)| folder.join(file).is_file());
    found.map(|(_, language)| language).ok_or_else(|| BuildError::NoProject(folder.to_owned()))
}
