//! Finds a toolchain that compiles guests, or installs one: rustup's target first, then Debian's packages.

use std::env;
use std::fs;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};

use super::apt::Apt;
use crate::guests::toolchain::{GuestToolchain, TARGET};
use crate::process;
use crate::workspace::{Workspace, write_if_changed};

/// Forces one of the two toolchains.
const CHOICE: &str = "TORIL_GUEST_TOOLCHAIN";
const DEBIAN_PACKAGES: [&str; 5] = ["rustc-web", "cargo-web", "rust-web-src", "rust-web-llvm", "lld"];
/// An unreachable rustup server may not answer at all.
const RUSTUP_LIMIT: Duration = Duration::from_secs(120);

pub fn find_or_install(workspace: &Workspace) -> Result<GuestToolchain> {
    match env::var(CHOICE).ok().as_deref() {
        Some("rustup") => active_or_added(workspace).map_err(explained),
        Some("debian") => debian_or_installed().map_err(explained),
        Some(other) => bail!("{CHOICE} is {other:?}: set it to rustup or debian, or unset it"),
        None => either(workspace),
    }
}

fn either(workspace: &Workspace) -> Result<GuestToolchain> {
    if let Some(active) = GuestToolchain::active(workspace) {
        return Ok(active);
    }
    if rustup_was_refused(workspace)
        && let Some(debian) = GuestToolchain::debian()
    {
        return Ok(debian);
    }
    let no_rustup = match active_or_added(workspace) {
        Ok(active) => return Ok(active),
        Err(error) => error,
    };
    println!("{no_rustup:#}; trying Debian's toolchain");
    let debian = debian_or_installed().map_err(|no_debian| explained(anyhow!("{no_rustup:#}; and {no_debian:#}")))?;
    remember_the_refusal(workspace);
    Ok(debian)
}

fn active_or_added(workspace: &Workspace) -> Result<GuestToolchain> {
    if let Some(active) = GuestToolchain::active(workspace) {
        return Ok(active);
    }
    if process::on_path("rustup").is_none() {
        bail!("the active Rust toolchain lacks the target {TARGET}, and rustup was not found to add it");
    }
    println!("adding the target {TARGET} with rustup …");
    let mut rustup = Command::new("rustup");
    rustup.current_dir(workspace.root()).args(["target", "add", TARGET]);
    let printed = process::output_within(&mut rustup, RUSTUP_LIMIT)?;
    if !printed.status.success() {
        bail!("rustup could not add the target {TARGET}: {}", last_line(printed.last_words()));
    }
    GuestToolchain::active(workspace)
        .with_context(|| format!("rustup has added the target {TARGET}, but not to the toolchain that is active here"))
}

fn debian_or_installed() -> Result<GuestToolchain> {
    if let Some(debian) = GuestToolchain::debian() {
        return Ok(debian);
    }
    let apt = Apt::usable()?;
    apt.install(&DEBIAN_PACKAGES)?;
    GuestToolchain::debian().context("Debian's packages are installed, but their toolchain is older than 1.95")
}

fn explained(error: anyhow::Error) -> anyhow::Error {
    error.context(format!(
        "no toolchain that compiles plugins was found. Install one of these and try again: with rustup, \
         `rustup target add {TARGET}`; or on Debian, as root, `apt-get install --no-install-recommends {}`",
        DEBIAN_PACKAGES.join(" ")
    ))
}

/// Records that rustup's server refused a download, so that a later run does not wait for it. Delete the file to try
/// again.
fn remember_the_refusal(workspace: &Workspace) {
    let _ = write_if_changed(&workspace.tools().join("guest-toolchain"), b"debian\n");
}

fn rustup_was_refused(workspace: &Workspace) -> bool {
    fs::read(workspace.tools().join("guest-toolchain")).is_ok_and(|choice| choice == b"debian\n")
}

fn last_line(text: &str) -> &str {
    text.lines().last().unwrap_or("no message")
}
