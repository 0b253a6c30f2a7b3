//! Why a bundle did not become a component.

use std::time::Duration;

/// The reasons.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// This program was compiled without the engine.
    #[error(
        "this `toril` was compiled without the JavaScript engine. In Toril's repository, run `cargo xtask build-engine` and compile it again"
    )]
    NoEngine,
    /// The bundle has a syntax error, or its top level threw.
    #[error("{0}")]
    Script(String),
    /// The top level or `warmup` did not end.
    #[error("the plugin's top level and `warmup` did not end within {} seconds: move long work into the handler", .0.as_secs())]
    TooLong(Duration),
    /// The bundle's source map is not one.
    #[error("the bundle's source map cannot be read: {0}")]
    SourceMap(String),
    /// The engine itself failed.
    #[error("the JavaScript engine failed: {0}")]
    Engine(String),
}

impl BuildError {
    /// An error of wasmtime or of one of its tools.
    pub(crate) fn engine(error: impl std::fmt::Display) -> Self {
        Self::Engine(format!("{error:#}"))
    }
}
