//! Installs Debian's packages, if that needs no password.

use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context, Result, bail};

use crate::process;

/// Permission to install packages.
#[derive(Clone, Copy)]
pub enum Apt {
    AsRoot,
    WithSudo,
}

impl Apt {
    /// Fails without apt-get, or if it would need a password.
    pub fn usable() -> Result<Self> {
        process::on_path("apt-get").context("apt-get is needed to install packages, and was not found")?;
        if process::output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0") {
            return Ok(Self::AsRoot);
        }
        if process::output(Command::new("sudo").args(["-n", "true"])).is_ok() {
            return Ok(Self::WithSudo);
        }
        bail!("apt-get may install packages only for root, and sudo asks for a password")
    }

    /// Installs packages without the ones that they only recommend.
    pub fn install(self, packages: &[&str]) -> Result<()> {
        println!("installing {} with apt-get …", packages.join(", "));
        self.update();
        process::output(self.command("apt-get").args(["install", "-y", "-q", "--no-install-recommends"]).args(packages))
            .map(drop)
            .with_context(|| format!("could not install {}", packages.join(", ")))
    }

    /// Updates the package lists, once per run. Errors are ignored: a partial update may be enough, and the
    /// installation fails if it is not.
    pub fn update(self) {
        static UPDATED: OnceLock<()> = OnceLock::new();
        UPDATED.get_or_init(|| {
            let _ = process::output(self.command("apt-get").args(["update", "-q"]));
        });
    }

    /// A command that runs with this permission.
    pub fn command(self, program: &str) -> Command {
        match self {
            Self::AsRoot => {
                let mut command = Command::new(program);
                command.env("DEBIAN_FRONTEND", "noninteractive");
                command
            }
            Self::WithSudo => {
                let mut command = Command::new("sudo");
                command.args(["-n", "env", "DEBIAN_FRONTEND=noninteractive", program]);
                command
            }
        }
    }
}
