//! Extracts files from Debian's packages without installing them: needs no permission, and starts no service.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use super::apt::Apt;
use crate::process;

/// Downloads these packages and unpacks them into `folder`, whose previous content is removed. apt checks their
/// signatures.
pub fn unpack(packages: &[&str], folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("could not remove the folder {}", folder.display()))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("could not create the folder {}", folder.display()))?;
    process::on_path("apt-get").context("apt-get is needed to download Debian packages, and was not found")?;
    process::on_path("dpkg-deb").context("dpkg-deb is needed to unpack Debian packages, and was not found")?;
    // Downloading needs no permission, only recent package lists.
    let download =
        || process::output(Command::new("apt-get").args(["download", "-q"]).args(packages).current_dir(folder));
    if let Err(stale) = download() {
        Apt::usable().with_context(|| format!("{stale:#}"))?.update();
        download()?;
    }
    let listed = fs::read_dir(folder).with_context(|| format!("could not list {}", folder.display()))?;
    for entry in listed {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "deb") {
            process::output(Command::new("dpkg-deb").arg("-x").arg(&path).arg(folder))?;
            fs::remove_file(&path).with_context(|| format!("could not remove {}", path.display()))?;
        }
    }
    Ok(())
}
