//! From a file to a version of a plugin that can run jobs: read, compile or take from the cache, check, describe.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::io::AsyncReadExt;
use wasmtime::component::Linker;

use super::cache::checksum;
use super::compile::{CompileError, Compiler};
use super::contents::Contents;
use super::engine::Engine;
use super::interface::{GuestPre, InterfaceVersion};
use super::limits::{check_parts, one_line};
use super::pen::{self, Undescribed};
use super::schema::{JobTypes, ManifestError};
use super::settings::Settings;
use super::state::PenState;
use toril_job::Failure;

/// The first eight bytes of a core module and of a component.
const MODULE: &[u8] = b"\0asm\x01\0\0\0";
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

/// A plugin's bytes, compiled and ready to run.
pub struct Version {
    /// The first 12 hexadecimal digits of the bytes' SHA-256.
    pub id: String,
    /// The SHA-256 itself.
    pub digest: String,
    /// The version of the plugin interface that it was built for.
    pub interface: InterfaceVersion,
    /// The kinds of job that it handles.
    pub jobs: JobTypes,
    pub(super) pre: GuestPre,
}

impl std::fmt::Debug for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Version").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Why a plugin's file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// There is no such file.
    #[error("{} does not exist: build the plugin and put its component there", .0.display())]
    Missing(PathBuf),
    /// It cannot be read.
    #[error("{} cannot be read: {source}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// It is a folder, a pipe or a device.
    #[error("{} is no file", .0.display())]
    NoFile(PathBuf),
    /// It is too large.
    #[error("{} is larger than {most} bytes, the `max_component` under [host]", .path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit in bytes.
        most: u64,
    },
    /// It is a core module.
    #[error("{} is a core WebAssembly module and not a component: turn it into one (`toril plugin build` does, and so does `wasm-tools component new`)", .0.display())]
    CoreModule(PathBuf),
    /// It is something else.
    #[error("{} is no WebAssembly component", .0.display())]
    NoComponent(PathBuf),
    /// Its bytes are not whole.
    #[error("{} is damaged: {reason}", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where it breaks off, or what is wrong there.
        reason: String,
    },
    /// It does not compile.
    #[error("{} does not compile: {reason}", .path.display())]
    Compile {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: CompileError,
    },
    /// It does not export what a plugin exports.
    #[error("{} is no plugin for this host: {reason}", .path.display())]
    World {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        reason: String,
    },
    /// An instance of it would be too much for a pen.
    #[error("{} was not taken: {reason}", .path.display())]
    Parts {
        /// The file.
        path: PathBuf,
        /// What is too much.
        reason: String,
    },
    /// `describe` failed.
    #[error("{} was not taken: its `describe` failed: {}", .path.display(), .failure.message)]
    Describe {
        /// The file.
        path: PathBuf,
        /// How.
        failure: Failure,
    },
    /// What `describe` returned cannot be used.
    #[error("{} was not taken: {source}", .path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: ManifestError,
    },
}

/// Reads a whole component file of `most` bytes at most, whatever is written to it meanwhile.
pub async fn read(path: &Path, most: u64) -> Result<Vec<u8>, LoadError> {
    let unreadable = |source: std::io::Error| match source.kind() {
        std::io::ErrorKind::NotFound => LoadError::Missing(path.to_path_buf()),
        _ => LoadError::Unreadable { path: path.to_path_buf(), source },
    };
    let too_large = || LoadError::TooLarge { path: path.to_path_buf(), most };
    // Before it is opened: a pipe would not be, as long as nobody writes to it.
    let found = tokio::fs::metadata(path).await.map_err(unreadable)?;
    if !found.is_file() {
        return Err(LoadError::NoFile(path.to_path_buf()));
    }
    if found.len() > most {
        return Err(too_large());
    }
    let file = tokio::fs::File::open(path).await.map_err(unreadable)?;
    let mut bytes = Vec::with_capacity(usize::try_from(found.len()).unwrap_or(0).saturating_add(1));
    file.take(most.saturating_add(1)).read_to_end(&mut bytes).await.map_err(unreadable)?;
    if bytes.len() as u64 > most {
        return Err(too_large());
    }
    Ok(bytes)
}

/// The same, with the SHA-256 of the bytes: some tenths of a second for the largest, on a thread that may block.
pub async fn read_summed(path: &Path, most: u64) -> Result<(Vec<u8>, String), LoadError> {
    let bytes = read(path, most).await?;
    let summed = tokio::task::spawn_blocking(move || {
        let digest = checksum(&bytes);
        (bytes, digest)
    });
    summed
        .await
        .map_err(|error| LoadError::Unreadable { path: path.to_path_buf(), source: std::io::Error::other(error) })
}

/// Makes a version of these bytes. `path` is where they came from, for errors.
pub async fn load(
    engine: &Engine,
    linker: &Linker<PenState>,
    compiler: &Compiler,
    settings: Arc<Settings>,
    path: &Path,
    bytes: Vec<u8>,
) -> Result<Version, LoadError> {
    let world = |reason: String| LoadError::World { path: path.to_path_buf(), reason: one_line(&reason) };
    let (bytes, interface, digest) = inspect(path, bytes).await?;
    let compiled = compiler.compile(&settings.plugin, &digest, bytes).await;
    let component = compiled.map_err(|reason| LoadError::Compile { path: path.to_path_buf(), reason })?;
    let linked = linker.instantiate_pre(&component).and_then(|linked| GuestPre::new(interface, linked));
    let pre = linked.map_err(|error| world(format!("{error:#}")))?;
    if let Some(needed) = component.resources_required() {
        check_parts(&needed).map_err(|reason| LoadError::Parts { path: path.to_path_buf(), reason })?;
    }
    let manifest = pen::describe(engine, pre.clone(), settings).await.map_err(|undescribed| match undescribed {
        Undescribed::Foreign(reason) => world(foreign(interface, &reason)),
        Undescribed::Failed(failure) => LoadError::Describe {
            path: path.to_path_buf(),
            failure: Failure { message: one_line(&failure.message), ..failure },
        },
    })?;
    // Schemas that others wrote: compiling the largest takes some tenths of a second.
    let compiled = tokio::task::spawn_blocking(move || JobTypes::new(manifest)).await;
    let jobs = match compiled {
        Ok(jobs) => jobs.map_err(|source| LoadError::Manifest { path: path.to_path_buf(), source })?,
        Err(error) => return Err(world(format!("its schemas could not be compiled: {error}"))),
    };
    Ok(Version { id: digest.chars().take(12).collect(), digest, interface, jobs, pre })
}

/// What the bytes say without being compiled: a foreign component is told in an instant, and half a minute's work is
/// saved. They may be many, so it is done on a thread that may block.
async fn inspect(path: &Path, bytes: Vec<u8>) -> Result<(Vec<u8>, InterfaceVersion, String), LoadError> {
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
        let interface = InterfaceVersion::of(&contents.imports, &contents.exports)
            .map_err(|reason| LoadError::World { path: from, reason: one_line(&reason) })?;
        let digest = checksum(&bytes);
        Ok((bytes, interface, digest))
    });
    inspected.await.unwrap_or_else(|error| {
        Err(LoadError::Damaged { path: path.to_path_buf(), reason: format!("it cannot be looked at: {error}") })
    })
}

/// The same interface by name and version, and not by its types: before the first release it still changes.
fn foreign(version: InterfaceVersion, reason: &str) -> String {
    format!(
        "it exports toril:plugin/handler@{version} with other types than this host has ({reason}): build it with the SDK of this host's version"
    )
}
