//! Finds the dependencies of building and testing, and installs missing ones if that needs no password. Each step
//! prints what it found, and where.

mod apt;
pub mod c_compiler;
pub mod cargo_tool;
pub mod chromium;
mod deb;
pub mod guest_toolchain;
pub mod mariadb;
pub mod node;
pub mod postgres;
pub mod promtool;
pub mod python;
pub mod redis;
pub mod redis7;
mod wheel;

use anyhow::Result;

use crate::workspace::Workspace;

/// Returns the Redis server, for callers that start one.
pub fn run(workspace: &Workspace, with_tests: bool) -> Result<redis::RedisServer> {
    let toolchain = guest_toolchain::find_or_install(workspace)?;
    println!("guest toolchain: {toolchain}");

    let redis = redis::find_or_install(workspace)?;
    println!("Redis server: {redis}");

    if with_tests {
        let npm = [workspace.npm(), workspace.postgres_clients(), workspace.tcp()];
        for folder in
            [workspace.interop(), workspace.github(), workspace.a2a(), workspace.browser()].into_iter().chain(npm)
        {
            let packages = node::find_or_install(&folder)?;
            println!("Node packages: {packages}");
        }
        println!("Valkey 9 server: {}", redis::valkey_9(workspace)?);
        println!("Redis 7.0 server: {}", redis7::find_or_install(workspace)?);
        println!("PostgreSQL: {}", postgres::find_or_install(workspace)?);
        println!("MariaDB: {}", mariadb::find_or_install(workspace)?);
        let python = python::environment(workspace, "python-a2a", &workspace.a2a().join("requirements.txt"))?;
        println!("Python of the A2A agent: {}", python.display());
        println!("Chromium: {}", chromium::find_or_install()?);
        println!("promtool: {}", promtool::find_or_install(workspace)?);
        println!("Python packages: {}", python::find_or_install(workspace)?.display());
    }
    Ok(redis)
}
