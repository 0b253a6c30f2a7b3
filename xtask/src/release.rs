//! What must hold before a release and cannot always be checked: it asks servers that the tests do not depend on.

use anyhow::{Context, Result};

use crate::deny;
use crate::images;
use crate::workspace::Workspace;

/// Runs both checks, so that one run shows everything that is missing.
pub fn check(workspace: &Workspace) -> Result<()> {
    let advisories = deny::run(workspace, deny::Args { release: true }).context("the dependencies were not cleared");
    let images = images::check(workspace).context("the container images are not pinned");
    match (advisories, images) {
        (Ok(()), images) => images,
        (Err(advisories), Ok(())) => Err(advisories),
        (Err(advisories), Err(images)) => Err(advisories.context(format!("{images:#}"))),
    }
}
