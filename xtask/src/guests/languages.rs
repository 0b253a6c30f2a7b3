//! The examples of the SDKs for JavaScript and Python, as components for the tests: `basics-js` and `basics-py`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;
use crate::setup::{node, python};
use crate::workspace::{Workspace, write_atomically};

/// Folders that hold no sources.
const NO_SOURCES: [&str; 6] =
    ["node_modules", "dist", "__pycache__", ".pytest_cache", "build-cache", "toril_plugin.egg-info"];

/// Runs the SDKs' own tests and builds their examples, each only if something that it is made of has changed since.
pub fn run(workspace: &Workspace) -> Result<()> {
    let out = workspace.target().join("test-guests");
    fs::create_dir_all(&out).with_context(|| format!("could not create {}", out.display()))?;
    unless_unchanged(workspace, "sdk/js", &out.join("basics-js.wasm"), |component| js(workspace, component))?;
    unless_unchanged(workspace, "sdk/python", &out.join("basics-py.wasm"), |component| python_(workspace, component))
}

fn js(workspace: &Workspace, component: &Path) -> Result<()> {
    let folder = workspace.root().join("sdk/js");
    println!("packages of sdk/js: {}", node::find_or_install(&folder)?);
    let mut build = Command::new("node");
    build.current_dir(&folder).args(["bin/toril-plugin-build.js", "example/src/plugin.ts", "-o"]).arg(component);
    process::run(&mut build).context("the example of sdk/js could not be built")?;
    process::run(Command::new("npm").current_dir(&folder).args(["test", "--silent"]))
        .context("the tests of sdk/js failed")
}

fn python_(workspace: &Workspace, component: &Path) -> Result<()> {
    let folder = workspace.root().join("sdk/python");
    let python = python::find_or_install(workspace)?;
    let run = |arguments: &[&str]| {
        let mut command = Command::new(&python);
        command.current_dir(&folder).env("PYTHONPATH", "src").env("PYTHONDONTWRITEBYTECODE", "1").args(arguments);
        command
    };
    let mut build = run(&["-m", "toril_plugin.build", "example/plugin.py", "-o"]);
    process::run(build.arg(component)).context("the example of sdk/python could not be built")?;
    // The example is a project of its own, and its tests import its modules.
    for folder in [folder.clone(), folder.join("example")] {
        let source = workspace.root().join("sdk/python/src");
        let mut pytest = run(&["-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"]);
        process::run(pytest.current_dir(folder).env("PYTHONPATH", source)).context("the tests of sdk/python failed")?;
    }
    Ok(())
}

/// Makes a component, unless it is there already and was made of the same sources.
fn unless_unchanged(
    workspace: &Workspace,
    sdk: &str,
    component: &Path,
    make: impl FnOnce(&Path) -> Result<()>,
) -> Result<()> {
    let mut sources = Vec::new();
    collect(&workspace.root().join(sdk), &mut sources)?;
    collect(&workspace.root().join("wit"), &mut sources)?;
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
    make(component)?;
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
