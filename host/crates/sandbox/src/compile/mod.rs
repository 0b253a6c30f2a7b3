//! Compiles plugins in a separate process with a time and a memory limit. The compiler cannot be interrupted and its
//! input is untrusted. Neither may take down the host.

mod child;
mod error;
mod functions;
mod process;

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use wasmtime::component::Component;

pub use child::{COMMAND, Order};
pub use error::CompileError;

use crate::cache::Cache;
use process::ProcessError;
use toril_config::HostSettings;
use toril_job::text::one_line;

/// Components larger than this take seconds to compile, in bytes.
const LARGE: usize = 4 << 20;

/// Components of at least this size contain an engine or large libraries, in bytes. The next version, or another plugin
/// with the same engine, contains most of their functions. For smaller components, compiling costs less than reading the
/// functions of others.
const SHARES_FUNCTIONS: usize = 1 << 20;

/// The smallest `compile_memory`, in bytes, that leaves room for functions of earlier components beside the
/// compilation.
const ROOMY: u64 = 1 << 30;

/// The program that compiles plugins in a separate process. Unset if [`compile_with`] was not called.
static PROGRAM: OnceLock<PathBuf> = OnceLock::new();

/// Sets the program that has the subcommand [`COMMAND`]: `toril`, or one with the same command. If it is not set, as in
/// a program that embeds Toril, plugins are compiled in the current process. Then only the size of a plugin is limited.
/// Only the first call has an effect.
pub fn compile_with(program: impl Into<PathBuf>) {
    PROGRAM.get_or_init(|| program.into());
}

/// Compiles components, or loads them from the cache.
pub struct Compiler {
    engine: wasmtime::Engine,
    cache: Cache,
    timeout: Duration,
    memory: u64,
}

impl Compiler {
    /// Creates a compiler for this engine, with the limits of `[host]`.
    pub fn new(engine: wasmtime::Engine, cache: Cache, settings: &HostSettings) -> Self {
        Self { engine, cache, timeout: settings.compile_timeout, memory: settings.compile_memory }
    }

    /// Returns the compiled component of these bytes. `digest` is their SHA-256.
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
                functions: bytes.len() >= SHARES_FUNCTIONS && self.memory >= ROOMY,
            };
            match process::run(program, &order, &bytes, self.timeout).await {
                Ok(message) if message.is_empty() => {}
                Ok(message) => tracing::info!(plugin, summary = message, "plugin compiled"),
                // Compiling again in this process is safe: the component is now known to compile within the limits.
                Err(ProcessError::NotStored(error)) => tracing::warn!(plugin, error, "compiled plugin not cached"),
                Err(ProcessError::Failed(error)) => return Err(error),
            }
            if let Some(component) = self.cached(digest).await? {
                return Ok(component);
            }
        }
        self.here(digest.to_owned(), bytes).await
    }

    /// Loads from the cache on a blocking thread, so that no thread of queues or guests is blocked.
    async fn cached(&self, digest: &str) -> Result<Option<Component>, CompileError> {
        let (engine, cache, digest) = (self.engine.clone(), self.cache.clone(), digest.to_owned());
        let loaded = tokio::task::spawn_blocking(move || cache.load(&engine, &digest)).await;
        loaded.map_err(|error| CompileError::Crashed(error.to_string()))
    }

    /// Compiles in this process.
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
                // The only effect is a slower next start.
                tracing::warn!(%error, "compiled plugin not cached");
            }
            Ok(component)
        });
        compiled.await.unwrap_or_else(|error| Err(CompileError::Crashed(error.to_string())))
    }
}
