//! Compiles plugins, in a process of their own that is ended when it takes too long or too much memory. The compiler
//! cannot be interrupted, and what it is given was written by others: neither may take the host along.

mod child;
mod functions;
mod process;

use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use wasmtime::component::Component;

use super::cache::Cache;
use super::limits::one_line;
use toril_config::HostSettings;

pub use child::Order;

/// The name of the command with which a program compiles what it gets on standard input: [`Order::carry_out`].
pub const COMMAND: &str = "compile-plugin";

/// Components beyond this take seconds to compile, in bytes.
const LARGE: usize = 4 * 1024 * 1024;

/// The least `compile_memory`, in bytes, with which functions of earlier components fit in beside what compiling takes.
const ROOMY: u64 = 1 << 30;

/// What compiles plugins in a process of its own. None: nobody has said.
static PROGRAM: OnceLock<PathBuf> = OnceLock::new();

/// Says which program has [`COMMAND`]: `toril`, or one that offers the same. Without it, as in a program that embeds
/// Toril, plugins are compiled in the process itself, and no more than their size is bounded. The first call counts.
pub fn compile_with(program: impl Into<PathBuf>) {
    PROGRAM.get_or_init(|| program.into());
}

/// Whether what was compiled of a large component serves for the next one.
static KEEPS_FUNCTIONS: AtomicBool = AtomicBool::new(false);

/// Lets the functions of large components be kept, beside the artifacts: for those who write plugins and compile one build
/// of them after the other. It takes the program of [`compile_with`].
pub fn keep_functions() {
    KEEPS_FUNCTIONS.store(true, Ordering::Relaxed);
}

/// Why a component was not compiled. Each goes behind "does not compile: ".
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// The compiler says what is wrong with it.
    #[error("{0}")]
    Invalid(String),
    /// It took too long.
    #[error("it takes longer than {}; `compile_timeout` under [host] sets the limit", humantime::format_duration(*.0))]
    Late(Duration),
    /// It took too much memory.
    #[error("it takes more than {0} bytes of memory; `compile_memory` under [host] sets the limit")]
    Memory(u64),
    /// The compiler has crashed, or was killed.
    #[error("the compiler ended without a result ({0})")]
    Crashed(String),
    /// It did not run.
    #[error("the compiler cannot be run: {0}")]
    NotRun(#[from] std::io::Error),
}

/// Compiles, or takes from the cache what was compiled before.
pub struct Compiler {
    engine: wasmtime::Engine,
    cache: Cache,
    timeout: Duration,
    memory: u64,
}

impl Compiler {
    /// Compiles for this engine, within the bounds of `[host]`.
    pub fn new(engine: wasmtime::Engine, cache: Cache, settings: &HostSettings) -> Self {
        Self { engine, cache, timeout: settings.compile_timeout, memory: settings.compile_memory }
    }

    /// The component that these bytes become. `digest` is their SHA-256.
    pub async fn compile(&self, plugin: &str, digest: &str, bytes: Vec<u8>) -> Result<Component, CompileError> {
        if let Some(component) = self.cached(digest).await? {
            return Ok(component);
        }
        if bytes.len() > LARGE {
            tracing::info!(plugin, bytes = bytes.len(), "compiling the plugin, once; this can take a minute");
        }
        if let Some(program) = PROGRAM.get() {
            let order = Order {
                cache: self.cache.folder().to_owned(),
                memory: self.memory,
                size: bytes.len(),
                functions: bytes.len() > LARGE && self.memory >= ROOMY && KEEPS_FUNCTIONS.load(Ordering::Relaxed),
            };
            match process::run(program, &order, &bytes, self.timeout).await {
                Ok(said) if said.is_empty() => {}
                Ok(said) => tracing::info!(plugin, "the plugin is compiled: {said}"),
                // It is known now that it can be compiled within the bounds.
                Err(process::Ended::NotStored(error)) => tracing::warn!(plugin, error, "compiled plugin not cached"),
                Err(process::Ended::Failed(error)) => return Err(error),
            }
            if let Some(component) = self.cached(digest).await? {
                return Ok(component);
            }
        }
        self.here(digest.to_owned(), bytes).await
    }

    /// On a thread that may block, and never on one that works for queues or guests.
    async fn cached(&self, digest: &str) -> Result<Option<Component>, CompileError> {
        let (engine, cache, digest) = (self.engine.clone(), self.cache.clone(), digest.to_owned());
        let loaded = tokio::task::spawn_blocking(move || cache.load(&engine, &digest)).await;
        loaded.map_err(|error| CompileError::Crashed(error.to_string()))
    }

    /// In this process.
    async fn here(&self, digest: String, bytes: Vec<u8>) -> Result<Component, CompileError> {
        let (engine, cache) = (self.engine.clone(), self.cache.clone());
        let compiled = tokio::task::spawn_blocking(move || {
            let component = Component::new(&engine, &bytes)
                .map_err(|error| CompileError::Invalid(one_line(&format!("{error:#}"))))?;
            let stored = component
                .serialize()
                .map_err(std::io::Error::other)
                .and_then(|artifact| cache.store(&engine, &digest, &artifact));
            if let Err(error) = stored {
                // No more than a slower next start.
                tracing::warn!(%error, "compiled plugin not cached");
            }
            Ok(component)
        });
        compiled.await.unwrap_or_else(|error| Err(CompileError::Crashed(error.to_string())))
    }
}
