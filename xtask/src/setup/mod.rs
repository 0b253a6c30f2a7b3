//! Finds what building and testing needs, and installs what is missing where that can be done without asking.
//! Every step prints one line that says what it found and where.

mod apt;
pub mod chromium;
pub mod guest_toolchain;
pub mod node;
pub mod python;
pub mod redis;

use anyhow::Result;

use crate::workspace::Workspace;

/// Returns the Redis server, for whoever starts one.
pub fn run(workspace: &Workspace, with_tests: bool) -> Result<redis::RedisServer> {
    let toolchain = guest_toolchain::find_or_install(workspace)?;
    println!("guest toolchain: {toolchain}");

    let redis = redis::find_or_install(workspace)?;
    println!("Redis server: {redis}");

    if with_tests {
        let packages = node::find_or_install(&workspace.interop())?;
        println!("Node packages: {packages}");
        println!("Node packages: {}", node::find_or_install(&workspace.browser())?);
        println!("Chromium: {}", chromium::find_or_install()?);
        println!("Python packages: {}", python::find_or_install(workspace)?.display());
    }
    Ok(redis)
}
