//! Turns a file into a plugin version that can run jobs: read, compile or load from the cache, check, describe.

mod contents;
mod describe;
mod error;
mod read;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use wasmtime::component::Linker;

pub use contents::Contents;
pub use error::LoadError;
pub use read::read;

use crate::compile::Compiler;
use crate::digest::checksum;
use crate::engine::Engine;
use crate::interface;
use crate::limits::check_parts;
use crate::pen::{GuestPre, PenState, linker};
use crate::pool::Pool;
use crate::settings::Settings;
use crate::version::Version;
use describe::{DescribeError, describe};
use read::read_summed;
use toril_job::Failure;
use toril_job::text::one_line;
use toril_schema::JobTypes;

/// The first eight bytes of a core module, and those of a component.
const MODULE: &[u8] = b"\0asm\x01\0\0\0";
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

/// Loads plugins for one engine.
pub struct Loader {
    linker: Linker<PenState>,
    compiler: Compiler,
    /// Maximum size of a component, in bytes.
    max_component: u64,
}

impl Loader {
    /// Links what a plugin may import.
    pub fn new(engine: &Engine, compiler: Compiler, max_component: u64) -> wasmtime::Result<Self> {
        Ok(Self { linker: linker(engine.wasmtime())?, compiler, max_component })
    }

    /// Reads a component file, and returns its bytes with their SHA-256.
    pub async fn read(&self, path: &Path) -> Result<(Vec<u8>, String), LoadError> {
        read_summed(path, self.max_component).await
    }

    /// Creates a version from these bytes. `path` is their source, for error messages.
    pub async fn load(
        &self,
        engine: &Engine,
        pool: &Pool,
        settings: Arc<Settings>,
        path: &Path,
        bytes: Vec<u8>,
    ) -> Result<Version, LoadError> {
        let world = |reason: String| LoadError::World { path: path.to_path_buf(), reason: one_line(&reason) };
        let (bytes, digest) = inspect(path, bytes).await?;
        let compiled = self.compiler.compile(&settings.plugin, &digest, bytes).await;
        let component = compiled.map_err(|reason| LoadError::Compile { path: path.to_path_buf(), reason })?;
        let linked = self.linker.instantiate_pre(&component).and_then(GuestPre::new);
        let pre = linked.map_err(|error| world(format!("{error:#}")))?;
        if let Some(needed) = component.resources_required() {
            check_parts(&needed).map_err(|reason| LoadError::Parts { path: path.to_path_buf(), reason })?;
        }
        let manifest = describe(engine, pool, pre.clone(), settings).await.map_err(|error| match error {
            DescribeError::OtherTypes(reason) => world(other_types(&reason)),
            DescribeError::Failed(failure) => LoadError::Describe {
                path: path.to_path_buf(),
                failure: Failure { message: one_line(&failure.message), ..failure },
            },
        })?;
        // On a blocking thread: the schemas come from the plugin, and compiling the largest takes some tenths of a
        // second.
        let compiled = tokio::task::spawn_blocking(move || JobTypes::new(manifest)).await;
        let jobs = match compiled {
            Ok(jobs) => jobs.map_err(|source| LoadError::Manifest { path: path.to_path_buf(), source })?,
            Err(error) => return Err(world(format!("its schemas could not be compiled: {error}"))),
        };
        Ok(Version { id: digest.chars().take(12).collect(), digest, interface: interface::VERSION, jobs, pre })
    }
}

/// Inspects the bytes without compiling them, so that a foreign component is refused at once and not after half a
/// minute of compiling. It runs on a blocking thread, since there may be many bytes.
async fn inspect(path: &Path, bytes: Vec<u8>) -> Result<(Vec<u8>, String), LoadError> {
    if bytes.starts_with(MODULE) {
        return Err(LoadError::CoreModule(path.to_path_buf()));
    }
    if !bytes.starts_with(COMPONENT) {
        return Err(LoadError::NoComponent(path.to_path_buf()));
    }
    let from = path.to_path_buf();
    let inspected = tokio::task::spawn_blocking(move || {
        let contents = Contents::of(&bytes)
            .map_err(|reason| LoadError::Damaged { path: from.clone(), reason: one_line(&reason) })?;
        interface::check(&contents.imports, &contents.exports)
            .map_err(|reason| LoadError::World { path: from, reason: one_line(&reason) })?;
        let digest = checksum(&bytes);
        Ok((bytes, digest))
    });
    inspected.await.unwrap_or_else(|error| {
        Err(LoadError::Damaged { path: path.to_path_buf(), reason: format!("it cannot be inspected: {error}") })
    })
}

/// The interface has the right name and version, but other types: before the first release the interface still changes.
fn other_types(reason: &str) -> String {
    format!(
        "it exports toril:plugin/handler@{} with other types than this host has ({reason}): build it with the SDK of this host's version",
        interface::VERSION
    )
}
