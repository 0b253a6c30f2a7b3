//! Why a component was not compiled.

use std::time::Duration;

/// Why a component was not compiled. The message follows the text "does not compile: ".
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// The compiler rejected the component.
    #[error("{0}")]
    Invalid(String),
    /// Compiling took too long.
    #[error("it takes longer than {}; `compile_timeout` under [host] sets the limit", humantime::format_duration(*.0))]
    Late(Duration),
    /// Compiling took too much memory.
    #[error("it takes more than {0} bytes of memory; `compile_memory` under [host] sets the limit")]
    Memory(u64),
    /// The compiler crashed or was killed.
    #[error("the compiler ended without a result ({0})")]
    Crashed(String),
    /// The compiler could not be started.
    #[error("the compiler cannot be run: {0}")]
    NotRun(#[from] std::io::Error),
}
