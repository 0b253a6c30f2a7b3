//! Why a plugin's file cannot be used.

use std::path::PathBuf;

use crate::compile::CompileError;
use crate::grants::postgres::PoolProblem;
use toril_job::Failure;
use toril_schema::ManifestError;

/// Why a plugin's file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file does not exist.
    #[error("{} does not exist: build the plugin and put its component there", .0.display())]
    Missing(PathBuf),
    /// The file cannot be read.
    #[error("{} cannot be read: {source}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The path is a folder, a pipe or a device.
    #[error("{} is not a file", .0.display())]
    NoFile(PathBuf),
    /// The file is too large.
    #[error("{} is larger than {most} bytes, the `max_component` under [host]", .path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit in bytes.
        most: u64,
    },
    /// The file is a core module.
    #[error("{} is a core WebAssembly module and not a component: turn it into one (`toril plugin build` does, and so does `wasm-tools component new`)", .0.display())]
    CoreModule(PathBuf),
    /// The file is neither a core module nor a component.
    #[error("{} is not a WebAssembly component", .0.display())]
    NoComponent(PathBuf),
    /// The bytes are incomplete or invalid.
    #[error("{} is damaged: {reason}", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where the bytes end too early, or what is wrong with them.
        reason: String,
    },
    /// The component does not compile.
    #[error("{} does not compile: {reason}", .path.display())]
    Compile {
        /// The file.
        path: PathBuf,
        /// The cause.
        reason: CompileError,
    },
    /// The component's exports or imports do not match an interface version of this host.
    #[error("{} is not a plugin for this host: {reason}", .path.display())]
    World {
        /// The file.
        path: PathBuf,
        /// What does not match.
        reason: String,
    },
    /// An instance of the component would exceed the limits of a pen.
    #[error("{} was refused: {reason}", .path.display())]
    Parts {
        /// The file.
        path: PathBuf,
        /// Which limit it exceeds.
        reason: String,
    },
    /// A pool of the plugin's entry cannot be used.
    #[error(transparent)]
    Pool(#[from] PoolProblem),
    /// `describe` failed.
    #[error("{} was refused: its `describe` failed: {}", .path.display(), .failure.message)]
    Describe {
        /// The file.
        path: PathBuf,
        /// The failure of the call.
        failure: Failure,
    },
    /// The manifest that `describe` returned is invalid.
    #[error("{} was refused: {source}", .path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// What is wrong with the manifest.
        source: ManifestError,
    },
}
