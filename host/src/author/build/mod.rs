//! From a plugin's project to its component, with whatever toolchain is installed.
//!
//! `rust` compiles and encodes, `rust_toolchain` finds the compiler, `script` has the SDKs of other languages build, `command` runs children, `place` writes the result.

mod command;
mod place;
mod rust;
mod rust_toolchain;
mod script;

use std::io;
use std::path::{Path, PathBuf};

use super::template::Language;

pub use place::{Placed, place};

/// The target of Rust plugins: a module for it imports nothing but what its world names.
const RUST_TARGET: &str = "wasm32-unknown-unknown";
const DEBIAN_PACKAGES: &str = "rustc-web cargo-web rust-web-src rust-web-llvm lld";

/// A component that was built.
#[derive(Clone, Debug)]
pub struct Built {
    /// The plugin's name: the package's.
    pub name: String,
    /// The component.
    pub bytes: Vec<u8>,
    /// What built it, for a person.
    pub by: String,
}

/// Why a project did not become a component.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// There is no project.
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
    /// The project does not say what it is.
    #[error("{} cannot be read as what it should be: {reason}", .path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// There is no compiler.
    #[error(
        "no installed Rust toolchain compiles plugins (target {RUST_TARGET}). Install one of these and try again:\n  \
         with rustup: `rustup target add {RUST_TARGET}`\n  \
         on Debian, as root: `apt-get install --no-install-recommends {DEBIAN_PACKAGES}`{note}"
    )]
    NoRustToolchain {
        /// What was chosen, where something was.
        note: String,
    },
    /// The choice of a toolchain is none.
    #[error("TORIL_GUEST_TOOLCHAIN is {0:?}: give it the value rustup or debian, or none")]
    Choice(String),
    /// A command could not be run.
    #[error("`{command}` cannot be started: {source}")]
    Start {
        /// As a person would type it.
        command: String,
        /// Why not.
        source: io::Error,
    },
    /// A command failed, and has said why.
    #[error("`{command}` ended with {status}{said}")]
    Command {
        /// As a person would type it.
        command: String,
        /// How it ended.
        status: std::process::ExitStatus,
        /// What it printed, where the user has not seen that.
        said: String,
    },
    /// Cargo's answer cannot be read.
    #[error("`cargo metadata` printed a document of an unknown shape for {}", .0.display())]
    Metadata(PathBuf),
    /// The folder is a workspace, or its package makes no component.
    #[error("{} makes no component: it needs a [package] with `crate-type = [\"cdylib\"]` under [lib] in its Cargo.toml", .0.display())]
    NoLibrary(PathBuf),
    /// What the compiler made is no component.
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
        /// Why not.
        source: io::Error,
    },
}

/// Builds the project in `folder`. Compilers print to this process's own standard error.
pub fn build(folder: &Path, profile: &str) -> Result<Built, BuildError> {
    match language(folder)? {
        Language::Rust => rust::build(folder, profile),
        Language::Js => script::build_js(folder),
        Language::Python => script::build_python(folder),
    }
}

/// What a project is written in, by the file that describes its package.
fn language(folder: &Path) -> Result<Language, BuildError> {
    let files = [("Cargo.toml", Language::Rust), ("package.json", Language::Js), ("pyproject.toml", Language::Python)];
    let found = files.into_iter().find(|(file, _)| folder.join(file).is_file());
    found.map(|(_, language)| language).ok_or_else(|| BuildError::NoProject(folder.to_owned()))
}
