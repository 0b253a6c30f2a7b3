//! Builds a plugin's project into a component, with an installed toolchain.
//!
//! `built` has the result and the errors. `rust` compiles and encodes, `rust_toolchain` finds the compiler. `javascript` bundles and
//! injects, `script` runs the build of the SDK for Python. `command` runs child processes, `place` writes the result. `sources` and `stamp` detect whether a build is
//! necessary.

mod built;
mod command;
mod javascript;
mod place;
mod rust;
mod rust_toolchain;
mod script;
mod sources;
mod stamp;

use std::path::{Path, PathBuf};

use super::template::Language;

pub use built::{BuildError, Built};
pub use place::{Placed, place};
pub use sources::is_source;

pub use javascript::check as check_script;

/// What to build.
#[derive(Clone, Debug)]
pub enum Input {
    /// A project's folder, or one file in JavaScript or TypeScript.
    Project(PathBuf),
    /// A bundle that the SDK for JavaScript made.
    Bundle(PathBuf),
}

/// Builds a plugin into the folder `plugins`. Compilers print to this process's standard error. `cache` is the folder for
/// what the next build can use.
///
/// A component that was built from the same sources is kept, so that a host need not compile it again.
pub fn build(input: &Input, profile: &str, plugins: &Path, cache: &Path) -> Result<(Built, Placed), BuildError> {
    let folder = match input {
        Input::Bundle(file) => return placed(javascript::build_bundle(file, cache)?, plugins),
        Input::Project(file) if javascript::is_script(file) => {
            return placed(javascript::Project::of_file(file)?.build(cache)?, plugins);
        }
        Input::Project(folder) => folder,
    };
    match language(folder)? {
        // Cargo itself detects changes, and the same sources result in the same bytes.
        Language::Rust => placed(rust::build(folder, profile)?, plugins),
        Language::Js => {
            let project = javascript::Project::of_folder(folder)?;
            let (name, stamp) = (project.name.clone(), stamp::Stamp::of_js(folder));
            unless_unchanged(name, "@toril/plugin", stamp, plugins, || project.build(cache))
        }
        Language::Python => {
            let project = script::Project::python(folder)?;
            let (name, stamp) = (project.name.clone(), stamp::Stamp::of_python(folder));
            unless_unchanged(name, script::SDK, stamp, plugins, || project.build())
        }
    }
}

fn placed(built: Built, plugins: &Path) -> Result<(Built, Placed), BuildError> {
    let placed = place(plugins, &built.name, &built.bytes)?;
    Ok((built, placed))
}

fn unless_unchanged(
    name: String,
    by: &str,
    stamp: Option<stamp::Stamp>,
    plugins: &Path,
    build: impl FnOnce() -> Result<Built, BuildError>,
) -> Result<(Built, Placed), BuildError> {
    let path = plugins.join(format!("{name}.wasm"));
    if let Some(bytes) = stamp.as_ref().and_then(|stamp| stamp.made(&path)) {
        let built =
            Built { name, bytes, by: format!("{by}, of sources that have not changed since"), notes: Vec::new() };
        return Ok((built, Placed { path, changed: false }));
    }
    let (built, placed) = placed(build()?, plugins)?;
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
