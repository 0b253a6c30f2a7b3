//! Compiled plugins on disk, so that neither a restart nor a return to an earlier version needs to compile.

use std::fs;
use std::hash::{Hash, Hasher};
use std::io::{self, BufWriter, IntoInnerError, Write};
use std::path::{Path, PathBuf};

use fnv::FnvHasher;
use wasmtime::component::Component;

use crate::digest::checksum;
use toril_private as private;

/// Maximum number of artifacts in the cache. It is enough for the versions that a team returns to. Without a limit the
/// disk would fill up, since a plugin with a language engine takes tens of megabytes.
const KEPT: usize = 64;

/// File extension of the compiled functions.
const FUNCTIONS: &str = "functions";

/// A folder of artifacts. They are machine code, so only this host may write to the folder.
#[derive(Clone, Debug)]
pub struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// Opens or creates the folder, accessible to this user alone. Fails if the folder belongs to another user.
    pub fn open(folder: &Path) -> io::Result<Self> {
        private::make(folder)?;
        Ok(Self { folder: folder.to_path_buf() })
    }

    /// Path of the artifact for these bytes and this engine.
    fn path(&self, engine: &wasmtime::Engine, digest: &str) -> PathBuf {
        self.folder.join(format!("{digest}-{}.cwasm", settings(engine)))
    }

    /// Path of the file with the compiled functions of earlier components, for this engine.
    pub fn functions(&self, engine: &wasmtime::Engine) -> PathBuf {
        self.folder.join(format!("{}.{FUNCTIONS}", settings(engine)))
    }

    /// Writes that file and removes the files of other engines, which earlier hosts left behind.
    pub fn replace_functions(
        &self,
        path: &Path,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        self.replace(path, write)?;
        for entry in fs::read_dir(&self.folder)? {
            let other = entry?.path();
            if other != path && other.extension().is_some_and(|extension| extension == FUNCTIONS) {
                remove(&other)?;
            }
        }
        Ok(())
    }

    /// Loads an artifact. Returns `None` if there is no usable one.
    pub fn load(&self, engine: &wasmtime::Engine, digest: &str) -> Option<Component> {
        let path = self.path(engine, digest);
        if !self.intact(&path) {
            return None;
        }
        // SAFETY: `store` wrote this file, in this process or in an earlier host of the same user, in a folder that
        // only that user can write. `intact` has compared the file with the checksum beside it, which excludes torn
        // writes and disk errors. wasmtime itself checks the version and the settings.
        #[allow(unsafe_code)]
        let component = unsafe { Component::deserialize_file(engine, &path) };
        match component {
            Ok(component) => Some(component),
            Err(error) => {
                tracing::warn!(path = %path.display(), error = format!("{error:#}"), "cached artifact not usable, compiling again");
                None
            }
        }
    }

    /// Stores an artifact. If the cache is full, the oldest artifacts are removed.
    pub fn store(&self, engine: &wasmtime::Engine, digest: &str, artifact: &[u8]) -> io::Result<()> {
        let path = self.path(engine, digest);
        self.write(&path, artifact)?;
        self.write(&path.with_extension("sum"), checksum(artifact).as_bytes())?;
        self.prune()
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Removes the oldest artifacts until only [`KEPT`] are left.
    fn prune(&self) -> io::Result<()> {
        let mut artifacts = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "cwasm") {
                match fs::metadata(&path) {
                    Ok(metadata) => artifacts.push((metadata.modified()?, path)),
                    // Another host that shares the folder has just removed it.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => return Err(error),
                }
            }
        }
        artifacts.sort();
        let surplus = artifacts.len().saturating_sub(KEPT);
        for (_, path) in artifacts.into_iter().take(surplus) {
            // A running host has mapped its code and keeps it after the removal.
            remove(&path.with_extension("sum"))?;
            remove(&path)?;
        }
        Ok(())
    }

    fn intact(&self, path: &Path) -> bool {
        let (Ok(artifact), Ok(sum)) = (fs::read(path), fs::read(path.with_extension("sum"))) else {
            return false;
        };
        let intact = checksum(&artifact).as_bytes() == sum;
        if !intact {
            tracing::warn!(path = %path.display(), "cached artifact is damaged, compiling again");
        }
        intact
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.replace(path, |file| file.write_all(bytes))
    }

    /// Writes a temporary file and renames it, so that a reader never sees a partial file.
    fn replace(&self, path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        let mut file = BufWriter::new(tempfile::NamedTempFile::new_in(&self.folder)?);
        write(&mut file)?;
        let file = file.into_inner().map_err(IntoInnerError::into_error)?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    }
}

/// Removes a file that may already be gone: a killed host may have left only one of an artifact's two files, or another
/// host with the same folder removed it first.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// Identifies an engine. wasmtime's compatibility hash covers its version, the compiler's settings and the processor's
/// features. The hash must be the same in every process, unlike that of the standard library. It is used for file names
/// only.
fn settings(engine: &wasmtime::Engine) -> String {
    let mut settings = FnvHasher::default();
    engine.precompile_compatibility_hash().hash(&mut settings);
    format!("{:016x}", settings.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_hash_is_the_same_in_every_process() {
        let mut hash = FnvHasher::default();
        hash.write(b"foobar");
        assert_eq!(hash.finish(), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn the_oldest_artifacts_make_room() {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = Cache::open(folder.path()).expect("opens");
        let engine = wasmtime::Engine::default();
        let artifact = engine.precompile_component(b"\0asm\x0d\0\x01\0").expect("an empty component");
        for number in 0..KEPT + 2 {
            cache.store(&engine, &number.to_string(), &artifact).expect("stores");
        }
        assert!(cache.load(&engine, "0").is_none());
        assert!(cache.load(&engine, &(KEPT + 1).to_string()).is_some());
        assert_eq!(fs::read_dir(folder.path()).expect("lists").count(), 2 * KEPT);
    }

    #[test]
    fn an_artifact_without_its_checksum_is_removed_like_the_others() {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = Cache::open(folder.path()).expect("opens");
        let engine = wasmtime::Engine::default();
        for number in 0..KEPT {
            cache.store(&engine, &number.to_string(), b"artifact").expect("stores");
        }
        fs::remove_file(cache.path(&engine, "0").with_extension("sum")).expect("removes");
        for number in KEPT..KEPT + 3 {
            cache.store(&engine, &number.to_string(), b"artifact").expect("stores");
        }
        assert_eq!(fs::read_dir(folder.path()).expect("lists").count(), 2 * KEPT);
    }

    #[test]
    fn a_damaged_artifact_is_not_loaded() {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = Cache::open(folder.path()).expect("opens");
        let engine = wasmtime::Engine::default();
        let artifact = engine.precompile_component(b"\0asm\x0d\0\x01\0").expect("an empty component");
        cache.store(&engine, "abc", &artifact).expect("stores");
        assert!(cache.load(&engine, "abc").is_some());
        let path = cache.path(&engine, "abc");
        let mut bytes = fs::read(&path).expect("there");
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        fs::write(&path, bytes).expect("writes");
        assert!(cache.load(&engine, "abc").is_none());
    }
}
