//! Lists the guests: the packages in `plugins/`, `tests/guests/` and `tests/hostile/` that have a `cdylib`.

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::cargo::{Metadata, Package};
use crate::workspace::Workspace;

/// A package that becomes one component.
pub struct Guest {
    /// The component's name, and its file's: the package's name, without the prefix `guest-` of the tests' guests.
    pub name: String,
    pub package: String,
    /// The stem of the file that the compiler writes.
    pub library: String,
    /// The folder for its component.
    pub out: PathBuf,
}

pub struct Guests(Vec<Guest>);

impl Guests {
    pub fn of(workspace: &Workspace, metadata: &Metadata, with_tests: bool) -> Result<Self> {
        let mut guests = found(workspace, metadata, "plugins", "plugins")?;
        if with_tests {
            for parent in ["tests/guests", "tests/hostile"] {
                guests.extend(found(workspace, metadata, parent, "test-guests")?);
            }
        }
        Ok(Self(guests))
    }

    /// Keeps the guests of these names, or all if no name is given.
    pub fn only(mut self, names: &[String]) -> Result<Self> {
        if names.is_empty() {
            return Ok(self);
        }
        let known: Vec<_> = self.iter().map(|guest| guest.name.clone()).collect();
        if let Some(unknown) = names.iter().find(|name| !known.contains(name)) {
            bail!(
                "unknown guest {unknown}; the guests are: {} (--tests adds the guests of the tests)",
                known.join(", ")
            );
        }
        self.0.retain(|guest| names.contains(&guest.name));
        Ok(self)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Guest> {
        self.0.iter()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The guests among the folders in `parent`. A package that is not a member of the workspace is an error, because it
/// would be skipped silently.
fn found(workspace: &Workspace, metadata: &Metadata, parent: &str, out: &str) -> Result<Vec<Guest>> {
    let Ok(entries) = workspace.root().join(parent).read_dir() else {
        return Ok(Vec::new());
    };
    let mut folders: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    folders.retain(|folder| folder.join("Cargo.toml").is_file());
    folders.sort();

    let mut guests = Vec::new();
    for folder in folders {
        let Some(package) = metadata.packages.iter().find(|package| package.folder == folder) else {
            bail!("{} is not a member of the workspace: add it to `members` in Cargo.toml", folder.display());
        };
        guests.extend(guest(package, workspace.target().join(out)));
    }
    Ok(guests)
}

fn guest(package: &Package, out: PathBuf) -> Option<Guest> {
    let library = package.cdylib.clone()?;
    let name = package.name.strip_prefix("guest-").unwrap_or(&package.name).to_owned();
    Some(Guest { name, package: package.name.clone(), library, out })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, cdylib: Option<&str>) -> Package {
        Package { name: name.into(), folder: PathBuf::from("/w/tests/guests/x"), cdylib: cdylib.map(Into::into) }
    }

    #[test]
    fn a_test_guest_loses_its_prefix_and_a_plugin_keeps_its_name() {
        let names = ["guest-fail-times", "github-sync"]
            .map(|name| guest(&package(name, Some("lib")), PathBuf::new()).map(|guest| guest.name));
        assert_eq!(names, [Some("fail-times".to_owned()), Some("github-sync".to_owned())]);
    }

    #[test]
    fn a_package_without_a_cdylib_is_not_a_guest() {
        assert!(guest(&package("guest-helpers", None), PathBuf::new()).is_none());
    }

    #[test]
    fn an_unknown_name_is_an_error_that_says_the_known_ones() {
        let guests = Guests(guest(&package("github-sync", Some("github_sync")), PathBuf::new()).into_iter().collect());
        let error = guests.only(&["gitlab".into()]).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains("gitlab") && error.contains("github-sync"), "{error}");
    }
}
