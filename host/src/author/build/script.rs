//! JavaScript and Python: their SDKs have a command that makes the component. Here it is found, run, and its result read.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::command::{on_path, run};
use super::{BuildError, Built};

/// The command of both SDKs, in a place of each language's own.
const TOOL: &str = "toril-plugin-build";

/// Builds with the script `build` of package.json, which calls the SDK's command: a project may say there what its
/// source is.
pub fn javascript(folder: &Path) -> Result<Built, BuildError> {
    let package =
        fs::read_to_string(folder.join("package.json")).map_err(|source| file(folder, "package.json", source))?;
    let package: Value = serde_json::from_str(&package).unwrap_or_default();
    // A scope names who publishes it.
    let name = package["name"].as_str().and_then(|name| name.rsplit('/').next()).unwrap_or_default();
    if !on_path("npm") {
        return Err(missing(
            "Node.js 20 or newer with npm",
            "see https://nodejs.org, or on Debian `apt-get install nodejs npm`",
        ));
    }
    let installed = absolute(folder).ancestors().any(|folder| folder.join("node_modules/.bin").join(TOOL).exists());
    if !installed {
        return Err(missing("the packages of its package.json", &format!("`npm install` in {}", folder.display())));
    }
    let mut npm = Command::new("npm");
    // A second output takes the place of the script's own.
    npm.args(["run", "--silent", "build", "--", "--output"]);
    made(folder, name, &mut npm, "npm run build")
}

/// Builds plugin.py with the SDK's command: of the project's `.venv`, of the active environment, or on `PATH`.
pub fn python(folder: &Path) -> Result<Built, BuildError> {
    let project =
        fs::read_to_string(folder.join("pyproject.toml")).map_err(|source| file(folder, "pyproject.toml", source))?;
    let project: toml::Table = toml::from_str(&project).unwrap_or_default();
    let name = project.get("project").and_then(|project| project.get("name")).and_then(toml::Value::as_str);
    let own = absolute(folder).join(".venv/bin").join(TOOL);
    let active = env::var_os("VIRTUAL_ENV").map(|environment| PathBuf::from(environment).join("bin").join(TOOL));
    let found = [Some(own), active].into_iter().flatten().find(|tool| tool.is_file());
    let tool = match found {
        Some(tool) => tool,
        None if on_path(TOOL) => PathBuf::from(TOOL),
        None => {
            let install = format!(
                "in {}, `python3 -m venv .venv && .venv/bin/pip install -r requirements.txt` (Python 3.11 or newer)",
                folder.display()
            );
            return Err(missing("the package toril-plugin", &install));
        }
    };
    let mut python = Command::new(tool);
    python.args(["plugin.py", "--output"]);
    made(folder, name.unwrap_or_default(), &mut python, TOOL)
}

/// Runs a command that ends with the place of its result, and reads that.
fn made(folder: &Path, name: &str, command: &mut Command, by: &str) -> Result<Built, BuildError> {
    if name.is_empty() {
        return Err(BuildError::NoName(folder.to_owned()));
    }
    let place = tempfile::tempdir().map_err(|source| file(&env::temp_dir(), "", source))?;
    let output = place.path().join(format!("{name}.wasm"));
    run(command.arg(&output).current_dir(folder))?;
    let bytes = fs::read(&output).map_err(|source| BuildError::File { path: output, doing: "read", source })?;
    Ok(Built { name: name.to_owned(), bytes, by: format!("`{by}`") })
}

fn absolute(folder: &Path) -> PathBuf {
    std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned())
}

fn missing(what: &str, install: &str) -> BuildError {
    BuildError::Missing { what: what.to_owned(), install: install.to_owned() }
}

fn file(folder: &Path, name: &str, source: std::io::Error) -> BuildError {
    BuildError::File { path: folder.join(name), doing: "read", source }
}
