//! The result of a build, and why a build failed.

use std::io;
use std::path::PathBuf;

/// The target of Rust plugins. A module for this target imports only what its world declares.
pub const RUST_TARGET: &str = "wasm32-unknown-unknown";
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
    /// Remarks about the build, each in one line.
    pub notes: Vec<String>,
}

/// Why a build failed.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The folder is not a plugin project.
    #[error("{} is not a plugin project: it has neither Cargo.toml nor package.json nor pyproject.toml. `toril plugin new` makes one.", .0.display())]
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
    /// A script has an error, or the JavaScript engine cannot load it.
    #[error("{} cannot be built: {source}", .entry.display())]
    Script {
        /// The plugin's module.
        entry: PathBuf,
        /// The cause.
        source: toril_javascript::BuildError,
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
