//! Extracts files from Debian's packages without installing them: needs no permission, and starts no service.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use super::apt::Apt;
use crate::process;

/// Downloads these packages and unpacks them into `folder`, whose previous content is removed. apt checks their
/// signatures. `a|b` stands for the package `a` if apt knows it, and for `b` if not.
pub fn unpack(packages: &[&str], folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("could not remove the folder {}", folder.display()))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("could not create the folder {}", folder.display()))?;
    process::on_path("apt-get").context("apt-get is needed to download Debian packages, and was not found")?;
    process::on_path("dpkg-deb").context("dpkg-deb is needed to unpack Debian packages, and was not found")?;
    // Downloading needs no permission, only recent package lists.
    let download = || {
        let packages = packages.iter().map(|names| known(names));
        process::output(Command::new("apt-get").args(["download", "-q"]).args(packages).current_dir(folder))
    };
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

/// The package that a name or a choice of two names stands for.
fn known(names: &str) -> &str {
    let Some((first, other)) = names.split_once('|') else { return names };
    let is_known = process::output(Command::new("apt-cache").args(["show", first])).is_ok();
    if is_known { first } else { other }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_names_the_one_that_apt_does_not_know_is_not_taken() {
        assert_eq!(known("toril-no-such-package|libaio1"), "libaio1");
        assert_eq!(known("libaio1"), "libaio1");
    }
}
