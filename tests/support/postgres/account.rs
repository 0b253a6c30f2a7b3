//! The account that PostgreSQL runs as. It refuses to run as root, so a test of root runs it as `nobody`.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

/// `nobody` on Debian, if `/etc/passwd` does not say otherwise.
const NOBODY: (u32, u32) = (65534, 65534);

/// A user and a group, if the test runs as root.
#[derive(Clone, Copy)]
pub(super) struct Account(Option<(u32, u32)>);

impl Account {
    /// The account for servers, from the owner of a folder that the test has created.
    pub fn of_the_owner(folder: &Path) -> Result<Self> {
        let owner = fs::metadata(folder).with_context(|| format!("could not read {}", folder.display()))?.uid();
        Ok(Self((owner == 0).then(nobody)))
    }

    /// Runs a command as this account.
    pub fn run(self, command: &mut Command) {
        if let Some((user, group)) = self.0 {
            command.uid(user).gid(group);
        }
    }

    /// Gives it a file or a folder.
    pub fn own(self, path: &Path) -> Result<()> {
        let Some((user, group)) = self.0 else { return Ok(()) };
        chown(path, Some(user), Some(group))
            .with_context(|| format!("could not change the owner of {}", path.display()))
    }

    /// Copies a folder, and gives it the copy.
    pub fn copy(self, from: &Path, to: &Path) -> Result<()> {
        let failed = || format!("could not copy {} to {}", from.display(), to.display());
        fs::create_dir(to).with_context(failed)?;
        fs::set_permissions(to, fs::metadata(from).with_context(failed)?.permissions()).with_context(failed)?;
        self.own(to)?;
        for entry in fs::read_dir(from).with_context(failed)? {
            let entry = entry.with_context(failed)?;
            let target = to.join(entry.file_name());
            if entry.file_type().with_context(failed)?.is_dir() {
                self.copy(&entry.path(), &target)?;
            } else {
                fs::copy(entry.path(), &target).with_context(failed)?;
                self.own(&target)?;
            }
        }
        Ok(())
    }
}

fn nobody() -> (u32, u32) {
    let accounts = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let fields = accounts.lines().map(|line| line.split(':').collect::<Vec<_>>()).find(|fields| fields[0] == "nobody");
    let number = |at: usize| fields.as_ref()?.get(at)?.parse().ok();
    number(2).zip(number(3)).unwrap_or(NOBODY)
}
