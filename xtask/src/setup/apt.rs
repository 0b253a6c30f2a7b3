//! Debian's packages, where they may be installed without asking for a password.

use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context, Result, bail};

use crate::process;

/// The right to install packages.
#[derive(Clone, Copy)]
pub enum Apt {
    AsRoot,
    WithSudo,
}

impl Apt {
    /// An error where there is no apt-get, or where it would need a password.
    pub fn usable() -> Result<Self> {
        process::on_path("apt-get").context("there is no apt-get to install packages with")?;
        if process::output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0") {
            return Ok(Self::AsRoot);
        }
        if process::output(Command::new("sudo").args(["-n", "true"])).is_ok() {
            return Ok(Self::WithSudo);
        }
        bail!("apt-get may install packages only for root, and sudo asks for a password")
    }

    /// Installs packages and nothing that they only recommend.
    pub fn install(self, packages: &[&str]) -> Result<()> {
        println!("installing {} with apt-get …", packages.join(", "));
        self.update();
        process::output(self.command("apt-get").args(["install", "-y", "-q", "--no-install-recommends"]).args(packages))
            .map(drop)
            .with_context(|| format!("could not install {}", packages.join(", ")))
    }

    /// Updates the package lists, once in a run. Lists that could only be updated in part may well have what is asked for:
    /// what is done with them decides.
    pub fn update(self) {
        static UPDATED: OnceLock<()> = OnceLock::new();
        UPDATED.get_or_init(|| {
            let _ = process::output(self.command("apt-get").args(["update", "-q"]));
        });
    }

    /// A command with the right that this is.
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
