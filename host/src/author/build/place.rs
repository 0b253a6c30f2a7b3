//! Writes a component to the folder where a host finds it.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::built::BuildError;

/// The result of `place`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Its file.
    pub path: PathBuf,
    /// Whether the file was new or had other bytes before.
    pub changed: bool,
}

/// Writes `FOLDER/NAME.wasm` atomically, so that a host that watches the folder never reads a partial file. A file
/// that already has these bytes is not written, so that the host sees no change.
pub fn place(folder: &Path, name: &str, bytes: &[u8]) -> Result<Placed, BuildError> {
    let path = folder.join(format!("{name}.wasm"));
    if fs::read(&path).is_ok_and(|old| old == bytes) {
        return Ok(Placed { path, changed: false });
    }
    match write(folder, name, &path, bytes) {
        Ok(()) => Ok(Placed { path, changed: true }),
        Err(source) => Err(BuildError::File { path, doing: "written", source }),
    }
}

fn write(folder: &Path, name: &str, path: &Path, bytes: &[u8]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let prefix = format!(".{name}.");
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix).suffix(".part");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // A temporary file is readable only for its owner. The component gets normal permissions, because the host
        // may run as another user.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_written_once_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let plugins = folder.path().join("plugins");
        assert!(place(&plugins, "a", b"1").expect("writes").changed);
        assert!(!place(&plugins, "a", b"1").expect("reads").changed);
        assert!(place(&plugins, "a", b"2").expect("writes").changed);
        assert_eq!(fs::read_dir(&plugins).expect("there").count(), 1);
    }
}
