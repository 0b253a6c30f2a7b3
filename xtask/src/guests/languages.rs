//! Builds plugins in TypeScript and Python: the SDKs' examples for the tests (`basics-js`, `orders-js`, `basics-py`), a
//! plugin that uses servers (`servers-py`), and the plugins of the benchmarks (`bench-js`, `bench-compute-js`,
//! `bench-database-js`, `bench-py`).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;
use crate::setup::{node, python};
use crate::workspace::{Workspace, write_atomically};

const JS: &str = "sdk/js";
const PYTHON: &str = "sdk/python";

/// Folders without sources.
const NO_SOURCES: [&str; 6] =
    ["node_modules", "dist", "__pycache__", ".pytest_cache", "build-cache", "toril_plugin.egg-info"];

/// Runs the SDKs' own tests and builds their examples, each only if one of its sources has changed. `toril` is a host that
/// embeds the JavaScript engine.
pub fn run(workspace: &Workspace, toril: &Path) -> Result<()> {
    unless_unchanged(workspace, &[JS], "basics-js", |component| {
        build_js(workspace, toril, "sdk/js/example/src/plugin.ts", component)?;
        let mut tests = Command::new("npm");
        process::run(tests.current_dir(workspace.root().join(JS)).args(["test", "--silent"]))
            .context("the tests of sdk/js failed")
    })?;
    unless_unchanged(workspace, &[JS], "orders-js", |component| {
        build_js(workspace, toril, "sdk/js/example/orders/plugin.ts", component)
    })?;
    unless_unchanged(workspace, &[PYTHON], "basics-py", |component| {
        build_python(workspace, "sdk/python/example/plugin.py", component)?;
        // The example is its own project, and its tests import its modules.
        for folder in [PYTHON, "sdk/python/example"] {
            let mut tests = python_(workspace, folder)?;
            process::run(tests.args(["-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"]))
                .context("the tests of sdk/python failed")?;
        }
        Ok(())
    })?;
    unless_unchanged(workspace, &[PYTHON, "tests/python"], "servers-py", |component| {
        build_python(workspace, "tests/python/servers/plugin.py", component)
    })
}

/// Builds the plugins of the benchmarks, each only if one of its sources has changed.
pub fn bench(workspace: &Workspace, toril: &Path) -> Result<()> {
    for (name, source) in [
        ("bench-js", "plugin.ts"),
        ("bench-compute-js", "compute-plugin.ts"),
        ("bench-database-js", "database-plugin.ts"),
    ] {
        unless_unchanged(workspace, &[JS, "bench/js"], name, |component| {
            build_js(workspace, toril, &format!("bench/js/src/{source}"), component)
        })?;
    }
    unless_unchanged(workspace, &[PYTHON, "bench/py"], "bench-py", |component| {
        build_python(workspace, "bench/py/plugin.py", component)
    })
}

/// `toril` is a host that embeds the JavaScript engine.
fn build_js(workspace: &Workspace, toril: &Path, source: &str, component: &Path) -> Result<()> {
    let folder = workspace.root().join(JS);
    println!("packages of {JS}: {}", node::find_or_install(&folder)?);
    let mut build = Command::new("node");
    build.current_dir(&folder).arg("bin/toril-plugin-build.js").arg(workspace.root().join(source));
    build.env("TORIL", toril);
    process::run(build.arg("-o").arg(component)).with_context(|| format!("{source} could not be built"))
}

fn build_python(workspace: &Workspace, source: &str, component: &Path) -> Result<()> {
    let mut build = python_(workspace, PYTHON)?;
    build.args(["-m", "toril_plugin.build"]).arg(workspace.root().join(source));
    process::run(build.arg("-o").arg(component)).with_context(|| format!("{source} could not be built"))
}

/// Python in a folder, with the SDK.
fn python_(workspace: &Workspace, folder: &str) -> Result<Command> {
    let mut command = Command::new(python::find_or_install(workspace)?);
    command.current_dir(workspace.root().join(folder)).env("PYTHONPATH", workspace.root().join("sdk/python/src"));
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    Ok(command)
}

/// Builds a component in `target/test-guests`, unless it exists and these folders have not changed since.
fn unless_unchanged(
    workspace: &Workspace,
    folders: &[&str],
    name: &str,
    make: impl FnOnce(&Path) -> Result<()>,
) -> Result<()> {
    let out = workspace.target().join("test-guests");
    fs::create_dir_all(&out).with_context(|| format!("could not create {}", out.display()))?;
    let component = out.join(format!("{name}.wasm"));
    let mut sources = Vec::new();
    for folder in folders.iter().chain(&["wit"]) {
        collect(&workspace.root().join(folder), &mut sources)?;
    }
    let mut made_of = Vec::new();
    for path in sources {
        let content = fs::read(&path).with_context(|| format!("could not read {}", path.display()))?;
        made_of.extend(path.to_string_lossy().as_bytes());
        made_of.extend(content);
    }
    let stamp = component.with_extension("sources");
    if component.is_file() && fs::read(&stamp).is_ok_and(|before| before == made_of) {
        println!("guest {}: unchanged", component.display());
        return Ok(());
    }
    make(&component)?;
    write_atomically(&stamp, &made_of)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let listed = fs::read_dir(folder).with_context(|| format!("could not list {}", folder.display()))?;
    let mut entries = listed.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    entries.sort();
    for path in entries {
        if path.is_dir() {
            if !NO_SOURCES.iter().any(|name| path.ends_with(name)) {
                collect(&path, files)?;
            }
        } else {
            files.push(path);
        }
    }
    Ok(())
}
