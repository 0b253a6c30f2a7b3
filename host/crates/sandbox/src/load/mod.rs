//! Turns a file into a plugin version that can run jobs: read, compile or load from the cache, check, describe.

pub mod contents;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::io::AsyncReadExt;
use wasmtime::component::Linker;

use crate::attempt::{self, Undescribed};
use crate::cache::checksum;
use crate::compile::{CompileError, Compiler};
use crate::engine::Engine;
use crate::interface::{self, types};
use crate::limits::{check_parts, one_line};
use crate::load::contents::Contents;
use crate::pen::state::{GuestPre, PenState};
use crate::settings::Settings;
use toril_job::Failure;
use toril_schema::{JobDescription, JobTypes, Manifest, ManifestError};

/// The first eight bytes of a core module, and those of a component.
const MODULE: &[u8] = b"\0asm\x01\0\0\0";
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

/// A plugin's component, compiled and ready to run.
pub struct Version {
    /// The first 12 hexadecimal digits of the bytes' SHA-256.
    pub id: String,
    /// The full SHA-256 of the bytes, in hexadecimal.
    pub digest: String,
    /// The version of the plugin interface that it was built for.
    pub interface: &'static str,
    /// The job types that it handles.
    pub jobs: JobTypes,
    pub(crate) pre: GuestPre,
}

impl std::fmt::Debug for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Version").field("id", &self.id).finish_non_exhaustive()
    }
}

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
    #[error("{} is no file", .0.display())]
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
    #[error("{} is no WebAssembly component", .0.display())]
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
    #[error("{} is no plugin for this host: {reason}", .path.display())]
    World {
        /// The file.
        path: PathBuf,
        /// What does not match.
        reason: String,
    },
    /// An instance of the component would exceed the limits of a pen.
    #[error("{} was not taken: {reason}", .path.display())]
    Parts {
        /// The file.
        path: PathBuf,
        /// Which limit it exceeds.
        reason: String,
    },
    /// `describe` failed.
    #[error("{} was not taken: its `describe` failed: {}", .path.display(), .failure.message)]
    Describe {
        /// The file.
        path: PathBuf,
        /// The failure of the call.
        failure: Failure,
    },
    /// The manifest that `describe` returned is invalid.
    #[error("{} was not taken: {source}", .path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// What is wrong with the manifest.
        source: ManifestError,
    },
}

/// Reads a component file completely. The limit of `most` bytes holds even if the file grows while it is read.
pub async fn read(path: &Path, most: u64) -> Result<Vec<u8>, LoadError> {
    let unreadable = |source: std::io::Error| match source.kind() {
        std::io::ErrorKind::NotFound => LoadError::Missing(path.to_path_buf()),
        _ => LoadError::Unreadable { path: path.to_path_buf(), source },
    };
    let too_large = || LoadError::TooLarge { path: path.to_path_buf(), most };
    // Checked before the file is opened: opening a pipe would block until a process writes to it.
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

/// Like [`read`], and also returns the SHA-256 of the bytes. Hashing the largest component takes some tenths of a
/// second, so it runs on a blocking thread.
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

/// Creates a version from these bytes. `path` is their source, for error messages.
pub async fn load(
    engine: &Engine,
    linker: &Linker<PenState>,
    compiler: &Compiler,
    settings: Arc<Settings>,
    path: &Path,
    bytes: Vec<u8>,
) -> Result<Version, LoadError> {
    let world = |reason: String| LoadError::World { path: path.to_path_buf(), reason: one_line(&reason) };
    let (bytes, digest) = inspect(path, bytes).await?;
    let compiled = compiler.compile(&settings.plugin, &digest, bytes).await;
    let component = compiled.map_err(|reason| LoadError::Compile { path: path.to_path_buf(), reason })?;
    let linked = linker.instantiate_pre(&component).and_then(GuestPre::new);
    let pre = linked.map_err(|error| world(format!("{error:#}")))?;
    if let Some(needed) = component.resources_required() {
        check_parts(&needed).map_err(|reason| LoadError::Parts { path: path.to_path_buf(), reason })?;
    }
    let manifest = attempt::describe(engine, pre.clone(), settings).await.map_err(|undescribed| match undescribed {
        Undescribed::Foreign(reason) => world(foreign(&reason)),
        Undescribed::Failed(failure) => LoadError::Describe {
            path: path.to_path_buf(),
            failure: Failure { message: one_line(&failure.message), ..failure },
        },
    })?;
    // On a blocking thread: the schemas come from the plugin, and compiling the largest takes some tenths of a second.
    let compiled = tokio::task::spawn_blocking(move || JobTypes::new(plain(manifest))).await;
    let jobs = match compiled {
        Ok(jobs) => jobs.map_err(|source| LoadError::Manifest { path: path.to_path_buf(), source })?,
        Err(error) => return Err(world(format!("its schemas could not be compiled: {error}"))),
    };
    Ok(Version { id: digest.chars().take(12).collect(), digest, interface: interface::VERSION, jobs, pre })
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
        Err(LoadError::Damaged { path: path.to_path_buf(), reason: format!("it cannot be looked at: {error}") })
    })
}

/// The interface has the right name and version, but other types: before the first release the interface still changes.
fn foreign(reason: &str) -> String {
    format!(
        "it exports toril:plugin/handler@{} with other types than this host has ({reason}): build it with the SDK of this host's version",
        interface::VERSION
    )
}

/// Converts a manifest from the generated types.
fn plain(manifest: types::Manifest) -> Manifest {
    let job = |job: types::JobType| JobDescription {
        name: job.name,
        description: job.description,
        data_schema: job.data_schema,
        result_schema: job.result_schema,
    };
    Manifest { description: manifest.description, jobs: manifest.jobs.into_iter().map(job).collect() }
}
