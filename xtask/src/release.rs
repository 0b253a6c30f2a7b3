//! Checks the requirements of a release that the tests do not check, because they need other servers.

use anyhow::{Context, Result};

use crate::deny;
use crate::images;
use crate::workspace::Workspace;

/// Runs both checks, so that one run shows all problems.
pub fn check(workspace: &Workspace) -> Result<()> {
    let advisories = deny::run(workspace, deny::Args { release: true }).context("the check of the dependencies failed");
    let images = images::check(workspace).context("the container images are not pinned");
    match (advisories, images) {
        (Ok(()), images) => images,
        (Err(advisories), Ok(())) => Err(advisories),
        (Err(advisories), Err(images)) => Err(advisories.context(format!("{images:#}"))),
    }
}
