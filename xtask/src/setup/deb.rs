//! Takes files out of Debian's packages without installing them: needs no right, and starts no service.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use super::apt::Apt;
use crate::process;

/// Downloads these packages and unpacks them into `folder`, whose former content is removed. apt checks their signatures.
pub fn unpack(packages: &[&str], folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("could not remove the folder {}", folder.display()))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("could not create the folder {}", folder.display()))?;
    process::on_path("apt-get").context("there is no apt-get to download Debian packages with")?;
    process::on_path("dpkg-deb").context("there is no dpkg-deb to unpack Debian packages with")?;
    // Downloading needs no right, only package lists that are recent enough.
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
