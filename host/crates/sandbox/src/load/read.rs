//! Reads a component file.

use std::path::Path;

use tokio::io::AsyncReadExt;

use super::error::LoadError;
use crate::digest::checksum;

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
