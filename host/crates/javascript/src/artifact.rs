//! The engine compiled for this machine, on disk: compiling it takes a second, and it never changes.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use sha2::{Digest, Sha256};
use wasmtime::{Engine, Module};

use crate::BuildError;

/// Compiles a module, or loads what an earlier call with this folder compiled. Without a folder it always compiles.
pub fn module(engine: &Engine, bytes: &[u8], folder: Option<&Path>) -> Result<Module, BuildError> {
    let Some(folder) = folder else { return Module::new(engine, bytes).map_err(BuildError::engine) };
    let path = folder.join(format!("js-engine-{}.cwasm", &digest(bytes)[..16]));
    if let Some(module) = load(engine, &path) {
        return Ok(module);
    }
    let module = Module::new(engine, bytes).map_err(BuildError::engine)?;
    let stored = module.serialize().map_err(BuildError::engine).map(|artifact| store(folder, &path, &artifact));
    if let Ok(Err(reason)) = stored {
        // Only the next build takes longer.
        tracing::debug!(path = %path.display(), %reason, "the compiled JavaScript engine was not stored");
    }
    Ok(module)
}

/// An artifact is its SHA-256 in 64 characters, then the machine code.
fn load(engine: &Engine, path: &Path) -> Option<Module> {
    let file = fs::read(path).ok()?;
    let (sum, artifact) = file.split_at_checked(64)?;
    if digest(artifact).as_bytes() != sum {
        tracing::warn!(path = %path.display(), "the compiled JavaScript engine is damaged, compiling again");
        return None;
    }
    // SAFETY: `store` wrote this file, in a folder that only this user can write, and the checksum excludes torn writes.
    // wasmtime itself checks the version and the settings.
    #[allow(unsafe_code)]
    let module = unsafe { Module::deserialize(engine, artifact) };
    module.ok()
}

fn store(folder: &Path, path: &Path, artifact: &[u8]) -> io::Result<()> {
    toril_private::make(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(digest(artifact).as_bytes())?;
    file.write_all(artifact)?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
