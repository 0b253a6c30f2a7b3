//! Builds a plugin's project into a component, with an installed toolchain.
//!
//! `rust` compiles and encodes, `rust_toolchain` finds the compiler, `script` runs the builds of the other languages'
//! SDKs, `command` runs child processes, `place` writes the result. `sources` and `stamp` detect whether a build is
//! necessary.

mod command;
mod place;
mod rust;
mod rust_toolchain;
mod script;
mod sources;
mod stamp;

use std::io;
use std::path::{Path, PathBuf};

use super::template::Language;

pub use place::{Placed, place};
pub use sources::is_source;

/// The target of Rust plugins. A module for this target imports only what its world declares.
const RUST_TARGET: &str = "wasm32-unknown-unknown";
const DEBIAN_PACKAGES: &str = "rustc-web cargo-web rust-web-src rust-web-llvm lld";

/// A component that was built.
#[derive(Clone, Debug)]
pub struct Built {
    /// The plugin's name, which is the package's name.
    pub name: String,
    /// The component.
    pub bytes: Vec<u8>,
    /// The toolchain, as text for the user.
    pub by: String,
    /// A remark about the build, in one sentence.
    pub note: Option<&'static str>,
}

/// Why a build failed.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The folder is not a plugin project.
    #[error("{} is no plugin project: it has neither Cargo.toml nor package.json nor pyproject.toml. `toril plugin new` makes one.", .0.display())]
    NoProject(PathBuf),
    /// The SDK's build is not installed.
    #[error("the project in {} cannot be built, since its SDK is not installed: {advice}", .folder.display())]
    NoScript {
        /// The project.
        folder: PathBuf,
        /// What to do.
        advice: &'static str,
    },
    /// The file that describes the package is not valid.
    #[error("{} cannot be read as what it should be: {reason}", .path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// No suitable Rust toolchain is installed.
    #[error(
        "no installed Rust toolchain compiles plugins (target {RUST_TARGET}). Install one of these and try again:\n  \
         with rustup: `rustup target add {RUST_TARGET}`\n  \
         on Debian, as root: `apt-get install --no-install-recommends {DEBIAN_PACKAGES}`{note}"
    )]
    NoRustToolchain {
        /// A remark about the selected toolchain, if one was selected.
        note: String,
    },
    /// `TORIL_GUEST_TOOLCHAIN` has an unknown value.
    #[error("TORIL_GUEST_TOOLCHAIN is {0:?}: give it the value rustup or debian, or none")]
    Choice(String),
    /// A command could not be started.
    #[error("`{command}` cannot be started: {source}")]
    Start {
        /// The command, as a user would type it.
        command: String,
        /// The cause.
        source: io::Error,
    },
    /// A command failed.
    #[error("`{command}` ended with {status}{said}")]
    Command {
        /// The command, as a user would type it.
        command: String,
        /// Its exit status.
        status: std::process::ExitStatus,
        /// Its output, if the user has not seen it yet.
        said: String,
    },
    /// The output of Cargo cannot be parsed.
    #[error("`cargo metadata` printed a document of an unknown shape for {}", .0.display())]
    Metadata(PathBuf),
    /// The folder is a workspace, or its package does not build a component.
    #[error("{} makes no component: it needs a [package] with `crate-type = [\"cdylib\"]` under [lib] in its Cargo.toml", .0.display())]
    NoLibrary(PathBuf),
    /// The compiled module cannot be converted to a component.
    #[error("{} cannot be made a component: {reason}. A plugin exports itself with `toril_plugin::export!`.", .module.display())]
    Encode {
        /// The core module.
        module: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A file cannot be read or written.
    #[error("{} cannot be {doing}: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// `read` or `written`.
        doing: &'static str,
        /// The cause.
        source: io::Error,
    },
}

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
