//! Which files of a project are sources, and a digest of them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// Folders with the output of builds and tools.
const NO_SOURCES: [&str; 8] =
    ["target", "node_modules", "dist", ".venv", "__pycache__", ".git", ".toril", ".pytest_cache"];
/// Extensions of components, and of components that are being written.
const COMPONENTS: [&str; 3] = ["wasm", "part", "partial"];

/// The host's configuration, which is not part of the plugin.
const CONFIGURATION: &str = "queues.toml";

/// Whether a file in the folder `root` is a source file and not generated.
pub fn is_source(root: &Path, path: &Path) -> bool {
    let Ok(inside) = path.strip_prefix(root) else { return false };
    let made = path.extension().is_some_and(|end| COMPONENTS.iter().any(|known| end == *known));
    let configuration = path.file_name().is_some_and(|name| name == CONFIGURATION);
    !made
        && !configuration
        && !inside.components().any(|part| NO_SOURCES.iter().any(|folder| part.as_os_str() == *folder))
}

/// A digest of files and their names.
#[derive(Default)]
pub struct Sources(Sha256);

impl Sources {
    /// Adds a file with the name `name`.
    pub fn add_file(&mut self, name: &str, path: &Path) -> io::Result<()> {
        let bytes = fs::read(path)?;
        for part in [name.as_bytes(), &bytes] {
            self.0.update((part.len() as u64).to_le_bytes());
            self.0.update(part);
        }
        Ok(())
    }

    /// Adds all source files in a folder.
    pub fn add_folder(&mut self, root: &Path) -> io::Result<()> {
        let mut files = Vec::new();
        collect(root, root, &mut files)?;
        files.sort();
        for file in files {
            let name = file.strip_prefix(root).unwrap_or(&file).to_string_lossy().into_owned();
            self.add_file(&name, &file)?;
        }
        Ok(())
    }

    /// The digest, in hexadecimal.
    pub fn digest(self) -> String {
        hex::encode(self.0.finalize())
    }
}

/// The digest of some bytes, in hexadecimal.
pub fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let (path, kind) = entry.and_then(|entry| Ok((entry.path(), entry.file_type()?)))?;
        if !is_source(root, &path) {
            continue;
        }
        match (kind.is_dir(), kind.is_symlink() && path.is_dir()) {
            (true, _) => collect(root, &path, files)?,
            // The link may form a cycle, or lead to a whole disk.
            (_, true) => return Err(io::Error::other(format!("{} is a link to a folder", path.display()))),
            _ => files.push(path),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_of_a_build_does_not_count_as_source() {
        let root = Path::new("/p");
        assert!(is_source(root, Path::new("/p/src/lib.rs")));
        assert!(is_source(root, Path::new("/p/Cargo.toml")));
        assert!(!is_source(root, Path::new("/p/target/release/x.d")));
        assert!(!is_source(root, Path::new("/p/node_modules/a/index.js")));
        assert!(!is_source(root, Path::new("/p/plugins/a.wasm")));
        assert!(!is_source(root, Path::new("/p/queues.toml")));
        assert!(!is_source(root, Path::new("/other/src/lib.rs")));
    }

    #[test]
    fn a_digest_changes_with_the_content_and_the_name_of_each_source() {
        let folder = tempfile::tempdir().expect("a folder");
        let digest = || {
            let mut sources = Sources::default();
            sources.add_folder(folder.path()).expect("reads");
            sources.digest()
        };
        let write = |name: &str, text: &str| {
            fs::create_dir_all(folder.path().join("src")).expect("makes");
            fs::write(folder.path().join(name), text).expect("writes");
        };
        write("src/a.ts", "1");
        let first = digest();
        write("a.wasm", "made");
        assert_eq!(digest(), first);
        write("src/a.ts", "2");
        let second = digest();
        assert_ne!(second, first);
        fs::rename(folder.path().join("src/a.ts"), folder.path().join("src/b.ts")).expect("renames");
        assert_ne!(digest(), second);
    }
}
