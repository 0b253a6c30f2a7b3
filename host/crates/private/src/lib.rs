//! Folders that only the current user can access. Their contents are secret, or are trusted when they are read again.

#![warn(missing_docs)]

use std::fs;
use std::io;
use std::path::Path;

/// Creates a folder and its missing parents for the current user only, regardless of the umask. If the folder already
/// exists, its permissions are restricted. It is an error if it belongs to another user.
#[cfg(unix)]
pub fn make(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};

    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let found = fs::metadata(folder)?;
    // A new file belongs to the user of this process, who must also own the folder.
    let own = tempfile::NamedTempFile::new_in(folder)?.as_file().metadata()?.uid();
    if found.uid() != own {
        return Err(io::Error::other(format!(
            "{} belongs to user {}, and this process runs as user {own}: remove it, or run as that user",
            folder.display(),
            found.uid(),
        )));
    }
    if found.mode() & 0o777 != 0o700 {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// Creates a folder and its missing parents.
#[cfg(not(unix))]
pub fn make(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

/// Writes a file that only the current user can read. The write is atomic: readers see the old or the new content.
pub fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    // A temporary file has mode 0600 from the start.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    io::Write::write_all(&mut file, content)?;
    file.persist(path).map(drop).map_err(|error| error.error)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt, chown};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).map_or(0, |metadata| metadata.permissions().mode() & 0o777)
    }

    #[test]
    fn a_new_folder_and_those_above_it_are_for_this_user_alone() {
        let temporary = tempfile::tempdir().expect("a folder");
        let folder = temporary.path().join("above/below");
        make(&folder).expect("makes it");
        assert_eq!([mode(&folder), mode(&temporary.path().join("above"))], [0o700, 0o700]);
    }

    #[test]
    fn a_folder_that_others_could_enter_is_closed_to_them() {
        let temporary = tempfile::tempdir().expect("a folder");
        fs::set_permissions(temporary.path(), fs::Permissions::from_mode(0o777)).expect("opens it");
        make(temporary.path()).expect("closes it");
        assert_eq!(mode(temporary.path()), 0o700);
    }

    #[test]
    fn a_folder_of_another_user_is_refused() {
        let temporary = tempfile::tempdir().expect("a folder");
        // Only root can change the owner of a folder. For other users, the root folder belongs to another user.
        let given = chown(temporary.path(), Some(12_345), None);
        let folder = if given.is_ok() { temporary.path() } else { Path::new("/") };
        assert!(make(folder).is_err());
    }

    #[test]
    fn a_file_is_for_this_user_alone_though_another_one_was_there() {
        let temporary = tempfile::tempdir().expect("a folder");
        let path = temporary.path().join("secret");
        fs::write(&path, "old").expect("writes");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).expect("opens it");
        write(&path, b"new").expect("replaces it");
        assert_eq!((mode(&path), fs::read(&path).expect("reads")), (0o600, b"new".to_vec()));
    }
}
